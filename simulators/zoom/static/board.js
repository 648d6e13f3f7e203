"use strict";

// The page redraws only what changed, so that a name being typed survives the poll.
const POLL_MILLISECONDS = 1000;
const PERSONAL_ROOM = 4;
const SWITCHES = [
  ["use_pmi_for_scheduled_meetings", "Use Personal Meeting ID when scheduling"],
  ["require_password_for_instant_meetings", "Passcode for instant meetings"],
  ["require_password_for_scheduling_new_meetings", "Passcode for scheduled meetings"],
  ["cloud_recording", "Cloud recording"],
  ["zoom_phone", "Zoom Phone"],
  ["outside_calls", "Phone calls outside"],
];
const drawn = new Map();
let accountUsers = [];

function make(tag, props = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
}

function say(text) {
  document.getElementById("status").textContent = text;
}

async function send(path, body = {}) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    say(answer.ok ? "" : (await answer.json()).error);
  } catch {
    say("The simulator does not answer.");
  }
  await refresh();
}

function button(text, path, body, look = "quiet") {
  const node = make("button", { type: "button", textContent: text, className: look });
  node.addEventListener("click", () => send(path, body));
  return node;
}

function fact(name, value) {
  return make("span", {}, `${name} `, make("b", { textContent: value }));
}

function grouped(id) {
  const head = id.length === 11 ? 4 : 3;
  return [id.slice(0, 3), id.slice(3, 3 + head), id.slice(3 + head)].join(" ");
}

// A name of somebody in the account joins signed in, every other name as a guest.
function joinForm(path) {
  const input = make("input", { maxLength: 64, required: true, autocomplete: "off", placeholder: "Grace Hopper" });
  const form = make("form", {}, make("label", {}, "Join as", input), make("button", { textContent: "Join", className: "quiet" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const user = accountUsers.find((known) => known.display_name === input.value);
    send(`${path}/join`, user ? { name: input.value, zoom_user_id: user.id } : { name: input.value });
    input.value = "";
  });
  return form;
}

function presentList(people, path) {
  const rows = people.map((person) => {
    const leave = button("Leave", `${path}/leave`, { user_id: person.user_id }, "quiet small");
    leave.setAttribute("aria-label", `${person.name} leaves`);
    return make("li", {}, make("span", { textContent: person.name }), leave);
  });
  return make("ul", { className: "present" }, ...rows);
}

function updateMeeting(card, meeting) {
  const path = `/control/meetings/${meeting.id}`;
  const live = meeting.instance !== null;
  const people = live ? meeting.instance.participants : [];
  const past = meeting.past_instances.at(-1);
  card.className = live ? "card live" : "card";
  const status = { started: `In progress, ${people.length} in`, waiting: "Not started", ended: "Ended" }[meeting.state];
  const facts = [fact("ID", grouped(meeting.pmi ?? meeting.id)), fact("Host", meeting.host_name)];
  facts.splice(1, 0, fact("Passcode", meeting.password || "none"));
  const body = [
    make("div", { className: "head" }, make("h3", { textContent: meeting.topic }), make("span", { className: "state", textContent: status })),
    make("div", { className: "facts" }, ...facts),
    presentList(people, path),
  ];
  const buttons = [];
  if (meeting.can_start) {
    buttons.push(button(past ? "Start again" : "Start", `${path}/start`, {}, ""));
  }
  if (live) {
    buttons.push(button("End for all", `${path}/end`, {}, "danger"));
  }
  if (meeting.can_record && (live || past) && !(past && !live && past.recorded)) {
    buttons.push(button("Finish recording", `${path}/recording`, {}));
  }
  card.querySelector(".body").replaceChildren(...body);
  card.querySelector(".buttons").replaceChildren(...buttons);
  card.querySelector("form").hidden = !live && !meeting.can_start;
}

function newMeeting(meeting) {
  const joining = joinForm(`/control/meetings/${meeting.id}`);
  const actions = make("div", { className: "actions" }, joining, make("div", { className: "buttons" }));
  return make("article", {}, make("div", { className: "body" }), actions);
}

function updatePerson(card, person) {
  const path = `/control/users/${person.id}`;
  const plan = make("select", {}, ...[[1, "Basic"], [2, "Licensed"]].map(([value, text]) => make("option", { value, textContent: text })));
  plan.value = String(person.type);
  plan.addEventListener("change", () => send(path, { type: Number(plan.value) }));
  const switches = SWITCHES.map(([name, text]) => {
    const box = make("input", { type: "checkbox", checked: person.settings[name] ?? person[name] });
    box.addEventListener("change", () => send(path, { [name]: box.checked }));
    return make("label", { className: "check" }, box, text);
  });
  card.className = "card";
  card.replaceChildren(
    make("h3", { textContent: person.display_name }),
    make("p", { className: "muted", textContent: person.email }),
    make("div", { className: "facts" }, fact("PMI", grouped(person.pmi)), fact("Passcode", person.settings.pmi_password), lineFact(person)),
    make("label", {}, "Plan", plan),
    ...switches,
    make("p", { className: "muted", textContent: person.apps.length ? `Added: ${person.apps.join(", ")}` : "Has not added the app" }),
    make("div", { className: "actions" }, ...(person.apps.length ? [button("Remove the app", "/control/uninstall", { zoom_user_id: person.id }, "danger small")] : [])),
  );
}

// Who uses the keyboard stays where she was when a card is drawn anew: on the same button, else on the next one.
function keepingFocus(card, update) {
  const held = card.contains(document.activeElement) ? document.activeElement : null;
  update();
  if (held && !held.isConnected) {
    const left = [...card.querySelectorAll("button")];
    (left.find((node) => node.textContent === held.textContent) ?? left.at(-1))?.focus();
  }
}

function draw(container, items, create, update) {
  const wanted = items.map((item) => {
    const key = `${container.id}/${item.id}`;
    const text = JSON.stringify(item);
    const known = drawn.get(key) ?? { node: create(item), text: "" };
    if (known.text !== text) {
      keepingFocus(known.node, () => update(known.node, item));
      known.text = text;
      drawn.set(key, known);
    }
    return known.node;
  });
  const shown = [...container.children];
  if (shown.length !== wanted.length || shown.some((node, index) => node !== wanted[index])) {
    container.replaceChildren(...wanted);
  }
}

function show(state) {
  accountUsers = state.users;
  const meetings = state.meetings.filter((meeting) => meeting.type !== PERSONAL_ROOM);
  const rooms = state.meetings.filter((meeting) => meeting.type === PERSONAL_ROOM).reverse();
  const apps = (id) => state.grants.filter((grant) => grant.zoom_user_id === id).map((grant) => `${grant.app} app`);
  draw(document.getElementById("meetings"), meetings, newMeeting, updateMeeting);
  draw(document.getElementById("rooms"), rooms, newMeeting, updateMeeting);
  const people = state.users.map((user) => ({ ...user, apps: apps(user.id) }));
  draw(document.getElementById("people"), people, () => make("article"), updatePerson);
  showPhone(state);
  document.getElementById("no-meetings").hidden = meetings.length > 0;
}

async function refresh() {
  try {
    show(await (await fetch("/control/state")).json());
  } catch {
    say("The simulator does not answer.");
  }
}

async function poll() {
  await refresh();
  setTimeout(poll, POLL_MILLISECONDS);
}

poll();
