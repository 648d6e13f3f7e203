// The log of what the app sent and was sent, each entry and all of them to be copied as test fixtures.
import { ask, el, keepingFocus, settle } from "./dom.js";

const $ = (id) => document.getElementById(id);
const ARROWS = { to_app: "→ app", from_app: "← app" };
const rows = new Map(); // made once: what is opened stays open
let entries = [];
let say = () => {};

/** Make the log usable. `tell(text, problem)` says what was done. */
export function setUpLog(tell) {
  say = tell;
  $("log-section").addEventListener("toggle", drawLog);
  $("log-filter").addEventListener("input", drawLog);
  $("log-filter").addEventListener("submit", (event) => event.preventDefault());
  $("copy-all").addEventListener("click", () => copy(entries.map((entry) => entry.fixture), "All that is shown is copied."));
  $("forget-log").addEventListener("click", () => ask("/control/log", undefined, "DELETE"));
}

/** Draw the log, if its section is open. */
export async function drawLog() {
  if (!$("log-section").open) return;
  const query = new URLSearchParams([...new FormData($("log-filter"))]);
  const answer = await ask(`/control/log?${query}`);
  entries = answer.entries.reverse();
  for (const seq of [...rows.keys()]) if (!entries.some((entry) => entry.seq === seq)) rows.delete(seq);
  for (const entry of entries) if (!rows.has(entry.seq)) rows.set(entry.seq, row(entry));
  keepingFocus($("log"), () => settle($("log"), entries.map((entry) => rows.get(entry.seq))));
  $("log-count").textContent = `${entries.length} of ${answer.found} entries, the latest first`;
  $("copy-all").disabled = !entries.length;
}

function row(entry) {
  const { direction, about, request, response } = entry.fixture;
  const outcome = response ? String(response.status) : "no answer";
  const text = el("pre", { tabindex: "0", "aria-label": `${about}, entry ${entry.seq}` });
  const details = el("details", {},
    el("summary", {},
      el("span", { class: "way" }, ARROWS[direction]), ` ${about} · ${outcome}`,
      entry.elapsed_ms === null ? "" : ` · ${entry.elapsed_ms} ms`,
      entry.trouble ? ` · ${entry.trouble}` : "",
      el("span", { class: "note" }, ` ${new Date(entry.time * 1000).toLocaleTimeString()} ${request.path}`)),
    text);
  details.addEventListener("toggle", () => { text.textContent ||= JSON.stringify(entry.fixture, null, 2); });
  return el("li", {}, details, el("button", {
    type: "button", "aria-label": `Copy as test fixture: ${about}, entry ${entry.seq}`,
    on: { click: () => copy(entry.fixture, `${about} is copied.`) },
  }, "Copy as test fixture"));
}

async function copy(value, done) {
  try {
    await navigator.clipboard.writeText(JSON.stringify(value, null, 2));
    say(done);
  } catch {
    say("", "The browser does not let this page copy. Open the entry, and copy its text by hand.");
  }
}
