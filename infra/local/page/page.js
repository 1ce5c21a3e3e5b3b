"use strict";

const IDENTITIES = [
  { zh: "群众", en: "citizen", claims: { sub: "citizen-zhang", kind: "citizen" } },
  { zh: "收件受理", en: "intake 330203", claims: { sub: "staff-intake", kind: "staff", org: "330203", posts: ["intake"] } },
  { zh: "审核审批", en: "review 330203", claims: { sub: "staff-review", kind: "staff", org: "330203", posts: ["review"] } },
  { zh: "办结出件", en: "delivery 330203", claims: { sub: "staff-delivery", kind: "staff", org: "330203", posts: ["delivery"] } },
  { zh: "系统对接", en: "system", claims: { sub: "system-sample", kind: "system" } },
];

const statusLine = document.getElementById("status");
const clock = document.getElementById("clock");
let ui = null;
let scheme = "bearer";

async function send(path, body) {
  const answer = await fetch(path, body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.text ? `${value.text["zh-CN"]} / ${value.text.en}` : answer.statusText);
  return value;
}

async function signIn(identity, button) {
  const { access_token: token } = await send("/_local/token", identity.claims);
  ui.authActions.authorize({ [scheme]: { name: scheme, schema: { type: "http", scheme: "bearer" }, value: token } });
  document.querySelectorAll("#identities button").forEach((each) => each.setAttribute("aria-pressed", each === button));
  statusLine.textContent = `已登录：${identity.zh} / signed in: ${identity.en}`;
}

function report(work) {
  work.catch((error) => { statusLine.textContent = `出错 / error: ${error.message}`; });
}

for (const identity of IDENTITIES) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `${identity.zh} / ${identity.en}`;
  button.addEventListener("click", () => report(signIn(identity, button)));
  document.getElementById("identities").append(button);
}

async function showClock(body) {
  const { now } = await send("/_local/clock", body);
  clock.textContent = now;
}

document.querySelectorAll("[data-advance]").forEach((button) => {
  button.addEventListener("click", () => report(showClock({ advance: Number(button.dataset.advance) })));
});

async function start() {
  await showClock();
  const description = await send("/v1/openapi.json");
  const schemes = (description.components || {}).securitySchemes || {};
  scheme = Object.keys(schemes).find((name) => schemes[name].scheme === "bearer") || scheme;
  ui = SwaggerUIBundle({ dom_id: "#reference", spec: description, deepLinking: true, filter: true, validatorUrl: null });
}

report(start());
