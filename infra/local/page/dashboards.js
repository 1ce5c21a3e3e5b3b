import { graph, html, numbers } from "./chart.js";
import { rendered } from "./markdown.js";
import { chooseTheme, theme } from "./theme.js";

const RANGES = [["1h", 3600], ["3h", 10800], ["12h", 43200], ["1d", 86400], ["1w", 604800], ["", 0]];
const STATES = { ALARM: ["告警", "alarm"], OK: ["正常", "ok"], INSUFFICIENT_DATA: ["数据不足", "unclear"], null: ["本地不计", "unmeasured"] };
const find = (id) => document.getElementById(id);
const controls = find("controls");
const asked = new URLSearchParams(location.search);
const board = decodeURIComponent(location.pathname.split("/")[2] || "operations");
let range = asked.get("range") ?? "12h";
let language = asked.get("lang") || "zh";
let drawn = [];

async function send(path, body) {
  const answer = await fetch(path, body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const value = await answer.json();
  if (answer.ok) return value;
  const errors = (value.errors || []).length ? value.errors : [value];
  throw new Error(errors.map(({ text }) => `${text["zh-CN"]} / ${text.en}`).join("; "));
}

const inShanghai = (seconds) => new Date((seconds + 8 * 3600) * 1000).toISOString().slice(0, 16);
const fromShanghai = (text) => Date.parse(`${text}:00+08:00`) / 1000;

function stretch(now) {
  const length = RANGES.find(([name]) => name === range)?.[1];
  if (!length && controls.from.value && controls.to.value) {
    return { from: fromShanghai(controls.from.value), to: fromShanghai(controls.to.value) };
  }
  const to = Math.ceil(now / 60) * 60 + (now % 60 ? 0 : 60); // so that the minute that runs is seen
  return { from: to - (length || 43200), to };
}

async function metricWidget(frame, properties, span) {
  const whole = properties.setPeriodToTimeRange;
  const period = whole ? span.to - span.from : Number(controls.period.value) || properties.period;
  const stamp = (seconds) => new Date(seconds * 1000).toISOString();
  const { series } = await send("/_local/metrics", { metrics: properties.metrics, period, from: stamp(span.from), to: stamp(span.to) });
  if (properties.view === "singleValue") return numbers(frame, series);
  const options = {
    ...span,
    period,
    title: properties.title,
    stacked: properties.stacked,
    unit: properties.yAxis?.left?.label || "",
    marks: properties.annotations?.horizontal || [],
  };
  graph(frame, series, options);
  drawn.push(() => graph(frame, series, options));
}

function alarm(found) {
  const [zh, name] = STATES[found.state];
  const lead = html("a", "", "处置 runbook");
  lead.href = `/runbook#${found.runbook}`;
  const summary = html("summary", "", html("span", "light"), `${found.name} `, html("em", "", zh));
  const told = html("p", "", `${found.text["zh-CN"]}。${found.text.en}.`);
  const reason = html("p", "", `${found.reason["zh-CN"]}。${found.reason.en}. `, lead);
  const made = html("details", name, summary, told, reason);
  made.open = found.state === "ALARM";
  return made;
}

function alarmWidget(frame, properties, alarms) {
  const order = Object.keys(STATES);
  const found = properties.alarms.map((arn) => alarms.get(arn)).filter(Boolean);
  found.sort((one, other) => order.indexOf(String(one.state)) - order.indexOf(String(other.state)));
  const counts = order.map((state) => [STATES[state], found.filter((one) => String(one.state) === state).length]);
  const totals = counts.filter(([, count]) => count).map(([[zh, name], count]) => html("span", name, html("span", "light"), `${zh} ${count}`));
  frame.replaceChildren(html("div", "totals", ...totals), html("div", "alarms", ...found.map(alarm)));
}

async function customWidget(frame, properties, span, id) {
  const { width, height } = frame.getBoundingClientRect();
  const timeRange = { mode: "absolute", start: span.from * 1000, end: span.to * 1000 };
  const context = {
    dashboardName: board, widgetId: id, accountId: "123456789012", locale: language, timezone: { label: "Asia/Shanghai", offsetISO: "+08:00", offsetInMinutes: -480 },
    period: 300, isAutoPeriod: true, timeRange, theme: theme(), linkCharts: true, title: properties.title,
    params: properties.params, forms: { all: {} }, width: Math.round(width), height: Math.round(height),
  };
  const name = properties.endpoint.split(":").pop().replace(/^zhongshu-local-/, "");
  const { shown } = await send(`/_local/widgets/${name}`, { ...properties.params, widgetContext: context });
  const inside = html("iframe");
  inside.setAttribute("sandbox", ""); // CloudWatch takes scripts out; here nothing in it can act at all
  inside.title = properties.title;
  inside.srcdoc = `<!DOCTYPE html><html style="color-scheme:${theme()}"><body style="margin:0">${shown}</body></html>`;
  frame.replaceChildren(inside);
}

function logWidget(frame, properties) {
  const words = "本地不运行日志查询；本地日志在 build/local-<端口>.log / no log query runs locally; the lines are in build/local-<port>.log";
  frame.replaceChildren(html("p", "aside", words), html("pre", "", properties.query));
}

async function fill(frame, widget, span, alarms, id) {
  const { properties } = widget;
  try {
    if (widget.type === "metric") await metricWidget(frame, properties, span);
    else if (widget.type === "alarm") alarmWidget(frame, properties, alarms);
    else if (widget.type === "custom") await customWidget(frame, properties, span, id);
    else if (widget.type === "log") logWidget(frame, properties);
    else frame.replaceChildren(rendered(properties.markdown));
  } catch (error) {
    frame.replaceChildren(html("p", "wrong", error.message));
  }
}

function placed(widget) {
  const frame = html("div", widget.type === "text" ? "text" : "inside");
  const title = widget.properties.title ? [html("h3", "", widget.properties.title)] : [];
  const single = widget.properties.view === "singleValue" ? " single" : "";
  const made = html("section", `widget ${widget.type}${single}`, ...title, frame);
  for (const name of ["x", "y", "width", "height"]) made.style.setProperty(`--${name}`, widget[name]);
  find("board").append(made);
  return frame;
}

async function show(body) {
  const { alarms, now } = await send("/_local/alarms");
  const seconds = Math.floor(Date.parse(now) / 1000);
  const span = stretch(seconds);
  drawn = [];
  if (!controls.from.value) [controls.from.value, controls.to.value] = [inShanghai(span.from), inShanghai(span.to)];
  find("status").textContent = `本地时钟 / local clock ${now.replace("T", " ").slice(0, 16)} · ${inShanghai(span.from).replace("T", " ")} — ${inShanghai(span.to).replace("T", " ")}`;
  find("board").replaceChildren();
  const byArn = new Map(alarms.map((one) => [one.arn, one]));
  const frames = body.widgets.map((widget) => [placed(widget), widget]);
  for (const [number, [frame, widget]] of frames.entries()) await fill(frame, widget, span, byArn, `widget-${number}`);
  document.body.dataset.ready = "yes";
}

function report(work) {
  work.catch((error) => { find("status").textContent = `出错 / error: ${error.message}`; });
}

async function start() {
  chooseTheme();
  const { dashboards } = await send("/_local/dashboards");
  for (const { name, title } of dashboards) {
    const link = html("a", "", title);
    link.href = `/dashboards/${name}`;
    if (name === board) link.setAttribute("aria-current", "page");
    find("boards").append(link);
  }
  const body = await send(`/_local/dashboards/${encodeURIComponent(board)}`);
  for (const [name] of RANGES) {
    const button = html("button", "", name || "自定 custom");
    button.type = "button";
    const press = () => {
      range = name;
      find("span").hidden = name !== "";
      for (const each of find("ranges").children) each.setAttribute("aria-pressed", each === button);
    };
    if (name === range) press();
    find("ranges").append(button);
    if (name === range) press();
    button.addEventListener("click", () => { press(); if (name) report(show(body)); });
  }
  controls.addEventListener("submit", (event) => { event.preventDefault(); report(show(body)); });
  controls.period.addEventListener("change", () => report(show(body)));
  find("theme").addEventListener("click", () => { chooseTheme(true); report(show(body)); });
  const offerLanguage = () => { find("language").textContent = language === "zh" ? "EN" : "中文"; };
  offerLanguage();
  find("language").addEventListener("click", () => {
    language = language === "zh" ? "en" : "zh";
    offerLanguage();
    report(show(body));
  });
  let waiting = 0;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(() => drawn.forEach((draw) => draw()), 150); });
  await show(body);
}

report(start());
