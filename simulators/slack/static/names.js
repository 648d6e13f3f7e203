// The list that Slack shows of names from "@" on, and of commands from "/" on: arrows choose, Enter, Tab or a click
// takes one, Escape closes it.
import { el } from "./dom.js";

const NAME = /(?:^|\s)@([\w.-]*)$/;
const COMMAND = /^\/[\w-]*$/;
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

/**
 * Let `input` complete, from the list `box`, the handles of `people()`, each `{ name, real_name }`, and those of
 * `commands()`, each `{ command, hint, description }`.
 */
export function completeNames(input, box, people, commands) {
  let found = [];
  let at = 0;

  function show(choices) {
    found = choices;
    at = 0;
    draw();
  }

  function draw() {
    box.replaceChildren(...found.map((choice, n) => el("li", {
      role: "option", id: `${box.id}-${n}`, "aria-selected": String(n === at),
      // Not `click`: by then the input has lost the focus, and the list is gone.
      on: { mousedown: (event) => { event.preventDefault(); take(choice); } },
    }, el("strong", {}, choice.shown), ` ${choice.more}`)));
    box.setAttribute("aria-label", COMMAND.test(input.value) ? "Commands" : "People");
    box.hidden = !found.length;
    input.setAttribute("aria-expanded", String(found.length > 0));
    if (found.length) input.setAttribute("aria-activedescendant", `${box.id}-${at}`);
    else input.removeAttribute("aria-activedescendant");
  }

  /** What can stand in the place of the word before the cursor. */
  function matching() {
    const typed = input.value.slice(0, input.selectionStart);
    if (COMMAND.test(typed)) return commandsFor(typed);
    const name = NAME.exec(typed)?.[1].toLowerCase();
    return name === undefined ? [] : namesFor(name);
  }

  function commandsFor(typed) {
    const choices = commands().filter(({ command }) => command.startsWith(typed));
    // What is typed in full is sent with Enter.
    if (choices.some(({ command }) => command === typed)) return [];
    return choices.map(({ command, hint, description }) => (
      { shown: command, more: `${hint} · ${description}`, text: `${command} `, instead: typed.length }));
  }

  function namesFor(typed) {
    return people()
      .filter((person) => [person.name, ...person.real_name.split(" ")].some((part) => part.toLowerCase().startsWith(typed)))
      .map((person) => ({ shown: person.real_name, more: `@${person.name}`, text: `${person.name} `, instead: typed.length }));
  }

  function take(choice) {
    const end = input.selectionStart;
    input.setRangeText(choice.text, end - choice.instead, end, "end");
    show([]);
    input.dispatchEvent(new Event("input"));
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

/** Say in `place` how the command in `input` is used, as long as one of `commands()` is typed there. */
export function hintUsage(input, place, commands) {
  input.addEventListener("input", () => {
    const [word] = input.value.split(/\s/, 1);
    const known = commands().find(({ command }) => command === word);
    const usage = known ? `${known.command} ${known.hint}` : "";
    if (place.textContent !== usage) place.textContent = usage;
  });
}
