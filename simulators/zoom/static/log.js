"use strict";

// The log: what was received and sent, and each entry as a fixture for somebody's tests.
function logAddress() {
  const fields = document.getElementById("filter").elements;
  return `/control/log?${new URLSearchParams({ direction: fields.direction.value, contains: fields.words.value })}`;
}

async function copyFixture(entry, details) {
  try {
    await navigator.clipboard.writeText(JSON.stringify(entry.fixture, null, 2));
    say(`Copied: ${entry.title}`);
  } catch {
    details.open = true;
    say("The browser does not let this page copy. Copy the text of the open entry.");
  }
}

function newEntry() {
  const details = make("details", {}, make("summary"), make("pre"));
  details.querySelector("pre").tabIndex = 0; // It scrolls, so the keyboard has to reach it.
  return make("article", { className: "card entry" }, details, make("button", { type: "button", textContent: "Copy as test fixture", className: "quiet small" }));
}

function updateEntry(card, entry) {
  const details = card.querySelector("details");
  const parts = [entry.time.slice(11, 19), entry.title, entry.outcome, entry.app ? `${entry.app} app` : ""];
  card.querySelector("summary").replaceChildren(...parts.filter(Boolean).map((text) => make("span", { textContent: text })));
  card.querySelector("pre").textContent = JSON.stringify(entry.fixture, null, 2);
  const copy = card.querySelector("button");
  copy.setAttribute("aria-label", `Copy as test fixture: ${entry.title}`);
  copy.onclick = () => copyFixture(entry, details);
}

function showLog(entries) {
  draw(document.getElementById("log"), entries, newEntry, updateEntry);
  document.getElementById("no-log").hidden = entries.length > 0;
}

const filter = document.getElementById("filter");
onSubmit(filter, () => redraw());
filter.addEventListener("input", () => redraw());
document.getElementById("clear-log").addEventListener("click", () => send("/control/log", {}, "DELETE"));
