// The due list: choose rows, and work through the queue by keyboard.
import { closest } from "./common.js";

const boxes = [...document.querySelectorAll("#bulk-form input[name=rowid]")];
const all = document.querySelector("#bulk-form [data-all]");
const bulk = document.querySelector("[data-bulk]");

function count() {
  const chosen = boxes.filter((box) => box.checked).length;
  if (bulk) {
    bulk.hidden = chosen === 0;
    bulk.querySelector("[data-count]").textContent = chosen;
  }
  if (all) {
    all.checked = chosen > 0 && chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  }
}

all?.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; count(); });
for (const box of boxes) box.addEventListener("change", count);
bulk?.querySelector("[data-clear]")?.addEventListener("click", () => { for (const box of boxes) box.checked = false; count(); });
window.addEventListener("pageshow", count);

// A press anywhere on a line opens its task.
document.querySelector(".queue tbody")?.addEventListener("click", (event) => {
  if (closest(event, "a, input, button, label, .pick")) return;
  closest(event, "tr")?.querySelector("a[data-task]")?.click();
});

// J K C 1–8 S and Ctrl-Enter.
const log = document.getElementById("log-form");
const links = [...document.querySelectorAll("a[data-task]")];

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && log) { event.preventDefault(); log.requestSubmit(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog") || document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase();
  const here = links.findIndex((link) => link.hasAttribute("aria-current"));
  if (key === "j") links[Math.min(here + 1, links.length - 1)]?.click();
  else if (key === "k") links[Math.max(here - 1, 0)]?.click();
  else if (key === "c") document.querySelector("#task [data-call]")?.click();
  else if (key === "s") later(event);
  else if (/^[1-9]$/.test(key)) log?.querySelectorAll("[data-results] input")[Number(key) - 1]?.click();
});

function later(event) {
  const menu = document.querySelector("[data-later]");
  if (!menu) return;
  event.preventDefault();
  menu.open = true;
  menu.querySelector("input[name=reason]")?.focus();
}
