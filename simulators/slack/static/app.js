// The workspace page. Which person and conversation are shown is kept in the address, so that two tabs can be two people.
import { drawControl, setUpControl } from "./control.js";
import { confirmed, offerShortcuts } from "./dialogs.js";
import { FOCUSABLE, ask, el, icon, keepingFocus, settle } from "./dom.js";
import { initials, renderBlocks } from "./blocks.js";
import { keepingInputs, showErrors, valuesIn } from "./inputs.js";
import { watch } from "./live.js";
import { mrkdwn, textObject } from "./mrkdwn.js";
import { completeNames, hintUsage } from "./names.js";
import { commandsOf, companyBadge, subtitleOf } from "./wording.js";

const $ = (id) => document.getElementById(id);
const ARCHIVED = "Archived";
const KINDS = { public: "Channels", private: "Channels", mpim: "Direct messages", im: "Direct messages" };
const SLACKBOT = "USLACKBOT";

let state = null;
let tab = "messages";
let modalShown = null;
const drawn = new Map(); // what is on the page already, by place: drawn again only when it differs
const failed = new Set(); // buttons whose last press the app did not answer

const place = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
const me = () => state.users.find((user) => user.id === place().user) ?? state.users[0];
const mine = () => state.channels.filter((channel) => channel.members.includes(me().id));
const colleagues = () => state.users.filter((user) => user.team_id === me().team_id);
const installed = () => state.installs.some((install) => me().team_ids.some((id) => install.covers.includes(id)));

function here() {
  const wanted = place().channel;
  return wanted === "app" || mine().some((channel) => channel.id === wanted) ? wanted : (mine()[0]?.id ?? "app");
}

function go(user, channel) {
  location.hash = new URLSearchParams({ user, channel }).toString();
}

function nameOf(id) {
  if (id === SLACKBOT) return "Slackbot";
  const user = state.users.find((one) => one.id === id);
  if (user) return user.real_name;
  if (state.installs.some((install) => install.bot_user_id === id)) return state.app.name;
  return state.channels.find((channel) => channel.id === id)?.name ?? null;
}

/** Whether something differs from what was drawn in its place the last time. */
function differs(spot, value) {
  const text = JSON.stringify(value);
  if (drawn.get(spot) === text) return false;
  drawn.set(spot, text);
  return true;
}

function labelOf(channel) {
  if (channel.kind === "public") return `# ${channel.name}`;
  if (channel.kind === "private") return channel.name;
  return channel.members.filter((id) => id !== me().id).map(nameOf).join(", ");
}

function drawSidebar() {
  if (!differs("sidebar", [{ ...state, now: null }, me().id, here()])) return;
  const team = state.workspaces.find((workspace) => workspace.id === me().team_id);
  $("workspace-name").textContent = team.name;
  $("zoom-page").href = state.zoom_page_url;
  if (differs("people", [state.users, me().id])) {
    $("person").replaceChildren(...state.users.map((user) => (
      el("option", { value: user.id, selected: user.id === me().id }, user.real_name))));
  }
  const entry = (id, ...label) => el("button", {
    type: "button",
    "aria-current": here() === id ? "page" : null,
    on: { click: () => { closeMenu(); go(me().id, id); } },
  }, ...label);
  const groups = {};
  for (const channel of mine().filter((one) => one.kind !== "app")) {
    (groups[channel.is_archived ? ARCHIVED : KINDS[channel.kind]] ??= []).push(
      entry(channel.id, channel.kind === "private" ? icon("lock") : null, labelOf(channel)));
  }
  (groups.Apps ??= []).push(entry("app", `◆ ${state.app.name}`));
  const titles = [...new Set([...Object.values(KINDS), "Apps", ARCHIVED])].filter((title) => title in groups);
  keepingFocus($("conversations"), () => (
    $("conversations").replaceChildren(...titles.flatMap((title) => [el("h2", {}, title), ...groups[title]]))));
}

function drawBar() {
  const channel = mine().find((one) => one.id === here());
  const isApp = here() === "app";
  $("title").textContent = isApp ? state.app.name : labelOf(channel);
  if (!isApp && channel.kind === "private") $("title").prepend(icon("lock"));
  $("subtitle").textContent = isApp ? "App" : subtitleOf(channel, state, me());
  const closed = !isApp && channel.is_archived;
  $("composer").hidden = closed;
  $("archived").hidden = !closed;
  $("archived").textContent = closed ? `${labelOf(channel)} is archived: it can be read, and nobody can write here.` : "";
  $("tabs").hidden = !isApp;
  $("tab-home").setAttribute("aria-pressed", String(isApp && tab === "home"));
  $("tab-messages").setAttribute("aria-pressed", String(!isApp || tab === "messages"));
  $("home").hidden = !(isApp && tab === "home");
  $("messages").hidden = !$("home").hidden;
  $("install").hidden = installed();
  $("open-shortcuts").hidden = !installed();
  $("install-text").textContent = `${state.app.name} is not installed in this workspace yet.`;
  $("install-link").href = state.install_url;
  $("hint").textContent = `Type ${state.app.command} and press Enter. ${state.app.command} help shows what it can do.`;
  $("text").placeholder = isApp ? `Message ${state.app.name}` : `Message ${labelOf(channel)}`;
}

/** What can be typed after "/". */
const commands = () => (installed() ? commandsOf(state.app) : []);

function blockContext(press, calls = []) {
  return {
    names: nameOf,
    call: (id) => calls.find((call) => call.id === id),
    people: () => colleagues().map((user) => ({ value: user.id, label: user.real_name })),
    conversations: () => mine().filter((c) => c.kind !== "app" && !c.is_archived).map((c) => ({ value: c.id, label: labelOf(c) })),
    here,
    confirm: (question) => confirmed($("confirm"), question, nameOf),
    failed: (element) => failed.has(JSON.stringify([press, element.action_id])),
    press: async (element) => {
      const answer = await ask("/ui/actions", { user_id: me().id, action_id: element.action_id, ...press })
        .catch(() => ({ status: null }));
      const key = JSON.stringify([press, element.action_id]);
      if (answer.status === 200) failed.delete(key);
      else failed.add(key);
    },
  };
}

function drawMessage(message, channelId) {
  const author = message.app ? state.app.name : nameOf(message.user_id);
  const time = new Date(Number(message.ts) * 1000).toLocaleTimeString(undefined, { timeStyle: "short" });
  const context = blockContext({ channel_id: channelId, ts: message.ts }, message.calls);
  const kind = message.kind === "ephemeral" ? " ephemeral" : "";
  return el("article", { class: `message${kind}${message.thread_ts ? " reply" : ""}`, "data-ts": message.ts },
    el("span", { class: `avatar${message.app ? " app" : ""}`, "aria-hidden": "true" }, message.app ? "◆" : initials(author)),
    el("div", { class: "body" },
      message.kind === "ephemeral" ? el("p", { class: "only-you" }, icon("eye"), "Only visible to you") : null,
      el("p", { class: "by" }, el("strong", {}, author), message.app ? el("span", { class: "badge" }, "APP") : companyBadge(message, state, me()),
        el("time", {}, time), message.edited ? el("span", { class: "note" }, "(edited)") : null,
        message.kind === "ephemeral" || !installed() ? null : moreButton(message, author)),
      // Slack does not draw the text when there are blocks: it is for notifications and screen readers.
      ...(message.blocks.length ? renderBlocks(message.blocks, context) : [el("p", {}, ...mrkdwn(message.text, nameOf))])));
}

/** Slack has a message's shortcuts behind three dots. */
function moreButton(message, author) {
  const offer = () => offerShortcuts(
    $("shortcuts"), "More actions", shortcutsOf("message"), (shortcut) => useShortcut(shortcut, message));
  return el("button", {
    type: "button", class: "more", title: "More actions", "aria-haspopup": "dialog",
    "aria-label": `More actions for the message of ${author}`, on: { click: offer },
  }, "⋮");
}

/** Replies stand under the message that they answer. */
function inThreads(messages) {
  const known = new Set(messages.map((message) => message.ts));
  const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts && known.has(message.thread_ts);
  return messages.filter((message) => !isReply(message)).flatMap((message) => (
    [message, ...messages.filter((reply) => isReply(reply) && reply.thread_ts === message.ts)]));
}

async function drawMessages() {
  const query = new URLSearchParams({ user_id: me().id, channel_id: here() });
  const { channel_id: channelId, messages } = await ask(`/ui/messages?${query}`);
  const box = $("messages");
  const spot = `${me().id} ${channelId}`;
  const moved = box.dataset.spot !== spot;
  const atEnd = moved || box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  const known = new Map([...box.children].map((node) => [node.dataset.ts, node]));
  const nodes = inThreads(messages).map((message) => (
    differs(`message ${message.ts}`, [spot, message]) || !known.has(message.ts)
      ? drawMessage(message, channelId) : known.get(message.ts)));
  const advice = $("composer").hidden ? "Nothing was said here." : `Nothing here yet. Try ${state.app.command}.`;
  const nothing = () => el("p", { class: "empty" }, advice);
  keepingFocus(box, () => settle(box, nodes.length ? nodes : [nothing()]));
  box.dataset.spot = spot;
  if (atEnd) box.scrollTop = box.scrollHeight;
}

async function drawViews() {
  const { home, modal } = await ask(`/ui/views?${new URLSearchParams({ user_id: me().id })}`);
  if (differs("home", [me().id, home])) {
    const nothing = el("p", { class: "empty" }, `${state.app.name} has not put anything here yet.`);
    const blocks = home ? renderBlocks(home.blocks, blockContext({ view: "home" })) : [nothing];
    keepingFocus($("home"), () => $("home").replaceChildren(...blocks));
  }
  const version = modal ? modal.id + modal.hash : null;
  if (version === modalShown) return;
  const isSame = modal !== null && (modalShown ?? "").startsWith(modal.id);
  modalShown = version;
  if (!modal) {
    $("modal").close();
    return;
  }
  $("modal-title").replaceChildren(...textObject(modal.title, nameOf));
  const drawIt = () => $("modal-blocks").replaceChildren(...renderBlocks(modal.blocks, blockContext({ view: "modal" })));
  if (isSame) keepingInputs($("modal-blocks"), drawIt);
  else drawIt();
  $("modal-close").textContent = modal.close?.text ?? "Cancel";
  $("modal-submit").textContent = modal.submit?.text ?? "";
  $("modal-submit").hidden = !modal.submit;
  $("modal-problem").textContent = "";
  if (!$("modal").open) $("modal").showModal();
  else if (!$("modal").contains(document.activeElement)) $("modal").querySelector(FOCUSABLE).focus();
}

async function draw() {
  state = await ask("/ui/state");
  drawSidebar();
  drawBar();
  await Promise.all([drawMessages(), drawViews(), drawControl(state, me())]);
}

function away(text) {
  $("away").textContent = text;
}

let drawing = null;
let again = false;

/** Draw once now and, when asked meanwhile, once more after: never two at a time. */
async function redraw() {
  if (drawing) {
    again = true;
    return;
  }
  do {
    again = false;
    drawing = draw().then(() => away(""), (error) => away(`The simulator does not answer (${error.message}).`));
    await drawing;
  } while (again);
  drawing = null;
}

async function send(event) {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  $("usage").textContent = "";
  $("problem").textContent = "";
  tab = "messages";
  try {
    await ask("/ui/type", { user_id: me().id, channel_id: here(), text });
  } catch (error) {
    $("problem").textContent = error.message;
  }
  $("text").focus();
}

async function submitModal(event) {
  event.preventDefault();
  const answer = await ask("/ui/submit", { user_id: me().id, values: valuesIn($("modal-blocks")) }).catch(() => ({}));
  $("modal-problem").textContent = answer.status === 200 ? "" : "The app did not answer. Try again.";
  if (answer.status === 200) showErrors($("modal-blocks"), answer.answer);
}

async function dismiss() {
  try {
    await ask("/ui/dismiss", { user_id: me().id });
  } catch (error) {
    away(`The simulator does not answer (${error.message}).`);
  }
}

async function useShortcut(shortcut, message) {
  const where = message ? { channel_id: here(), ts: message.ts } : {};
  const answer = await ask("/ui/shortcuts", { user_id: me().id, callback_id: shortcut.callback_id, ...where })
    .catch(() => ({}));
  $("problem").textContent = answer.status === 200 ? "" : "The app did not answer. Try again.";
}

function shortcutsOf(type) {
  return state.app.shortcuts.filter((shortcut) => shortcut.type === type);
}

function closeMenu() {
  document.body.classList.remove("menu-open");
  $("menu").setAttribute("aria-expanded", "false");
}

function showTab(name) {
  tab = name;
  drawBar();
  if (installed()) ask("/ui/home", { user_id: me().id, tab: name }).catch(() => {});
}

completeNames($("text"), $("names"), colleagues, commands);
hintUsage($("text"), $("usage"), commands);
setUpControl(redraw);
$("composer").addEventListener("submit", send);
$("modal").querySelector("form").addEventListener("submit", submitModal);
$("modal").addEventListener("cancel", dismiss);
$("modal-close").addEventListener("click", dismiss);
$("open-shortcuts").addEventListener("click", () => (
  offerShortcuts($("shortcuts"), "Shortcuts", shortcutsOf("global"), (shortcut) => useShortcut(shortcut))));
$("shortcuts").querySelector(".choices button").addEventListener("click", () => $("shortcuts").close());
$("person").addEventListener("change", (event) => go(event.target.value, here()));
$("tab-home").addEventListener("click", () => showTab("home"));
$("tab-messages").addEventListener("click", () => showTab("messages"));
$("menu").addEventListener("click", () => {
  const open = document.body.classList.toggle("menu-open");
  $("menu").setAttribute("aria-expanded", String(open));
});
window.addEventListener("hashchange", redraw);
await redraw();
watch("/ui/stream", redraw, (gone) => away(gone ? "The simulator is away. This page goes on as soon as it is back." : ""));
$("text").focus();
