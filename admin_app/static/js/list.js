// A generated list: choose rows, act on the chosen, filters, and ask before anything is deleted.
import { closest } from "./common.js";

const bulk = document.querySelector("[data-bulk]");
const all = document.querySelector(".action-rowtoggle");
const boxes = [...document.querySelectorAll(".action-checkbox")];

function count() {
  const chosen = boxes.filter((box) => box.checked);
  if (bulk) {
    bulk.hidden = chosen.length === 0;
    bulk.querySelector("[data-count]").textContent = chosen.length;
  }
  for (const box of boxes) box.closest("tr").classList.toggle("table-active", box.checked);
  if (all) {
    all.checked = chosen.length > 0 && chosen.length === boxes.length;
    all.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
  }
}

all?.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; count(); });
for (const box of boxes) box.addEventListener("change", count);
bulk?.querySelector("[data-clear]")?.addEventListener("click", () => { for (const box of boxes) box.checked = false; count(); });
window.addEventListener("pageshow", count);

// Deleting goes through the one form of the page; the dialog names the row.
const dialog = document.getElementById("confirm");
const remove = document.getElementById("delete-form");

function ask(sentence, onYes) {
  dialog.querySelector("[data-sentence]").textContent = sentence;
  dialog.returnValue = "";
  dialog.showModal();
  dialog.addEventListener("close", () => { if (dialog.returnValue === "yes") onYes(); }, { once: true });
}

document.addEventListener("click", (event) => {
  const button = closest(event, "[data-delete]");
  if (button && remove) {
    event.preventDefault();
    const name = button.dataset.name ?? button.closest("tr").querySelector(".is-title").textContent.trim();
    ask(dialog.dataset.ask.replace("{name}", name), () => { remove.elements.id.value = button.dataset.delete; remove.requestSubmit(); });
  }
  const act = closest(event, "[data-action]");
  if (act) {
    event.preventDefault();
    const run = () => send(act.dataset.action);
    const chosen = boxes.filter((box) => box.checked).length;
    if (act.dataset.sentence) ask(act.dataset.sentence.replace("{n}", chosen), run);
    else run();
  }
});

function send(name) {
  const form = document.getElementById("action-form");
  for (const old of form.querySelectorAll("[name=rowid]")) old.remove();
  form.elements.action.value = name;
  for (const box of boxes) if (box.checked) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "rowid", value: box.value }));
  form.requestSubmit();
}

// Editing from a list comes back to the list as it is.
document.addEventListener("click", (event) => {
  const link = closest(event, "[data-back]");
  if (link && !link.search.includes("url=")) link.search += `&url=${encodeURIComponent(location.pathname + location.search)}`;
});

// The filter form shows only the control of the chosen filter.
const filter = document.querySelector("[data-filter-form]");
if (filter) {
  const pick = filter.querySelector("[data-filter-pick]");
  const sync = () => {
    for (const part of filter.querySelectorAll("[data-filter]")) {
      const on = part.dataset.filter === pick.value;
      part.hidden = !on;
      for (const control of part.querySelectorAll("input, select")) control.disabled = !on;
    }
  };
  pick.addEventListener("change", sync);
  sync();
}
