// Hearing of changes by server-sent events, for as long as the page is open.
const AGAIN_MS = 3000;

/** Call `changed` whenever something may look different, and `away(true)` or `away(false)` as the simulator goes and comes. */
export function watch(address, changed, away) {
  const source = new EventSource(address);
  let seen = null;
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
    if (source.readyState === EventSource.CLOSED) setTimeout(() => watch(address, changed, away), AGAIN_MS);
  });
}
