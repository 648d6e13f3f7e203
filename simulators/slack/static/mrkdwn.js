// Slack's mrkdwn as DOM nodes: entities, mentions, links, dates, *bold*, _italic_, ~strike~, `code`.
import { el, link } from "./dom.js";

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
const unescape = (text) => text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);

// One alternative per construct; the boundaries keep snake_case and 2*3*4 as they are.
const TOKEN = /```([\s\S]+?)```|`([^`\n]+)`|<([^<>\n]+)>|(?<![\w*])\*(\S|\S[^*\n]*?\S)\*(?![\w*])|(?<![\w_])_(\S|\S[^_\n]*?\S)_(?![\w_])|(?<![\w~])~(\S|\S[^~\n]*?\S)~(?![\w~])/g;

/** Render mrkdwn. `names` finds the name of a user or channel id. Returns an array of nodes. */
export function mrkdwn(text, names) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    nodes.push(...plain(text.slice(end, match.index)));
    const [, pre, code, entity, bold, italic, strike] = match;
    if (pre !== undefined) nodes.push(el("pre", {}, unescape(pre)));
    else if (code !== undefined) nodes.push(el("code", {}, unescape(code)));
    else if (entity !== undefined) nodes.push(reference(entity, names));
    else if (bold !== undefined) nodes.push(el("strong", {}, ...mrkdwn(bold, names)));
    else if (italic !== undefined) nodes.push(el("em", {}, ...mrkdwn(italic, names)));
    else nodes.push(el("s", {}, ...mrkdwn(strike, names)));
    end = match.index + match[0].length;
  }
  nodes.push(...plain(text.slice(end)));
  return nodes;
}

/** Render a text object, mrkdwn or plain. */
export function textObject(text, names) {
  if (text.type === "plain_text") return plain(text.text, (value) => value);
  return mrkdwn(text.text, names);
}

function plain(text, decode = unescape) {
  return text.split("\n").flatMap((line, n) => (n ? [el("br"), decode(line)] : [decode(line)]));
}

function reference(entity, names) {
  const [target, ...rest] = entity.split("|");
  const label = rest.length ? unescape(rest.join("|")) : null;
  if (target.startsWith("@") || target.startsWith("#")) {
    const name = names(target.slice(1)) ?? (label || target.slice(1));
    return el("span", { class: "mention" }, target[0] + name);
  }
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!")) return el("span", { class: "mention" }, "@" + (label ?? target.slice(1).split("^")[0]));
  const url = unescape(target);
  return link(url, label ?? url);
}

function date(target, fallback) {
  const [, seconds, format, url] = target.split("^");
  const moment = new Date(Number(seconds) * 1000);
  if (!format || Number.isNaN(moment.getTime())) return document.createTextNode(fallback ?? "");
  const style = (options) => moment.toLocaleString(undefined, options);
  const tokens = {
    date_num: () => style({ year: "numeric", month: "2-digit", day: "2-digit" }),
    date: () => style({ dateStyle: "long" }),
    date_short: () => style({ dateStyle: "medium" }),
    date_long: () => style({ dateStyle: "full" }),
    date_pretty: () => style({ dateStyle: "long" }),
    date_short_pretty: () => style({ dateStyle: "medium" }),
    date_long_pretty: () => style({ dateStyle: "full" }),
    time: () => style({ timeStyle: "short" }),
    time_secs: () => style({ timeStyle: "medium" }),
    ago: () => style({ dateStyle: "medium", timeStyle: "short" }),
  };
  const text = unescape(format).replace(/\{(\w+)\}/g, (whole, name) => (tokens[name] ? tokens[name]() : whole));
  const node = el("time", { datetime: moment.toISOString(), title: fallback }, text);
  return url ? link(unescape(url), node) : node;
}
