// A generated list: choose rows, act on the chosen, filters, and ask before anything is deleted.
import { closest, dialog, token } from "./common.js";

const screen = () => location.pathname.replace(/details\/$/, "");
const back = () => location.pathname + location.search;

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

/** The box that chooses a row, the link to its form, the button that deletes it. */
function furnish(row, key, name) {
  if (row.dataset.fixed !== undefined) return;  // another's to change
  const { choose, edit, drop, picks, acts } = table.dataset;
  if (picks !== undefined) {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", className: "action-checkbox", value: key });
    box.setAttribute("aria-label", `${choose} ${name}`);
    row.cells[0].className = "pick";
    row.cells[0].append(box);
  }
  if (acts === undefined) return;
  const place = row.cells[row.cells.length - 1];
  place.className = "acts";
  if (edit) {
    const link = Object.assign(document.createElement("a"), { className: "row-edit", href: `${screen()}edit/?id=${key}` });
    link.setAttribute("aria-label", `${edit} ${name}`);
    place.append(link);
  }
  if (drop) {
    const remover = button("btn btn-ghost btn-sm btn-icon hide-s", `${drop} ${name}`, "shape-trash");
    remover.dataset.delete = key;
    place.append(remover);
  }
}

/** A private value, and the button that asks for the whole of it. */
function veil(cell, field, label, key, name) {
  if (!cell.textContent.includes("*")) return;
  const mask = Object.assign(document.createElement("span"), { className: "mask" });
  const value = Object.assign(document.createElement("span"), { className: "tel", textContent: cell.textContent });
  mask.append(value);
  cell.replaceChildren(mask);
  if (!table.dataset.show) return;
  const eye = button("btn btn-ghost", table.dataset.show.replace("{field}", label).replace("{name}", name), "shape-eye");
  eye.dataset.revealUrl = `${screen()}../reveal/?table=${table.dataset.table}&id=${key}&field=${field}`;
  value.dataset.value = mask.dataset.mask = "";
  mask.append(eye);
}

for (const row of table?.tBodies[0].rows ?? []) {
  const link = row.querySelector("th a"), key = new URLSearchParams(link.search).get("id");
  furnish(row, key, link.textContent);
  for (const [place, heading] of headings.entries()) if (heading.dataset.field) veil(row.cells[place], heading.dataset.field, heading.textContent.trim(), key, link.textContent);
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

async function ask(sentence, onYes) {
  const sheet = await dialog("confirm");
  if (!sheet) return;
  sheet.querySelector("[data-sentence]").textContent = sentence(sheet);
  sheet.returnValue = "";
  sheet.showModal();
  sheet.addEventListener("close", () => { if (sheet.returnValue === "yes") onYes(); }, { once: true });
}

document.addEventListener("click", (event) => {
  const remover = closest(event, "[data-delete]");
  if (remover) {
    event.preventDefault();
    const name = remover.dataset.name ?? remover.closest("tr").querySelector("th").textContent.trim();
    ask((sheet) => sheet.dataset.ask.replace("{name}", name), () => send("delete", [["id", remover.dataset.delete]]));
  }
  const act = closest(event, "[data-action]");
  if (act) {
    event.preventDefault();
    const run = () => send("action", [["action", act.dataset.action], ...boxes.filter((box) => box.checked).map((box) => ["rowid", box.value])]);
    const chosen = boxes.filter((box) => box.checked).length;
    if (act.dataset.sentence) ask(() => act.dataset.sentence.replace("{n}", chosen), run);
    else run();
  }
});

/** Post to an address of this screen, and come back to the list as it is. */
function send(verb, fields) {
  const form = Object.assign(document.createElement("form"), { method: "post", action: `${screen()}${verb}/`, hidden: true });
  for (const [name, value] of [...fields, ["url", back()], ["csrf_token", token()]]) form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  document.body.append(form);
  form.requestSubmit();
}

// Editing from a list comes back to the list as it is.
document.addEventListener("click", (event) => {
  const link = closest(event, ".row-edit, [data-back]");
  if (link && !link.search.includes("url=")) link.search += `&url=${encodeURIComponent(back())}`;
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
