// What was typed into a form that is not sent yet: kept by person, customer and task, for three days, on this device.
const PREFIX = "caredesk-log-";
const KEPT_DAYS = 3;
const NOT_KEPT = new Set(["csrf_token", "key", "customer", "followup", "visit", "back"]);
const PHONE = /(?<!\d)((?:\+?86[\s-]?)?1[3-9]\d)[\s-]?\d{4}[\s-]?(\d{4})(?!\d)/g;

/** A draft lies open in the browser, so it never holds a whole phone number. */
const masked = (text) => text.replace(PHONE, "$1****$2");

export const nameOf = (form) => PREFIX + form.dataset.log;

export function keep(form) {
  const fields = [...new FormData(form)].filter(([key, value]) => !NOT_KEPT.has(key) && typeof value === "string").map(([key, value]) => [key, masked(value)]);
  try {
    localStorage.setItem(nameOf(form), JSON.stringify({ at: Date.now(), fields }));
    say(form);
  } catch { /* a full or closed store loses the draft, not the form */ }
}

export function forget(form) {
  try { localStorage.removeItem(nameOf(form)); } catch { /* nothing was kept */ }
}

/** Put a kept draft back; answers whether there was one. */
export function restore(form) {
  const draft = read(nameOf(form));
  if (!draft) return false;
  fill(form, draft.fields);
  say(form);
  return true;
}

/** Fill a form with [name, value] pairs as FormData gives them. */
export function fill(form, fields) {
  for (const box of form.querySelectorAll("input[type=checkbox], input[type=radio]")) {
    const values = fields.filter(([key]) => key === box.name).map(([, value]) => value);
    box.checked = values.includes(box.value);
  }
  for (const [key, value] of fields) {
    const control = form.elements[key];
    if (control && !(control instanceof RadioNodeList) && !["checkbox", "radio", "file"].includes(control.type)) control.value = value;
  }
  for (const fold of form.querySelectorAll("details.fold")) {
    fold.open ||= [...fold.querySelectorAll("input:not([type=checkbox], [type=radio], [type=file]), textarea, select")].some((input) => input.value && input.value !== input.defaultValue && input.name !== "gift_count");
  }
}

function say(form) {
  for (const sign of form.querySelectorAll("[data-draft]")) sign.hidden = false;
}

function read(name) {
  try { return JSON.parse(localStorage.getItem(name) ?? "null"); } catch { return null; }
}

const names = () => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));

/** Every draft of a person goes when she signs out. */
export function clear(person) {
  for (const name of names()) if (name.slice(PREFIX.length).split("-")[0] === person) localStorage.removeItem(name);
}

/** A saved draft goes, and so does one that is old or of somebody else on this device. */
export function tidy() {
  const here = new URL(window.location.href);
  const saved = here.searchParams.get("saved");
  const person = document.querySelector("[data-person]")?.dataset.person;
  for (const name of names()) {
    const [whose, ...what] = name.slice(PREFIX.length).split("-");
    const old = Date.now() - (read(name)?.at ?? 0) > KEPT_DAYS * 86_400_000;
    if (old || (person && whose !== person) || (saved && what.join("-") === saved)) localStorage.removeItem(name);
  }
  if (saved) {
    here.searchParams.delete("saved");
    history.replaceState(null, "", here);
  }
}
