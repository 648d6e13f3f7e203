"use strict";

// The page of somebody who is in a meeting, or waits before it: others come and go, she is let in, the meeting ends.
async function look() {
  let text;
  try {
    text = await (await fetch(location.href)).text();
  } catch {
    return; // The stream begins anew with the simulator, and then this page looks again.
  }
  const now = new DOMParser().parseFromString(text, "text/html");
  const shown = document.querySelector("main");
  const next = now.querySelector("main");
  // What is read is not all: somebody who left and came back has the same name, and another id in her button.
  if (shown.innerHTML === next.innerHTML) {
    return;
  }
  const held = shown.contains(document.activeElement) ? document.activeElement.textContent : "";
  document.title = now.title;
  shown.replaceChildren(...next.childNodes);
  [...shown.querySelectorAll("button")].find((button) => button.textContent === held)?.focus();
}

live(look);
