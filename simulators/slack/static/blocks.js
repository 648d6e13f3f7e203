// Block Kit as DOM nodes. `context` has: names(id), call(id), people(), conversations(), here(),
// confirm(question) → Promise, press(element) → Promise, failed(element).
import { el, link, safeUrl } from "./dom.js";
import { inputBlock } from "./inputs.js";
import { textObject } from "./mrkdwn.js";

/** Render blocks; an unknown kind is shown by its name rather than dropped silently. */
export function renderBlocks(blocks, context) {
  return blocks.map((block) => (BLOCKS[block.type] ?? unknown)(block, context));
}

const BLOCKS = {
  section: (block, context) => el(
    "div", { class: "block section" },
    el("div", {},
      block.text ? el("p", {}, ...textObject(block.text, context.names)) : null,
      block.fields ? el("div", { class: "fields" }, block.fields.map((f) => el("p", {}, ...textObject(f, context.names)))) : null),
    block.accessory ? element(block.accessory, context) : null,
  ),
  context: (block, context) => el("div", { class: "block context" }, block.elements.map((item) => (
    item.type === "image" ? element(item, context) : el("span", {}, ...textObject(item, context.names))))),
  header: (block, context) => el("h2", { class: "block" }, ...textObject(block.text, context.names)),
  divider: () => el("hr", { class: "block" }),
  actions: (block, context) => el("div", { class: "block actions" }, block.elements.map((item) => element(item, context))),
  image: (block) => el("figure", { class: "block" },
    el("img", { src: safeUrl(block.image_url), alt: block.alt_text }),
    block.title ? el("figcaption", {}, block.title.text) : null),
  input: (block, context) => inputBlock(block, context),
  markdown: (block) => el("p", { class: "block" }, block.text),
  call: (block, context) => callCard(context.call(block.call_id), context),
};

function unknown(block) {
  return el("p", { class: "block note" }, `[${block.type}]`);
}

function element(item, context) {
  if (item.type === "image") return el("img", { class: "thumb", src: safeUrl(item.image_url), alt: item.alt_text });
  if (item.type === "button") return button(item, context);
  return el("span", { class: "note" }, `[${item.type}]`);
}

function button(item, context) {
  const mark = el("span", { class: "warning", role: "alert" });
  const show = () => { mark.textContent = context.failed(item) ? "⚠ The app did not answer" : ""; };
  show();
  const label = item.text.text + (item.url ? " ↗" : "");
  const press = async () => {
    mark.textContent = "";
    if (item.confirm && !(await context.confirm(item.confirm))) return;
    // The tab opens at once: browsers block one that opens after waiting.
    if (item.url && safeUrl(item.url)) window.open(item.url, "_blank", "noopener");
    await context.press(item);
    show();
  };
  const style = ["primary", "danger"].includes(item.style) ? item.style : "";
  return el("span", { class: "pressable" },
    el("button", { type: "button", class: style, "aria-label": item.accessibility_label, on: { click: press } }, label), mark);
}

function callCard(call, context) {
  if (!call) return el("p", { class: "block note" }, "[call]");
  const ended = call.date_end !== null;
  const people = call.users.map((user) => user.display_name ?? context.names(user.slack_id) ?? "Somebody");
  const waiting = ["Waiting for people to join", "Waiting for others to join"][people.length];
  const since = new Date(call.date_start * 1000).toLocaleTimeString(undefined, { timeStyle: "short" });
  return el("article", { class: `block call${ended ? " ended" : ""}`, "aria-label": "Call" },
    el("div", { class: "call-head" },
      el("span", { class: "call-icon", "aria-hidden": "true" }, "▶"),
      el("div", {},
        el("strong", {}, call.title ?? "Call"),
        el("p", { class: "note" }, ended ? `Ended · lasted ${lasted(call.duration)}` : `Started at ${since}`))),
    call.external_display_id ? el("p", {}, `Meeting ID: ${call.external_display_id}`) : null,
    people.length ? el("ul", { class: "people", "aria-label": "Attendees" }, people.map(attendee)) : null,
    !ended && waiting ? el("p", { class: "note" }, waiting) : null,
    ended ? null : link(call.join_url, "Join", { class: "button join" }));
}

function attendee(name) {
  return el("li", {}, el("span", { class: "avatar small", "aria-hidden": "true" }, initials(name)), name);
}

/** The first letters of a name, for round pictures. */
export function initials(name) {
  return name.split(/\s+/).map((word) => [...word][0] ?? "").join("").slice(0, 2).toUpperCase();
}

function lasted(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${seconds} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
