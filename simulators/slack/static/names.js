// The list of names that Slack shows from "@" on: arrows choose, Enter, Tab or a click takes a name, Escape closes it.
import { el } from "./dom.js";

const TYPED = /(?:^|\s)@([\w.-]*)$/;
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

/** Let `input` complete the handles of `people()`, each `{ name, real_name }`, from the list `box`. */
export function completeNames(input, box, people) {
  let found = [];
  let at = 0;

  function show(names) {
    found = names;
    at = 0;
    draw();
  }

  function draw() {
    box.replaceChildren(...found.map((person, n) => el("li", {
      role: "option", id: `${box.id}-${n}`, "aria-selected": String(n === at),
      // Not `click`: by then the input has lost the focus, and the list is gone.
      on: { mousedown: (event) => { event.preventDefault(); take(person); } },
    }, el("strong", {}, person.real_name), ` @${person.name}`)));
    box.hidden = !found.length;
    input.setAttribute("aria-expanded", String(found.length > 0));
    if (found.length) input.setAttribute("aria-activedescendant", `${box.id}-${at}`);
    else input.removeAttribute("aria-activedescendant");
  }

  function word() {
    return TYPED.exec(input.value.slice(0, input.selectionStart))?.[1].toLowerCase();
  }

  function matching() {
    const typed = word();
    if (typed === undefined) return [];
    return people().filter((person) => (
      [person.name, ...person.real_name.split(" ")].some((part) => part.toLowerCase().startsWith(typed))));
  }

  function take(person) {
    const end = input.selectionStart;
    input.setRangeText(`${person.name} `, end - word().length, end, "end");
    show([]);
  }

  input.addEventListener("input", () => show(matching()));
  input.addEventListener("blur", () => show([]));
  input.addEventListener("keydown", (event) => {
    if (!found.length) return;
    if (event.key in STEPS) {
      at = (at + STEPS[event.key] + found.length) % found.length;
      draw();
    } else if (event.key === "Enter" || event.key === "Tab") take(found[at]);
    else if (event.key === "Escape") show([]);
    else return;
    event.preventDefault();
  });
}
