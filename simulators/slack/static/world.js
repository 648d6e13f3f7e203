// The part of the control dialog that changes the world: channels, people, companies.
import { ask, el, keepingFocus, settle } from "./dom.js";
import { fieldsOf } from "./forms.js";

const $ = (id) => document.getElementById(id);
const KINDS = { public: "public", private: "private", mpim: "group message", im: "direct message" };
const boxes = new Map(); // a box to tick for each person, made once so that ticks stay
let shown = "";
let people = [];

/** Make the forms usable. `attempt(work, done)` does something and says how it went. */
export function setUpWorld(attempt) {
  $("new-channel").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(() => ask("/control/channels", channelIn(event.target)), "The conversation is there.");
  });
  $("new-person").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(() => ask("/control/users", fieldsOf(event.target)), "Choose her under “You are”.");
  });
  for (const button of $("companies").querySelectorAll("button")) {
    button.addEventListener("click", () => (
      attempt(() => ask("/control/workspaces", { seed: button.value }), "Its people are under “You are”.")));
  }
  $("channels").addEventListener("click", (event) => {
    const { path, id, done } = event.target.dataset;
    if (path) attempt(() => ask(path, id ? { channel_id: id } : {}), done);
  });
}

/** Draw channels and people; `me` is ticked as a member of a new channel at first. */
export function drawWorld(world, me) {
  const state = JSON.stringify([world.channels, world.users, me.id]);
  if (state === shown) return;
  shown = state;
  people = world.users;
  for (const user of world.users) {
    if (!boxes.has(user.id)) boxes.set(user.id, box(user, user.id === me.id));
  }
  settle($("members"), world.users.map((user) => boxes.get(user.id)));
  const rows = world.channels.filter((channel) => channel.kind !== "app").map((channel) => row(channel, world));
  keepingFocus($("channels"), () => $("channels").replaceChildren(...rows));
}

function box(user, checked) {
  return el("label", { class: "check" }, el("input", { type: "checkbox", value: user.id, checked }), user.real_name);
}

/** The channel in the form. It is of the first member's workspace; others' companies make it a shared one. */
function channelIn(form) {
  const members = [...$("members").querySelectorAll(":checked")].map((field) => field.value);
  const teams = members.map((id) => people.find((user) => user.id === id).team_id);
  const shared = [...new Set(teams)].filter((team) => team !== teams[0]);
  return { ...fieldsOf(form), members, shared_with: shared };
}

function row(channel, world) {
  const name = ["public", "private"].includes(channel.kind) ? channel.name : namesOf(channel, world);
  const facts = [KINDS[channel.kind]];
  if (channel.shared_with.length) facts.push("shared with another company");
  if (channel.app_is_member) facts.push(`with ${world.app.name}`);
  if (channel.is_archived) facts.push("archived");
  const act = (label, path, done, id = null) => el("button", {
    type: "button", "aria-label": `${label}: ${name}`, "data-path": path, "data-done": done, "data-id": id,
  }, label);
  return el("li", {}, el("span", {}, el("strong", {}, name), ` ${facts.join(", ")}`), ...actions(channel, world.app.name, act));
}

function actions(channel, app, act) {
  if (!["public", "private"].includes(channel.kind)) return [];
  const place = `/control/channels/${channel.id}`;
  if (channel.is_archived) return [act("Unarchive", `${place}/unarchive`, "It can be written there again.")];
  const membership = channel.app_is_member
    ? act(`Remove ${app}`, "/control/kick", `${app} is out.`, channel.id)
    : act(`Invite ${app}`, "/control/invite", `${app} is in.`, channel.id);
  const general = channel.kind === "public" && channel.name === "general";
  return [membership, general ? null : act("Archive", `${place}/archive`, "Nobody can write there any more.")];
}

function namesOf(channel, world) {
  return channel.members.map((id) => world.users.find((user) => user.id === id)?.real_name ?? id).join(", ");
}
