"use strict";

// Faults and time. log.js has the log.
const KINDS = {
  slow: (seconds) => ({ kind: "delay", delay_seconds: seconds }),
  429: (seconds) => ({ kind: "status", status: 429, code: 429, message: "Too many requests.", headers: { "Retry-After": String(seconds) } }),
  500: () => ({ kind: "status", status: 500, message: "Internal Server Error" }),
  503: () => ({ kind: "status", status: 503, message: "Service Unavailable" }),
  401: () => ({ kind: "status", status: 401, code: 124, message: "Invalid access token." }),
  close: () => ({ kind: "close" }),
};
const WEBHOOK_NUMBERS = ["drop_percent", "copies", "delay_seconds"];
const WEBHOOK_SWITCHES = ["shuffle", "hold"];
let shownAt = 0;
let shownNow = 0;
let speed = 1;
let shownFaults = "";

function faultText(fault) {
  const what = { delay: `slow by ${fault.delay_seconds} seconds`, close: "connection closed", status: `status ${fault.status}` }[fault.kind];
  const times = fault.times === 1 ? "once" : `${fault.times} times`;
  return `${fault.method === "*" ? "Any method" : fault.method} ${fault.path}: ${what}, ${times}${fault.after ? ", after the work" : ""}`;
}

function showFaults(faults) {
  draw(document.getElementById("faults"), faults, () => make("p", { className: "card" }), (line, fault) => { line.textContent = faultText(fault); });
  document.getElementById("no-faults").hidden = faults.length > 0;
  document.getElementById("clear-faults").hidden = faults.length === 0;
}

// The form shows what holds, but what somebody has typed and not yet applied stays until it changes elsewhere.
function showWebhookFaults(faults, queue) {
  const fields = document.getElementById("webhooks").elements;
  if (shownFaults !== JSON.stringify(faults)) {
    shownFaults = JSON.stringify(faults);
    WEBHOOK_NUMBERS.forEach((name) => { fields[name].value = faults[name]; });
    WEBHOOK_SWITCHES.forEach((name) => { fields[name].checked = faults[name]; });
  }
  document.getElementById("queue").textContent = `Held: ${queue.held}. Delayed: ${queue.delayed}. Waiting to be tried again: ${queue.retrying}.`;
  document.getElementById("release").disabled = queue.held === 0;
}

function tick() {
  const now = new Date(shownNow + (Date.now() - shownAt) * speed);
  document.getElementById("now").textContent = now.toISOString().slice(0, 19).replace("T", " ");
}

function showTime(state) {
  shownAt = Date.now();
  shownNow = Date.parse(state.now);
  if (speed !== state.speed) {
    document.getElementById("speed").elements.speed.value = String(state.speed);
  }
  speed = state.speed;
  document.getElementById("pace").textContent = speed === 1 ? "Time runs as it does." : `Time runs ${speed} times as fast.`;
  tick();
}

function show({ state, log }) {
  showTime(state);
  showFaults(state.faults);
  showWebhookFaults(state.webhook_faults, state.webhooks);
  showLog(log.entries);
}

onSubmit(document.getElementById("skip"), (fields) => send("/control/clock", { advance_seconds: Number(fields.seconds.value) }));
onSubmit(document.getElementById("speed"), (fields) => send("/control/clock", { speed: Number(fields.speed.value) }));
onSubmit(document.getElementById("fault"), (fields) => {
  const kind = KINDS[fields.what.value](Number(fields.seconds.value));
  const where = { method: fields.method.value, path: fields.path.value, times: Number(fields.times.value), after: fields.after.checked };
  send("/control/faults", { ...where, ...kind });
});
onSubmit(document.getElementById("webhooks"), (fields) => {
  const numbers = WEBHOOK_NUMBERS.map((name) => [name, Number(fields[name].value)]);
  const switches = WEBHOOK_SWITCHES.map((name) => [name, fields[name].checked]);
  send("/control/webhooks/faults", Object.fromEntries([...numbers, ...switches]));
});
document.getElementById("clear-faults").addEventListener("click", () => send("/control/faults", {}, "DELETE"));
document.getElementById("calm").addEventListener("click", () => send("/control/webhooks/faults", {}));
document.getElementById("release").addEventListener("click", () => send("/control/webhooks/release"));

setInterval(tick, 1000);
follow(async () => ({ state: await read("/control/state"), log: await read(logAddress()) }), show);
