// What a form holds, as plain pairs of name and value, and the way back. The token, the revision and the buttons are left out.
const BESIDE = new Set(["csrfmiddlewaretoken", "revision", "go", "move"]);

export const read = (form) => [...new FormData(form)].filter(([name]) => !BESIDE.has(name));

export const same = (one, other) => JSON.stringify(given(one)) === JSON.stringify(given(other));
const given = (fields) => fields.filter(([, value]) => value !== "").map(String).sort();

export function write(form, fields) {
  for (const control of form.elements) {
    if (!control.name || BESIDE.has(control.name)) continue;
    const values = fields.filter(([name]) => name === control.name).map(([, value]) => value);
    if (control.type === "radio" || control.type === "checkbox") control.checked = values.includes(control.value);
    else control.value = values[0] ?? "";
  }
}
