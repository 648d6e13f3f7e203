"use strict";

// Accounts, apps and people: plans, settings, phone lines, and what an admin or the person does to the app.
const PLANS = [[1, "Basic"], [2, "Licensed"], [4, "Without Meetings"]];
const PMI_RULES = [["all", "Always"], ["jbh_only", "Only when people may join before the host"], ["none", "Never"]];
const SWITCHES = [
  ["personal_meeting", "Personal Meeting ID"],
  ["use_pmi_for_instant_meetings", "Use Personal Meeting ID for instant meetings"],
  ["use_pmi_for_scheduled_meetings", "Use Personal Meeting ID when scheduling"],
  ["require_password_for_instant_meetings", "Passcode for instant meetings"],
  ["require_password_for_scheduling_new_meetings", "Passcode for scheduled meetings"],
  ["embed_password_in_join_link", "Passcode in the join link"],
  ["join_before_host", "Join before the host"],
  ["waiting_room", "Waiting room"],
  ["cloud_recording", "Cloud recording"],
  ["meeting_summary", "AI summary"],
  ["zoom_phone", "Zoom Phone"],
  ["outside_calls", "Phone calls outside"],
];

function valueOf(person, name) {
  return person.settings[name] ?? person[name];
}

function setting(person, name, text) {
  const box = make("input", { type: "checkbox", name });
  box.addEventListener("change", () => send(`/control/users/${person.id}`, { [name]: box.checked }));
  return make("label", { className: "check" }, box, text);
}

function choice(person, name, text, pairs, read) {
  const select = make("select", { name }, ...options(pairs));
  select.addEventListener("change", () => send(`/control/users/${person.id}`, { [name]: read(select.value) }));
  return make("label", {}, text, select);
}

function passcodeForm(person) {
  const input = make("input", { name: "pmi_password", maxLength: 10, required: true, autocomplete: "off", pattern: "[A-Za-z0-9@_*!\\-]{1,10}" });
  const form = make("form", { className: "row" }, make("label", {}, "Passcode of the personal room", input), make("button", { textContent: "Save", className: "quiet" }));
  onSubmit(form, () => send(`/control/users/${person.id}`, { pmi_password: input.value }));
  return form;
}

function newPerson(person) {
  return make(
    "article",
    { className: "card" },
    make("h3", { textContent: person.display_name }),
    make("p", { className: "muted", textContent: `${person.email}, ${person.account_name}` }),
    make("div", { className: "facts" }),
    choice(person, "type", "Plan", PLANS, Number),
    make(
      "details",
      {},
      make("summary", { textContent: "Settings" }),
      choice(person, "require_password_for_pmi_meetings", "Passcode for the personal room", PMI_RULES, String),
      passcodeForm(person),
      ...SWITCHES.map(([name, text]) => setting(person, name, text)),
    ),
    make("p", { className: "muted apps" }),
    make("div", { className: "buttons" }),
  );
}

function updatePerson(card, person) {
  const passcode = person.settings.pmi_password;
  card.querySelector(".facts").replaceChildren(fact("PMI", grouped(person.pmi)), fact("Passcode", passcode), lineFact(person));
  for (const control of card.querySelectorAll("input, select")) {
    if (control.type === "checkbox") {
      control.checked = valueOf(person, control.name);
    } else if (control !== document.activeElement) {
      control.value = String(valueOf(person, control.name));
    }
  }
  card.querySelector(".apps").textContent = person.apps.length ? `Added: ${person.apps.join(", ")}` : "Has not added the app";
  const who = { zoom_user_id: person.id };
  const buttons = [
    button("Let tokens expire", "/control/tokens/expire", who, "quiet small"),
    button("Revoke tokens", "/control/tokens/revoke", who, "quiet small"),
    button("Remove the app", "/control/uninstall", who, "danger small"),
  ];
  card.querySelector(".buttons").replaceChildren(...(person.apps.length ? buttons : []));
}

function approval(account, app, text) {
  const box = make("input", { type: "checkbox", name: app });
  box.addEventListener("change", () => send("/control/approval", { app, approved: box.checked, account_id: account.id }));
  return make("label", { className: "check" }, box, text);
}

function newAccount(account) {
  const phone = make("input", { type: "checkbox", name: "phone_enabled" });
  phone.addEventListener("change", () => send(`/control/accounts/${account.id}`, { phone_enabled: phone.checked }));
  return make(
    "article",
    { className: "card" },
    make("h3", { textContent: account.name }),
    make("p", { className: "muted" }),
    make("label", { className: "check" }, phone, "Zoom Phone"),
    approval(account, "user", "People may add the app"),
    approval(account, "account", "Admins may add the app for everybody"),
  );
}

function updateAccount(card, account) {
  card.querySelector(".muted").textContent = account.people.join(", ");
  card.querySelector("[name=phone_enabled]").checked = account.phone_enabled;
  for (const app of ["user", "account"]) {
    card.querySelector(`[name=${app}]`).checked = account.approved_apps.includes(app);
  }
}

// Whoever has added the app before has to do so again before it may do more.
function newApp(app) {
  const change = (what) => send("/control/apps", { app: app.level, ...what });
  const suffix = app.level === "account" ? ":admin" : "";
  const published = make("input", { type: "checkbox", name: "published" });
  published.addEventListener("change", () => change({ published: published.checked }));
  const check = make("button", { type: "button", textContent: "Check its endpoint", className: "quiet small" });
  check.addEventListener("click", async () => {
    const found = await send("/control/webhooks/validate", { app: app.level });
    if (found) {
      say(found.ok ? "The endpoint answers as it has to." : `The endpoint fails: ${found.problem}.`);
    }
  });
  const summaries = make("input", { type: "checkbox", name: "summaries", value: `meeting:read:summary${suffix}` });
  const card = make(
    "article",
    { className: "card" },
    make("h3", { textContent: app.name }),
    make("p", { className: "muted", textContent: app.level === "account" ? "An admin adds it for the account." : "Each person adds it." }),
    make("label", { className: "check" }, published, "Published"),
    make("label", { className: "check" }, summaries, "Asks for AI summaries"),
    make("div", { className: "buttons" }, check),
  );
  summaries.addEventListener("change", () => {
    const others = card.scopes.filter((scope) => scope !== summaries.value);
    change({ scopes: summaries.checked ? [...others, summaries.value] : others });
  });
  return card;
}

function updateApp(card, app) {
  card.scopes = app.scopes;
  card.querySelector("[name=published]").checked = app.published;
  const summaries = card.querySelector("[name=summaries]");
  summaries.checked = app.scopes.includes(summaries.value);
}

function showPeople(state) {
  const apps = (id) => state.grants.filter((grant) => grant.zoom_user_id === id).map((grant) => `${grant.app} app`);
  const names = Object.fromEntries(state.accounts.map((account) => [account.id, account.name]));
  const of = (account) => state.users.filter((user) => user.account_id === account.id).map((user) => user.display_name);
  const accounts = state.accounts.map((account) => ({ ...account, people: of(account) }));
  const people = state.users.map((user) => ({ ...user, apps: apps(user.id), account_name: names[user.account_id] }));
  draw(document.getElementById("accounts"), accounts, newAccount, updateAccount);
  draw(document.getElementById("apps"), state.apps.map((app) => ({ ...app, id: app.level })), newApp, updateApp);
  draw(document.getElementById("people"), people, newPerson, updatePerson);
}
