"use strict";

// The phone part of the board. page.js has what all parts use; board.js calls showPhone.
const ENDINGS = [
  ["Decline", "decline"],
  ["No answer", "no-answer"],
  ["Busy", "busy"],
  ["Cancel", "cancel"],
  ["Voicemail", "voicemail"],
];
const RESULTS = {
  answered: "Ended",
  rejected: "Declined",
  no_answer: "Not answered",
  busy: "Busy",
  canceled: "Cancelled",
  voicemail: "Went to voicemail",
};

function partyText(party) {
  return [party.name, party.number || party.extension_number].filter(Boolean).join(", ");
}

function lineFact(person) {
  if (!person.has_phone) {
    return fact("Phone", "none");
  }
  const line = [`extension ${person.extension_number}`, person.phone_number || "no number"];
  return fact("Phone", [...line, person.outside_calls ? "calls outside" : "no calling plan"].join(", "));
}

function callPath(call) {
  return `/control/phone/calls/${call.call_id}`;
}

function newCall(call) {
  const input = make("input", { maxLength: 16, required: true, autocomplete: "off", placeholder: "1003", inputMode: "tel" });
  const form = make("form", {}, make("label", {}, "Put through to", input), make("button", { textContent: "Transfer", className: "quiet" }));
  onSubmit(form, () => {
    send(`${callPath(call)}/transfer`, { to: input.value });
    input.value = "";
  });
  const actions = make("div", { className: "actions" }, form, make("div", { className: "buttons" }));
  return make("article", {}, make("div", { className: "body" }), actions);
}

function updateCall(card, call) {
  const path = callPath(call);
  const status = { ringing: "Rings", connected: "Connected", ended: RESULTS[call.result] }[call.state];
  const title = `${partyText(call.caller)} calls ${partyText(call.callee)}`;
  const times = [["Rang", call.ring_time], ["Answered", call.answer_time], ["Over", call.end_time]].filter(([, time]) => time);
  card.className = call.state === "ended" ? "card" : "card live";
  card.querySelector(".body").replaceChildren(
    make("div", { className: "head" }, make("h3", { textContent: title }), make("span", { className: "state", textContent: status })),
    make("div", { className: "facts" }, ...times.map(([name, time]) => fact(name, time.slice(11, 19)))),
  );
  const buttons = {
    ringing: () => [button("Answer", `${path}/answer`, {}, ""), ...ENDINGS.map(([text, action]) => button(text, `${path}/${action}`))],
    connected: () => [button("Hang up", `${path}/hang-up`, {}, "danger")],
    ended: () => [],
  }[call.state]();
  card.querySelector(".buttons").replaceChildren(...buttons);
  card.querySelector("form").hidden = call.state !== "connected";
  card.querySelector(".actions").hidden = call.state === "ended";
}

// A form's choice survives what happens meanwhile: the people are put in again only when others have a line.
function offer(select, people) {
  const shown = [...select.options].map((option) => `${option.value} ${option.textContent}`).join("\n");
  if (shown !== people.map((person) => `${person.id} ${person.display_name}`).join("\n")) {
    const kept = select.value;
    select.replaceChildren(...people.map((person) => make("option", { value: person.id, textContent: person.display_name })));
    select.value = people.some((person) => person.id === kept) ? kept : (people[0]?.id ?? "");
  }
}

function showPhone(state) {
  const calls = state.calls.map((call) => ({ ...call, id: call.call_id }));
  draw(document.getElementById("calls"), calls, newCall, updateCall);
  document.getElementById("no-calls").hidden = calls.length > 0;
  const people = state.users.filter((user) => user.has_phone);
  offer(document.getElementById("dial").elements.person, people);
  offer(document.getElementById("incoming").elements.person, people.filter((user) => user.phone_number));
}

function onCall(id, path, body) {
  onSubmit(document.getElementById(id), (fields) => send(path, body(fields.person.value, fields.number.value)));
}

onCall("dial", "/control/phone/calls", (person, number) => ({ caller: person, to: number }));
onCall("incoming", "/control/phone/calls/incoming", (person, number) => ({ from: number, to: person }));
