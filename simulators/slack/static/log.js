// The log of what the app sent and was sent, each entry and all of them to be copied as test fixtures.
import { ask, el, keepingFocus, settle } from "./dom.js";

const $ = (id) => document.getElementById(id);
const ARROWS = { to_app: "→ app", from_app: "← app" };
const REST_MS = 500; // between two looks while things happen
const rows = new Map(); // made once: what is opened stays open
let run = null; // of the simulator: another one numbers its entries anew
let asked = 0;
let resting = null;
let missed = false;
let attempt = async () => {};
let say = () => {};

/** Make the log usable. `attempting(work, done)` does something and says so, `tell(text, problem)` says what is. */
export function setUpLog(attempting, tell) {
  attempt = attempting;
  say = tell;
  const look = () => lookAgain().catch(toldWhy);
  $("log-section").addEventListener("toggle", look);
  $("log-filter").addEventListener("input", look);
  $("log-filter").addEventListener("submit", (event) => event.preventDefault());
  $("copy-all").addEventListener("click", copyAll);
  $("forget-log").addEventListener("click", () => attempt(async () => {
    await ask("/control/log", undefined, "DELETE");
    await lookAgain();
  }, "All is forgotten."));
}

/** Draw the log if its section is open, and no more often than somebody can read. */
export async function drawLog() {
  if (resting) {
    missed = true;
    return;
  }
  resting = setTimeout(() => {
    resting = null;
    if (missed) drawLog().catch(toldWhy);
    missed = false;
  }, REST_MS);
  await lookAgain();
}

async function lookAgain() {
  if (!$("log-section").open) return;
  const mine = ++asked;
  const { entries, more, run: now } = await ask(address());
  if (mine !== asked) return; // a later look has overtaken this one
  if (now !== run) rows.clear();
  run = now;
  for (const seq of [...rows.keys()]) if (!entries.some((entry) => entry.seq === seq)) rows.delete(seq);
  for (const entry of entries) if (!rows.has(entry.seq)) rows.set(entry.seq, row(entry));
  keepingFocus($("log"), () => settle($("log"), entries.map((entry) => rows.get(entry.seq))));
  const count = entries.length === 1 ? "1 entry" : `${entries.length} entries, the latest first`;
  $("log-count").textContent = more ? `${count}; there are older ones` : count;
  $("copy-all").disabled = !entries.length;
}

function address(more = {}) {
  const { words, direction } = Object.fromEntries(new FormData($("log-filter")));
  return `/control/log?${new URLSearchParams({ contains: words, direction, ...more })}`;
}

function row(entry) {
  const { seq, about } = entry;
  const text = el("pre", { tabindex: "0", "aria-label": `${about}, entry ${seq}` });
  const details = el("details", {},
    el("summary", {},
      el("span", { class: "way" }, ARROWS[entry.direction]), ` ${about} · ${entry.status ?? "no answer"}`,
      entry.elapsed_ms === null ? "" : ` · ${entry.elapsed_ms} ms`,
      entry.trouble ? ` · ${entry.trouble}` : "",
      el("span", { class: "note" }, ` ${new Date(entry.time * 1000).toLocaleTimeString()} ${entry.path}`)),
    text);
  const fixture = async () => { text.textContent ||= written(await ask(`/control/log/${seq}`)); };
  details.addEventListener("toggle", () => { if (details.open) fixture().catch(toldWhy); });
  return el("li", {}, details, el("button", {
    type: "button", "aria-label": `Copy as test fixture: ${about}, entry ${seq}`,
    on: { click: () => copy(async () => { await fixture(); return text.textContent; }, `${about} is copied.`) },
  }, "Copy as test fixture"));
}

function copyAll() {
  const all = async () => written((await ask(address({ fixtures: 1 }))).entries.map((entry) => entry.fixture));
  copy(all, "All that is shown is copied.");
}

async function copy(wanted, done) {
  let text;
  try {
    text = await wanted();
  } catch (error) {
    toldWhy(error);
    return;
  }
  try {
    await navigator.clipboard.writeText(text);
    say(done);
  } catch {
    say("", "The browser does not let this page copy. Open the entry, and copy its text by hand.");
  }
}

const written = (value) => JSON.stringify(value, null, 2);
const toldWhy = (error) => say("", `The log could not be read: ${error.message}`);
