"use strict";

// Meetings and personal rooms. phone.js and people.js have the other parts of the board.
const PERSONAL_ROOM = 4;
const KEPT = { there: "ready", trashed: "in the trash", deleted: "deleted" };
let accountUsers = [];

function grouped(id) {
  const head = id.length === 11 ? 4 : 3;
  return [id.slice(0, 3), id.slice(3, 3 + head), id.slice(3 + head)].join(" ");
}

function meetingPath(meeting) {
  return `/control/meetings/${meeting.id}`;
}

// A name of somebody in the account joins signed in, every other name as a guest.
function joinForm(meeting) {
  const input = make("input", { name: "person", maxLength: 64, required: true, autocomplete: "off", placeholder: "Grace Hopper" });
  const form = make("form", {}, make("label", {}, "Join as", input), make("button", { textContent: "Join", className: "quiet" }));
  onSubmit(form, () => {
    const user = accountUsers.find((known) => known.display_name === input.value);
    send(`${meetingPath(meeting)}/join`, user ? { name: input.value, zoom_user_id: user.id } : { name: input.value });
    input.value = "";
  });
  return form;
}

function personRow(name, ...buttons) {
  for (const node of buttons) {
    node.classList.add("small");
    node.setAttribute("aria-label", `${node.textContent}: ${name}`);
  }
  return make("li", {}, make("span", { textContent: name }), make("span", { className: "buttons" }, ...buttons));
}

// A second device of somebody who is signed in has her account, that of a guest only her participant UUID.
function secondDevice(person) {
  const who = person.zoom_user_id ? { zoom_user_id: person.zoom_user_id } : { participant_uuid: person.participant_uuid };
  return { name: person.name, ...who };
}

function presentList(people, path) {
  const rows = people.map((person) =>
    personRow(
      person.name,
      button("Second device", `${path}/join`, secondDevice(person)),
      button("Leave", `${path}/leave`, { user_id: person.user_id }),
    ),
  );
  return make("ul", { className: "present" }, ...rows);
}

function waitingList(people, path) {
  const rows = people.map((person) =>
    personRow(
      person.name,
      button("Admit", `${path}/admit`, { user_id: person.user_id }, ""),
      button("Refuse", `${path}/refuse`, { user_id: person.user_id }),
      button("Leave", `${path}/leave`, { user_id: person.user_id }),
    ),
  );
  return make("section", {}, make("h4", { textContent: "In the waiting room" }), make("ul", { className: "present" }, ...rows));
}

function runButtons(meeting, past) {
  const path = meetingPath(meeting);
  const start = meeting.can_start ? [button(past ? "Start again" : "Start", `${path}/start`, {}, "")] : [];
  return meeting.instance ? [button("End for all", `${path}/end`, {}, "danger")] : start;
}

// What is there goes to the trash, from the trash it comes back, and deleted it is gone.
function keptButtons(what, state, path) {
  const act = (text, action, look) => button(`${text} ${what}`, path, { action }, look);
  return {
    there: () => [act("Trash", "trash"), act("Delete", "delete", "danger")],
    trashed: () => [act("Recover", "recover"), act("Delete", "delete", "danger")],
    deleted: () => [],
  }[state]();
}

function recordingButtons(meeting, run) {
  const path = `${meetingPath(meeting)}/recording`;
  if (!run || !meeting.can_record) {
    return [];
  }
  const record = run.recording_now
    ? button("Stop recording", path, { action: "stop" })
    : button("Record", path, { action: "start" });
  const finish = run.recording === "there" ? [] : [button("Finish recording", path, {})];
  const kept = run.recording ? keptButtons("recording", run.recording, path) : [];
  return [...(meeting.instance ? [record] : []), ...finish, ...kept];
}

function summaryButtons(meeting, run) {
  const path = `${meetingPath(meeting)}/summary`;
  if (!run || meeting.instance || !meeting.can_summarize) {
    return [];
  }
  if (run.summary === null) {
    return [button("Finish AI summary", path, {})];
  }
  const share = button("Share AI summary", path, { action: "share", emails: [meeting.host_email] });
  return [...(run.summary === "there" ? [share] : []), ...keptButtons("AI summary", run.summary, path)];
}

function updateMeeting(card, meeting) {
  const path = meetingPath(meeting);
  const running = meeting.instance !== null;
  const people = running ? meeting.instance.participants : [];
  const waiting = running ? meeting.instance.waiting : [];
  const past = meeting.past_instances.at(-1);
  const run = meeting.instance ?? past;
  card.className = running ? "card live" : "card";
  const status = { started: `In progress, ${people.length} in`, waiting: "Not started", ended: "Ended" }[meeting.state];
  const facts = [["ID", grouped(meeting.pmi ?? meeting.id)], ["Passcode", meeting.password || "none"], ["Host", meeting.host_name]];
  if (run?.recording) {
    facts.push(["Recording", KEPT[run.recording]]);
  }
  if (run?.summary) {
    facts.push(["AI summary", KEPT[run.summary]]);
  }
  card.querySelector(".body").replaceChildren(
    make("div", { className: "head" }, make("h3", { textContent: meeting.topic }), make("span", { className: "state", textContent: status })),
    make("div", { className: "facts" }, ...facts.map(([name, value]) => fact(name, value))),
    ...(waiting.length ? [waitingList(waiting, path)] : []),
    presentList(people, path),
  );
  const groups = [["Meeting", runButtons(meeting, past)], ["Recording", recordingButtons(meeting, run)], ["AI summary", summaryButtons(meeting, run)]];
  const shown = groups.filter(([, buttons]) => buttons.length).map(([name, buttons]) => group(name, ...buttons));
  card.querySelector(".groups").replaceChildren(...shown);
  card.querySelector("form").hidden = !running && !meeting.can_start;
  card.querySelector("input[type=checkbox]").checked = meeting.waiting_room;
}

function newMeeting(meeting) {
  const box = make("input", { type: "checkbox" });
  box.addEventListener("change", () => send(meetingPath(meeting), { waiting_room: box.checked }));
  const actions = make("div", { className: "actions" }, joinForm(meeting), make("div", { className: "groups" }));
  return make("article", {}, make("div", { className: "body" }), make("label", { className: "check" }, box, "Waiting room"), actions);
}

function show(state) {
  accountUsers = state.users;
  const meetings = state.meetings.filter((meeting) => meeting.type !== PERSONAL_ROOM);
  const rooms = state.meetings.filter((meeting) => meeting.type === PERSONAL_ROOM).reverse();
  draw(document.getElementById("meetings"), meetings, newMeeting, updateMeeting);
  draw(document.getElementById("rooms"), rooms, newMeeting, updateMeeting);
  document.getElementById("no-meetings").hidden = meetings.length > 0;
  offer(document.getElementById("schedule").elements.person, state.users);
  showPeople(state);
  showPhone(state);
}

onSubmit(document.getElementById("schedule"), async (fields) => {
  const topic = fields.topic.value;
  if (await send("/control/meetings", topic ? { zoom_user_id: fields.person.value, topic } : { zoom_user_id: fields.person.value })) {
    fields.topic.value = "";
  }
});

follow(() => read("/control/state"), show);
