// The quick log: a draft is kept on this device until it is saved; the next date follows the result until one is chosen.
const PREFIX = "caredesk-log-";
const KEPT_DAYS = 3;
const NOT_KEPT = new Set(["csrf_token", "key", "customer", "followup", "back"]);

tidy();
for (const form of document.querySelectorAll("form[data-log]")) attach(form);
document.addEventListener("task-shown", () => { for (const form of document.querySelectorAll("#task form[data-log]")) attach(form); });

function attach(form) {
  const name = PREFIX + form.dataset.log;
  const own = form.querySelector("[data-own]");
  const refused = form.querySelector("[role=alert]");
  let chosen = false;

  const showOwn = () => { if (own) own.hidden = form.elements.next?.value !== "own"; };
  if (!refused) chosen = restore(form, name);
  showOwn();

  form.addEventListener("change", (event) => {
    if (event.target.name === "next") chosen = true;
    if (event.target.name === "result" && !chosen) follow(form, event.target.value);
    if (event.target.name === "next" && event.target.value === "own") queueMicrotask(() => form.elements.own?.focus());
    showOwn();
  });
  form.addEventListener("input", () => keep(form, name));
  form.addEventListener("submit", () => keep(form, name));
}

/** Not reached: tomorrow again. Wants no calls: none. */
function follow(form, result) {
  const pick = (value) => { const radio = form.querySelector(`input[name=next][value="${value}"]`); if (radio) radio.checked = true; };
  const usual = form.querySelector("input[name=next][value=rule]") ? "rule" : "7";
  if (form.dataset.noNext?.split(" ").includes(result)) pick("none");
  else if (form.dataset.retry?.split(" ").includes(result)) pick("1");
  else pick(usual);
}

function keep(form, name) {
  const fields = [...new FormData(form)].filter(([key]) => !NOT_KEPT.has(key));
  try {
    localStorage.setItem(name, JSON.stringify({ at: Date.now(), fields }));
    for (const sign of form.querySelectorAll("[data-draft]")) sign.hidden = false;
  } catch { /* a full or closed store loses the draft, not the form */ }
}

/** Put a kept draft back; answers whether there was one with a chosen next date. */
function restore(form, name) {
  const draft = read(name);
  if (!draft) return false;
  for (const box of form.querySelectorAll("input[type=checkbox], input[type=radio]")) {
    const values = draft.fields.filter(([key]) => key === box.name).map(([, value]) => value);
    box.checked = values.includes(box.value);
  }
  for (const [key, value] of draft.fields) {
    const control = form.elements[key];
    if (control && !(control instanceof RadioNodeList) && !["checkbox", "radio"].includes(control.type)) control.value = value;
  }
  const fold = form.querySelector("details.fold");
  if (fold) fold.open ||= [...fold.querySelectorAll("input")].some((input) => input.value && input.name !== "gift_count");
  for (const sign of form.querySelectorAll("[data-draft]")) sign.hidden = false;
  return true;
}

function read(name) {
  try { return JSON.parse(localStorage.getItem(name) ?? "null"); } catch { return null; }
}

/** A saved draft goes, and so does one that is old or of somebody else on this device. */
function tidy() {
  const here = new URL(window.location.href);
  const saved = here.searchParams.get("saved");
  const person = document.querySelector("[data-person]")?.dataset.person ?? document.querySelector("form[data-log]")?.dataset.log.split("-")[0];
  const names = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  for (const name of names) {
    const [whose, ...what] = name.slice(PREFIX.length).split("-");
    const old = Date.now() - (read(name)?.at ?? 0) > KEPT_DAYS * 86_400_000;
    if (old || (person && whose !== person) || (saved && what.join("-") === saved)) localStorage.removeItem(name);
  }
  if (saved) {
    here.searchParams.delete("saved");
    history.replaceState(null, "", here);
  }
}
