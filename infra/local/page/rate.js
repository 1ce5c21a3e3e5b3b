"use strict";

// Behind the # of the address stands the link: it is sent to the platform only, and is in no log of a server.
let link = location.hash.slice(1);
const key = crypto.randomUUID(); // the same for every attempt of this page
const find = (id) => document.getElementById(id);
const both = (names) => `${names.zh} / ${names.en}`;
let number = 1;

async function send(path, body, headers = {}) {
  const answer = await fetch(path, body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const value = await answer.json();
  if (answer.ok) return value;
  const told = value.errors.length ? value.errors.map((error) => error.text) : [value.text];
  const error = new Error(told.map((text) => `${text["zh-CN"]} / ${text.en}`).join("\n"));
  throw Object.assign(error, { code: value.code });
}

function choice(kind, name, value, label) {
  const line = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: kind, name, value });
  line.append(input, ` ${label} `);
  return line;
}

function told(rating) {
  const part = document.createElement("article");
  const lines = [`${rating.number === 2 ? "追评 / second rating" : "评价 / rating"}：${both(rating.level.name)}`, rating.text];
  if (rating.follow_up) lines.push(`处理进度 / progress：${both(rating.follow_up.state_name)}`);
  if (rating.reply) lines.push(`反馈 / reply（${rating.reply.day}）：${rating.reply.text}`);
  for (const text of lines.filter(Boolean)) part.append(Object.assign(document.createElement("p"), { textContent: text }));
  return part;
}

async function progress() {
  try {
    return (await send("/v1/rating-progress", { link })).items;
  } catch (error) {
    if (error.code === "bad_link") return []; // a printed link shows nothing: whoever scans it may rate
    throw error;
  }
}

function keep(rating) {
  link = rating.receipt; // from now on this address shows what becomes of the rating
  history.replaceState(null, "", `#${link}`);
}

async function show() {
  const items = await progress();
  find("given").replaceChildren(...items.map(told));
  const again = items.some((rating) => rating.second_rating_possible);
  const rated = items.some((rating) => rating.number === 1);
  number = again ? 2 : 1;
  find("form").hidden = rated && !again;
  find("status").textContent = rated ? (again ? "可以追评一次 / you may rate once more" : "已评价，请收藏本页网址以查看处理情况 / rated; keep this address to see what becomes of it") : "请评价 / please rate";
}

async function start() {
  const form = await send("/v1/rating-form");
  find("levels").append(...form.levels.map((each) => choice("radio", "level", each.level, both(each.name))));
  find("reasons").append(...form.reasons.map((each) => choice("checkbox", "reason", each.code, both(each.name))));
  await show();
}

function report(work) {
  work.catch((error) => { find("status").textContent = error.message; });
}

find("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const data = new FormData(find("form"));
  report(send("/v1/ratings", {
    link,
    number,
    level: data.get("level"),
    reasons: data.getAll("reason"),
    text: find("text").value,
    anonymous: find("anonymous").checked,
  }, { "Idempotency-Key": `${key}-${number}` }).then(keep).then(show));
});

report(start());
