// A generated list: choose rows, act on the chosen, filters, and ask before anything is deleted.
import { closest } from "./common.js";

// What only this script can use is made here, not sent with every row.
const table = document.querySelector("table.model-list");
const headings = table ? [...table.querySelectorAll("thead th")] : [];

function button(css, label, shape) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = css;
  made.setAttribute("aria-label", label);
  made.append(Object.assign(document.createElement("i"), { className: shape }));
  return made;
}

for (const row of table?.tBodies[0].rows ?? []) {
  const name = row.querySelector("th").textContent, { choose, drop, show } = table.dataset;
  const pick = row.querySelector(".pick"), acts = row.querySelector(".acts");
  if (pick) {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", className: "action-checkbox", value: row.dataset.id });
    box.setAttribute("aria-label", `${choose} ${name}`);
    pick.append(box);
  }
  if (acts && drop) {
    const remover = button("btn btn-ghost btn-sm btn-icon hide-s", `${drop} ${name}`, "shape-trash");
    remover.dataset.delete = row.dataset.id;
    acts.append(remover);
  }
  for (const mask of show ? row.querySelectorAll("[data-field]") : []) {
    const eye = button("btn btn-ghost", show.replace("{field}", headings[mask.closest("td").cellIndex].textContent).replace("{name}", name), "shape-eye");
    eye.dataset.revealUrl = `/admin/reveal/?table=${table.dataset.table}&id=${row.dataset.id}&field=${mask.dataset.field}`;
    const value = Object.assign(document.createElement("span"), { className: "tel", textContent: mask.textContent });
    value.dataset.value = "";
    mask.dataset.mask = "";
    mask.replaceChildren(value, eye);
  }
}

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
    const name = button.dataset.name ?? button.closest("tr").querySelector("th").textContent.trim();
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
  const link = closest(event, ".row-edit, [data-back]");
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
