// A chip puts its words into the field that it names; the same chip again takes them away.
import { closest } from "./common.js";

document.addEventListener("click", (event) => {
  const chip = closest(event, "[data-fills][data-words]");
  if (!chip) return;
  const field = document.getElementById(chip.dataset.fills);
  if (!field) return;
  field.value = field.value === chip.dataset.words ? "" : chip.dataset.words;
  show(field);
  field.focus();
});
document.addEventListener("input", (event) => { if (event.target.id) show(event.target); });

function show(field) {
  for (const chip of document.querySelectorAll("[data-fills][data-words]")) {
    if (chip.dataset.fills === field.id) chip.setAttribute("aria-pressed", String(chip.dataset.words === field.value));
  }
}
