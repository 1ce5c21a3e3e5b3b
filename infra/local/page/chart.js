// Lines, stacked bars and single numbers, as SVG of our own: a dashboard is looked at without any network.

const SVG = "http://www.w3.org/2000/svg";
const COLOURS = 10;
const MARGIN = { left: 46, right: 12, top: 10, bottom: 20 };
const ZONE = "Asia/Shanghai";
const OFFSET = 8 * 3600;
const ROUND = [300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000];

function shape(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function html(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

export function told(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return `${+(value / 1e6).toFixed(1)}M`;
  if (size >= 1e4) return `${+(value / 1e3).toFixed(1)}k`;
  return size >= 100 ? String(Math.round(value)) : String(+value.toFixed(2));
}

export function moment(seconds, span) {
  const day = { month: "2-digit", day: "2-digit" };
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const parts = span >= 86400 ? day : span >= 43200 ? { ...day, ...time } : time;
  return new Intl.DateTimeFormat("zh-CN", { ...parts, timeZone: ZONE }).format(seconds * 1000);
}

function steps(most, whole) {
  const rough = whole ? Math.max(most / 4, 1) : most / 4; // there are no halves of a case
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (whole && power < 10 ? [1, 2, 5, 10] : [1, 2, 2.5, 5, 10]).find((each) => each * power >= rough) * power;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, number) => number * step);
}

function stackedTotals(series) {
  const totals = new Map();
  for (const { points } of series) for (const [at, value] of points) totals.set(at, (totals.get(at) || 0) + value);
  return [...totals.values()];
}

function scales(series, options, width, height) {
  const values = options.stacked ? stackedTotals(series) : series.flatMap(({ points }) => points.map((point) => point[1]));
  const most = options.marks.map((mark) => mark.value).concat(values).reduce((one, other) => Math.max(one, other), 0) || 1;
  const ticks = steps(most, values.every(Number.isInteger));
  const top = ticks[ticks.length - 1];
  const inside = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  return {
    ticks,
    x: (at) => MARGIN.left + ((at - options.from) / (options.to - options.from)) * inside.width,
    y: (value) => MARGIN.top + (1 - value / top) * inside.height,
    width,
    height,
  };
}

function axes(scale, options) {
  const made = [];
  for (const tick of scale.ticks) {
    const y = scale.y(tick);
    made.push(shape("line", { class: "grid", x1: MARGIN.left, x2: scale.width - MARGIN.right, y1: y, y2: y }));
    made.push(shape("text", { class: "tick", x: MARGIN.left - 6, y: y + 4, "text-anchor": "end" }, told(tick)));
  }
  const span = options.to - options.from;
  const count = Math.max(2, Math.min(8, Math.floor(scale.width / 80)));
  const step = ROUND.find((each) => span / each <= count) || span;
  for (let at = Math.ceil((options.from + OFFSET) / step) * step - OFFSET; at <= options.to; at += step) {
    const x = Math.min(scale.x(at), scale.width - 18);
    made.push(shape("text", { class: "tick", x, y: scale.height - 5, "text-anchor": "middle" }, moment(at, step)));
  }
  return made;
}

function marks(scale, options) {
  return options.marks.flatMap(({ label, value }) => {
    const y = scale.y(value);
    const line = { class: "mark", x1: MARGIN.left, x2: scale.width - MARGIN.right, y1: y, y2: y };
    const words = { class: "mark-label", x: scale.width - MARGIN.right - 2, y: y + 13, "text-anchor": "end" };
    return [shape("line", line), shape("text", words, label)];
  });
}

function lines(scale, series, options) {
  return series.flatMap(({ points, colour, dash }) => {
    const runs = [];
    points.forEach(([at, value], number) => {
      const joined = number && at - points[number - 1][0] <= options.period * 1.5;
      const place = `${scale.x(at).toFixed(1)} ${scale.y(value).toFixed(1)}`;
      runs.push(joined ? `L${place}` : `M${place}h0.01`); // what stands alone is a dot, as wide as the line
    });
    const made = [shape("path", { class: `line c${colour}`, d: runs.join(""), "stroke-dasharray": dash })];
    if (points.length > 150) return made;
    return made.concat(
      points.map(([at, value]) => shape("circle", { class: `dot c${colour}`, cx: scale.x(at), cy: scale.y(value), r: 2.4 })),
    );
  });
}

function bars(scale, series, options) {
  const below = new Map();
  const width = Math.max(2, scale.x(options.from + options.period) - scale.x(options.from) - 1);
  return series.flatMap(({ points, colour, dash }) =>
    points
      .filter(([, value]) => value > 0)
      .map(([at, value]) => {
        const base = below.get(at) || 0;
        below.set(at, base + value);
        const place = { x: scale.x(at), y: scale.y(base + value), width, height: scale.y(base) - scale.y(base + value) };
        return shape("rect", { class: `bar c${colour}`, "fill-opacity": dash === "none" ? 1 : 0.55, ...place });
      }),
  );
}

function readout(frame, drawing, scale, series, options) {
  const cursor = shape("line", { class: "cursor", y1: MARGIN.top, y2: scale.height - MARGIN.bottom, visibility: "hidden" });
  const box = html("div", "readout");
  box.hidden = true;
  drawing.append(cursor);
  frame.append(box);
  const moments = [...new Set(series.flatMap(({ points }) => points.map(([at]) => at)))];
  drawing.addEventListener("pointermove", (event) => {
    const x = event.clientX - drawing.getBoundingClientRect().left;
    const distance = (at) => Math.abs(scale.x(at) - x);
    const at = moments.reduce((best, each) => (distance(each) < distance(best) ? each : best));
    for (const side of ["x1", "x2"]) cursor.setAttribute(side, scale.x(at));
    cursor.setAttribute("visibility", "visible");
    const there = series
      .map((each) => ({ ...each, value: each.points.find((point) => point[0] === at)?.[1] }))
      .filter(({ value }) => value !== undefined)
      .sort((one, other) => other.value - one.value)
      .slice(0, 12);
    box.replaceChildren(
      html("b", "", moment(at, 43200)),
      ...there.map(({ label, colour, value }) => html("div", "", html("i", `key c${colour}`), `${label.trim()} `, html("b", "", told(value)))),
    );
    box.hidden = false;
    box.classList.toggle("left", x > scale.width / 2);
  });
  drawing.addEventListener("pointerleave", () => {
    box.hidden = true;
    cursor.setAttribute("visibility", "hidden");
  });
}

function legend(shown, all, unit) {
  const made = html("div", "legend");
  if (unit) made.append(html("span", "aside", `单位 unit ${unit}`));
  for (const { label, colour } of shown) made.append(html("span", "", html("i", `key c${colour}`), label));
  const unmeasured = all.filter(({ measured }) => !measured).length;
  const silent = all.length - shown.length - unmeasured;
  if (silent) made.append(html("span", "aside", `${silent} 条无数据 without data`));
  if (unmeasured) made.append(html("span", "aside", `${unmeasured} 条本地不计 not measured locally`));
  return made;
}

export function nothing(series) {
  const unmeasured = series.every(({ measured }) => !measured);
  const words = unmeasured ? ["本地无此数据", "not measured locally"] : ["所选时段无数据", "no data in this range"];
  return html("div", "nothing", html("b", "", words[0]), html("span", "", words[1]));
}

export function graph(frame, all, options) {
  const shown = all
    .map((each, number) => ({ ...each, colour: number % COLOURS, dash: number >= COLOURS ? "5 3" : "none" }))
    .filter(({ points }) => points.length);
  if (!shown.length) return frame.replaceChildren(nothing(all));
  const stage = html("div", "stage");
  frame.replaceChildren(stage, legend(shown, all, options.unit));
  const { width, height } = stage.getBoundingClientRect();
  const scale = scales(shown, options, Math.max(width, 120), Math.max(height, 60));
  const drawing = shape("svg", { width: scale.width, height: scale.height, role: "img", "aria-label": options.title });
  drawing.append(...axes(scale, options), ...(options.stacked ? bars : lines)(scale, shown, options), ...marks(scale, options));
  stage.append(drawing);
  readout(stage, drawing, scale, shown, options);
}

export function numbers(frame, all) {
  const made = all.map(({ label, points, measured }) => {
    if (!points.length) return nothing([{ measured }]);
    return html("div", "number", html("b", "", told(points[points.length - 1][1])), html("span", "", label.trim()));
  });
  frame.replaceChildren(...made);
}
