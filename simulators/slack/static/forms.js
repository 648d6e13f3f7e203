// Reading forms.

/** What the fields of a form hold: numbers, booleans and texts by name. What is hidden or empty is left out. */
export function fieldsOf(form) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name || field.closest("[hidden]")) continue;
    if (field.type === "checkbox") values[field.name] = field.checked;
    else if (field.value !== "") values[field.name] = field.type === "number" ? Number(field.value) : field.value;
  }
  return values;
}
