// Dialogs of Slack's own: a list of shortcuts, and the question before a press that counts.
import { el } from "./dom.js";
import { textObject } from "./mrkdwn.js";

/** Offer the app's shortcuts in the dialog `box`; `use(shortcut)` is called with the one that is chosen. */
export function offerShortcuts(box, title, shortcuts, use) {
  box.querySelector("h2").textContent = title;
  box.querySelector(".list").replaceChildren(...shortcuts.map((shortcut) => el("button", {
    type: "button",
    // Closed first: what had the focus has it again, and a modal that the app opens comes on top.
    on: { click: () => { box.close(); use(shortcut); } },
  }, shortcut.name)));
  box.showModal();
}

/** Ask in the dialog `box` what a button's `confirm` asks; resolves to whether the person said yes. */
export function confirmed(box, question, names) {
  box.querySelector("h2").replaceChildren(...textObject(question.title, names));
  box.querySelector("p").replaceChildren(...textObject(question.text, names));
  const [no, yes] = box.querySelectorAll("button");
  no.textContent = question.deny.text;
  yes.textContent = question.confirm.text;
  yes.className = question.style === "danger" ? "danger" : "primary";
  box.returnValue = "";
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener("close", () => resolve(box.returnValue === "yes"), { once: true });
  });
}
