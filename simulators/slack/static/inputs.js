// The fields of a modal: how each kind is drawn, and what a person has put into it.
import { el } from "./dom.js";

const LINES = { datepicker: "date", timepicker: "time", number_input: "number", url_text_input: "url" };
const MEMBERS = {
  users_select: "selected_user", conversations_select: "selected_conversation", channels_select: "selected_channel",
  datepicker: "selected_date", timepicker: "selected_time",
};

/** Draw an input block. Which field it is stands on the element that holds its value. */
export function inputBlock(block, context) {
  const id = `in-${block.block_id}`;
  const hint = block.hint ? el("p", { class: "note", id: `${id}-hint` }, block.hint.text) : null;
  const field = {
    id, name: block.block_id, "data-action": block.element.action_id, "data-kind": block.element.type,
    "aria-describedby": hint ? hint.id : null,
  };
  if (block.element.type === "radio_buttons") return radioButtons(block, field, hint);
  return el("div", { class: "block input" },
    el("label", { for: id }, block.label.text), control(block, { ...field, required: !block.optional }, context), hint);
}

function control(block, field, context) {
  const item = block.element;
  const choices = choicesOf(item, context);
  if (choices) {
    const chosen = item.initial_option?.value
      ?? (item.default_to_current_conversation ? context.here() : item.initial_user ?? item.initial_conversation);
    return el("select", field, choices.map((c) => el("option", { value: c.value, selected: c.value === chosen }, c.label)));
  }
  const limited = { ...field, maxlength: item.max_length, placeholder: item.placeholder?.text };
  if (item.multiline) return el("textarea", limited, item.initial_value ?? "");
  const value = item.initial_value ?? item.initial_date ?? item.initial_time;
  return el("input", { ...limited, type: LINES[item.type] ?? "text", value, autocomplete: "off" });
}

/** What a menu offers; null for a field that is typed. Nobody is chosen before somebody chooses. */
function choicesOf(item, context) {
  if (item.options) return item.options.map((option) => ({ value: option.value, label: option.text.text }));
  if (item.type === "users_select") return [{ value: "", label: "Choose a person" }, ...context.people()];
  if (["conversations_select", "channels_select"].includes(item.type)) {
    return [{ value: "", label: "Choose a conversation" }, ...context.conversations()];
  }
  return null;
}

function radioButtons(block, field, hint) {
  const item = block.element;
  const name = `choice-${block.block_id}`;
  return el("fieldset", { ...field, class: "block input" },
    el("legend", {}, block.label.text),
    item.options.map((option) => el("label", { class: "check" },
      el("input", {
        type: "radio", name, value: option.value, required: !block.optional,
        checked: option.value === item.initial_option?.value,
      }), option.text.text)),
    hint);
}

/** What the fields in `box` hold, as a modal that is sent says it. */
export function valuesIn(box) {
  const values = {};
  for (const field of box.querySelectorAll("[data-action]")) {
    values[field.getAttribute("name")] = { [field.dataset.action]: valueOf(field) };
  }
  return values;
}

function valueOf(field) {
  const type = field.dataset.kind;
  if (type === "radio_buttons") return { type, selected_option: chosen(field.querySelector(":checked")?.value) };
  if (type === "static_select") return { type, selected_option: chosen(field.value) };
  return { type, [MEMBERS[type] ?? "value"]: field.value || null };
}

function chosen(value) {
  return value ? { value } : null;
}

/** Say beside each field what is wrong with it, and go to the first. `answer` is what the app answered. */
export function showErrors(box, answer) {
  const errors = errorsIn(answer);
  for (const field of box.querySelectorAll("[data-action]")) {
    const wrong = errors[field.getAttribute("name")];
    field.parentNode.querySelector(`#${CSS.escape(field.id)}-error`)?.remove();
    field.removeAttribute("aria-invalid");
    if (!wrong) continue;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-errormessage", `${field.id}-error`);
    field.after(el("p", { role: "alert", id: `${field.id}-error` }, wrong));
  }
  box.querySelector("[aria-invalid]")?.focus();
}

function errorsIn(answer) {
  try {
    return JSON.parse(answer)?.errors ?? {};
  } catch {
    return {}; // it may be anything
  }
}

/** Draw fields in `box`. What was put into a field stays in that of the same block and action. */
export function keepingInputs(box, drawIt) {
  const fields = () => [...box.querySelectorAll("[data-action]")].flatMap((field) => (
    field.matches("fieldset") ? [...field.querySelectorAll("input")] : [field]));
  const key = (field) => JSON.stringify([
    field.name, field.dataset.action, field.type, field.type === "radio" ? field.value : null]);
  const held = new Map(fields().map((field) => [key(field), field]));
  drawIt();
  for (const field of fields()) {
    const before = held.get(key(field));
    if (before && field.type === "radio") field.checked = before.checked;
    else if (before) field.value = before.value;
  }
}
