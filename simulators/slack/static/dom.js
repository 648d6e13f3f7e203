// Small helpers to build pages. Text always becomes a text node: nothing foreign is ever parsed as HTML.

/** Make an element: `attributes` are set as such (false and null are left out), `children` are nodes or strings. */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") {
      for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    } else if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(key, value === true ? "" : value);
    }
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

const ICONS = {
  lock: "M5 7V5a3 3 0 0 1 6 0v2h1v7H4V7zm1.5 0h3V5a1.5 1.5 0 0 0-3 0z",
  eye: "M8 3C4.5 3 2 6 1 8c1 2 3.5 5 7 5s6-3 7-5c-1-2-3.5-5-7-5zm0 2a3 3 0 1 1 0 6 3 3 0 0 1 0-6zm0 1.7a1.3 1.3 0 1 0 0 2.6 1.3 1.3 0 0 0 0-2.6z",
};

/** A small picture in the colour of the text: drawn, because not every machine has a font with emoji. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Make `box` hold exactly `nodes`; those that are in place already are not touched, so focus and selection stay. */
export function settle(box, nodes) {
  nodes.forEach((node, n) => {
    if (box.children[n] !== node) box.insertBefore(node, box.children[n] ?? null);
  });
  while (box.children.length > nodes.length) box.lastElementChild.remove();
}

/** What the keyboard reaches. */
export const FOCUSABLE = "a[href], button, input, select, textarea";

/** Draw in `box`. If what has the focus goes, what says the same has it afterwards, else what stands in its place. */
export function keepingFocus(box, drawIt) {
  const held = box.contains(document.activeElement) ? document.activeElement : null;
  const place = [...box.querySelectorAll(FOCUSABLE)].indexOf(held);
  drawIt();
  if (!held || held.isConnected) return;
  const nodes = [...box.querySelectorAll(FOCUSABLE)];
  const same = nodes.map((node, n) => ({ node, away: Math.abs(n - place) }))
    .filter(({ node }) => node.textContent === held.textContent).sort((a, b) => a.away - b.away);
  (same[0]?.node ?? nodes[place] ?? box).focus();
}

/** The address if a browser may follow it, else null: apps link to their own schemes, but never to scripts. */
export function safeUrl(url) {
  try {
    const { protocol } = new URL(url);
    return ["javascript:", "data:", "vbscript:", "blob:", "file:"].includes(protocol) ? null : url;
  } catch {
    return null;
  }
}

/** A link that opens in its own tab, or plain text if the address cannot be followed. */
export function link(url, label, attributes = {}) {
  const safe = safeUrl(url);
  if (!safe) return el("span", {}, label);
  return el("a", { href: safe, target: "_blank", rel: "noopener noreferrer", ...attributes }, label);
}

/** Ask the simulator; returns the JSON answer. Throws an Error with Slack's error word. */
export async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const content = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, { method, ...content });
  const answer = await response.json();
  if (!response.ok) throw new Error([answer.error, ...(answer.messages ?? [])].join(": "));
  return answer;
}
