"use strict";

// Calls `update` at once and whenever something changed in the simulator. What nobody looks at does not listen: a browser
// keeps six connections to one address, and open pages would use them up.
const REOPEN_MILLISECONDS = 5000;

function live(update, silent = () => {}) {
  let stream = null;

  function close() {
    stream?.close();
    stream = null;
  }

  function open() {
    close();
    if (document.hidden) {
      return;
    }
    const mine = new EventSource("/control/stream");
    stream = mine;
    mine.addEventListener("message", update);
    mine.addEventListener("error", () => {
      silent();
      // A browser tries again by itself, but not after a refusal.
      if (mine.readyState === EventSource.CLOSED && stream === mine) {
        setTimeout(open, REOPEN_MILLISECONDS);
      }
    });
  }

  document.addEventListener("visibilitychange", open);
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => event.persisted && open());
  open();
}
