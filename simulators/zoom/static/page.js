"use strict";

// What the board and the controls have in common: elements, requests, and parts that are drawn anew only when they changed.
const drawn = new Map();
let redraw = async () => {};

function make(tag, props = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
}

function say(text) {
  document.getElementById("status").textContent = text;
}

// Gives the answer, or null for what was refused, which is said on the page.
async function send(path, body = {}, method = "POST") {
  let given = null;
  try {
    const answer = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json" },
      body: method === "POST" ? JSON.stringify(body) : undefined,
    });
    const found = await answer.json();
    given = answer.ok ? found : null;
    say(answer.ok ? "" : found.error);
  } catch {
    say("The simulator does not answer.");
  }
  await redraw();
  return given;
}

function button(text, path, body, look = "quiet") {
  const node = make("button", { type: "button", textContent: text, className: look });
  node.addEventListener("click", () => send(path, body));
  return node;
}

function group(name, ...buttons) {
  const node = make("div", { className: "buttons" }, ...buttons);
  node.setAttribute("role", "group");
  node.setAttribute("aria-label", name);
  return node;
}

function fact(name, value) {
  return make("span", {}, `${name} `, make("b", { textContent: value }));
}

function options(pairs) {
  return pairs.map(([value, text]) => make("option", { value, textContent: text }));
}

function onSubmit(form, act) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(form.elements);
  });
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

async function read(address) {
  return (await fetch(address)).json();
}

// Keeps a page up to date with what `load` finds: one look at a time, and one more for all that came meanwhile.
function follow(load, show) {
  let looking = null;
  let missed = false;
  async function look() {
    try {
      do {
        missed = false;
        show(await load());
      } while (missed);
    } catch {
      say("The simulator does not answer.");
    } finally {
      looking = null;
    }
  }
  redraw = () => {
    missed = looking !== null;
    looking ??= look();
    return looking;
  };
  let silent = false;
  live(
    () => {
      if (silent) {
        say("");
      }
      silent = false;
      redraw();
    },
    () => {
      silent = true;
      say("The simulator does not answer.");
    },
  );
}
