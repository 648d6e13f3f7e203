// Hearing of changes by server-sent events, for as long as somebody sees the page.
const AGAIN_MS = 3000;

/** Call `changed` whenever something may look different, and `away(true)` or `away(false)` as the simulator goes and comes. */
export function watch(address, changed, away) {
  let source = null;
  let seen = null;

  function open() {
    if (document.hidden || (source && source.readyState !== EventSource.CLOSED)) return;
    source = new EventSource(address);
    source.addEventListener("message", (event) => {
      away(false);
      if (event.lastEventId === seen) return;
      seen = event.lastEventId;
      changed();
    });
    source.addEventListener("error", () => {
      away(true);
      seen = null;
      // The browser comes back by itself after a broken connection, and not after a refusal.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, AGAIN_MS);
    });
  }

  // A browser has few connections to one address: a tab that nobody sees gives its own back.
  document.addEventListener("visibilitychange", () => (document.hidden ? source?.close() : open()));
  open();
}
