// The quick log: a draft is kept on this device until it is saved; the next date follows the result until one is chosen.
import { keep, restore, tidy } from "./draft.js";

tidy();
for (const form of document.querySelectorAll("form[data-log]")) attach(form);
document.addEventListener("task-shown", () => { for (const form of document.querySelectorAll("#task form[data-log]")) attach(form); });

function attach(form) {
  const own = form.querySelector("[data-own]");
  const refused = form.querySelector("[role=alert]");
  let chosen = false;

  const showOwn = () => { if (own) own.hidden = form.elements.next?.value !== "own"; };
  if (!refused) chosen = restore(form);
  showOwn();

  form.addEventListener("change", (event) => {
    if (event.target.name === "next") chosen = true;
    if (event.target.name === "result" && !chosen) follow(form, event.target.value);
    if (event.target.name === "next" && event.target.value === "own") queueMicrotask(() => form.elements.own?.focus());
    showOwn();
  });
  form.addEventListener("filled", () => { chosen = true; showOwn(); });
  form.addEventListener("input", () => keep(form));
  form.addEventListener("submit", () => keep(form));
}

/** Not reached: tomorrow again. Wants no calls: none. */
function follow(form, result) {
  const pick = (value) => { const radio = form.querySelector(`input[name=next][value="${value}"]`); if (radio) radio.checked = true; };
  const usual = form.querySelector("input[name=next][value=rule]") ? "rule" : "7";
  if (form.dataset.noNext?.split(" ").includes(result)) pick("none");
  else if (form.dataset.retry?.split(" ").includes(result)) pick("1");
  else pick(usual);
}
