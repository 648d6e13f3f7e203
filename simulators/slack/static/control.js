// The control dialog: orders what goes wrong, moves the clock, changes the world and shows what went over the wire.
// It uses the control API that tests use.
import { ask, el, keepingFocus } from "./dom.js";
import { fieldsOf } from "./forms.js";
import { drawLog, setUpLog } from "./log.js";
import { drawWorld, setUpWorld } from "./world.js";

const $ = (id) => document.getElementById(id);
const SECONDS = { seconds: 1, minutes: 60, hours: 3600, days: 86400 };
const ELSEWHERE = "Only a browser on the machine that runs the simulator may control it.";
const drawn = new Map();
let clock = null;
let ours = "{}"; // the tenant in which the app is installed for who looks, as the control API names it

/** Make the dialog usable. `changed` draws the page anew. */
export function setUpControl(changed) {
  $("open-control").addEventListener("click", () => {
    tell("");
    $("control").showModal();
    changed();
  });
  $("control-close").addEventListener("click", () => $("control").close());
  $("fault").addEventListener("submit", order("fault", "/control/faults", faultIn, "Ordered. It strikes the next requests."));
  $("fault").elements.trouble.addEventListener("change", showFaultFields);
  showFaultFields();
  $("clear-faults").addEventListener("click", () => attempt(() => ask("/control/faults", undefined, "DELETE"), "Cleared."));
  $("event-faults").addEventListener(
    "submit", order("event-faults", "/control/events/faults", fieldsOf, "Ordered for all events from now on."));
  $("kind-events").addEventListener("click", () => {
    $("event-faults").reset();
    attempt(() => ask("/control/events/faults", {}), "Events come as they should.");
  });
  $("release").addEventListener("click", () => attempt(() => ask("/control/events/release", {}), "Released."));
  $("app-actions").addEventListener("click", ({ target }) => {
    if (target.value) attempt(() => ask(target.value, JSON.parse(target.dataset.body ?? ours)), target.dataset.done);
  });
  $("advance").addEventListener("submit", order("advance", "/control/clock", advanceIn, "The clock was moved."));
  $("speed").addEventListener("submit", order("speed", "/control/clock", fieldsOf, "The clock has another speed."));
  setUpWorld(attempt);
  setUpLog(attempt, tell);
  setInterval(tick, 500);
}

/** Draw the dialog as things are now, if it is open. `world` is the simulator's state, `me` who looks at it. */
export async function drawControl(world, me) {
  if (!$("control").open) return;
  try {
    await drawSections(world, me);
  } catch (error) {
    tell("", error.message === "loopback_only" ? ELSEWHERE : `That could not be shown: ${error.message}`);
  }
}

async function drawSections(world, me) {
  const [faults, events, time] = await Promise.all(
    ["/control/faults", "/control/events/faults", "/control/clock"].map((path) => ask(path)));
  clock = { ...time, read: performance.now() };
  tick();
  if (differs("faults", faults)) drawFaults(faults);
  if (differs("events", events)) drawEventFaults(events);
  drawInstallation(world, me);
  drawWorld(world, me);
  await drawLog();
}

function differs(spot, value) {
  const text = JSON.stringify(value);
  if (drawn.get(spot) === text) return false;
  drawn.set(spot, text);
  return true;
}

function tell(text, problem = "") {
  $("control-done").textContent = text;
  $("control-problem").textContent = problem;
}

/** Do something and say that it is done, or what is wrong. */
async function attempt(work, done) {
  try {
    await work();
    tell(done);
  } catch (error) {
    tell("", `That did not work: ${error.message}`);
  }
}

function order(id, path, read, done) {
  return (event) => {
    event.preventDefault();
    attempt(() => ask(path, read($(id))), done);
  };
}

function faultIn(form) {
  const { trouble, ...fields } = fieldsOf(form);
  const [kind, error] = trouble.split(":");
  return { ...fields, kind, ...(error ? { error } : {}) };
}

/** Each kind of fault has fields of its own. */
function showFaultFields() {
  const trouble = $("fault").elements.trouble.value;
  for (const field of $("fault").querySelectorAll("[data-for]")) field.hidden = field.dataset.for !== trouble;
}

function drawFaults({ faults, methods }) {
  $("methods").replaceChildren(...["*", ...methods].map((method) => el("option", { value: method })));
  const list = faults.length ? faults.map((fault) => el("li", {},
    el("span", {}, described(fault)),
    el("button", {
      type: "button", "aria-label": `Clear: ${described(fault)}`,
      on: { click: () => attempt(() => ask(`/control/faults/${fault.id}`, undefined, "DELETE"), "Cleared.") },
    }, "Clear"))) : [el("li", { class: "note" }, "No fault is waiting.")];
  keepingFocus($("faults"), () => $("faults").replaceChildren(...list));
  $("clear-faults").disabled = !faults.length;
}

function described(fault) {
  const what = {
    delay: `answered ${fault.delay_seconds} s late`,
    ratelimited: `429, Retry-After ${fault.retry_after}`,
    status: `HTTP ${fault.status}`,
    error: fault.error,
    close: "connection closed",
  }[fault.kind];
  return `${fault.method}: ${what}${fault.after ? ", after the work was done" : ""} (${fault.times} ×)`;
}

function drawEventFaults({ held, ...faults }) {
  for (const [name, value] of Object.entries(faults)) {
    const field = $("event-faults").elements[name];
    if (field === document.activeElement) continue;
    if (field.type === "checkbox") field.checked = value;
    else field.value = value;
  }
  $("held").textContent = held.length ? `Held: ${held.join(", ")}` : "Nothing is held.";
  $("release").disabled = !held.length;
}

function drawInstallation(world, me) {
  const install = world.installs.find((one) => one.covers.some((team) => me.team_ids.includes(team)));
  const { team_id, enterprise_id } = install ?? {};
  ours = JSON.stringify(enterprise_id ? { enterprise_id } : { team_id });
  const scope = install ? `${world.app.name} is installed, and may: ${install.scopes.join(", ")}` : "";
  $("installation").textContent = scope || `${world.app.name} is not installed for ${me.real_name}.`;
  for (const button of $("app-actions").querySelectorAll("button")) button.disabled = !install;
}

function advanceIn(form) {
  const { amount, unit } = fieldsOf(form);
  return { advance_seconds: amount * SECONDS[unit] };
}

function tick() {
  if (!clock || !$("control").open) return;
  const now = clock.now + ((performance.now() - clock.read) / 1000) * clock.speed;
  $("clock-now").textContent = `${new Date(now * 1000).toLocaleString()}, ${clock.speed} × as fast as real time`;
}
