// What every page can do: keys, menus that close, toasts that go, forms that are sent once.
import { closest, dialog, toast } from "./common.js";
import "./find.js";
import "./outbox.js";
import "./reveal.js";

const search = document.getElementById("q");
const typing = (target) => target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
const go = Object.fromEntries((document.querySelector("[data-jumps]")?.dataset.jumps ?? "").split(" ").filter(Boolean).map((one) => [one[0], one.slice(1)]));
let waiting = false; // a G was pressed and its second key is awaited

document.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && key === "k") return focusSearch(event);
  if (event.key === "Escape") return closeMenus(null, true);
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (key === "/") return focusSearch(event);
  if (event.key === "?") return open("keys");
  if (waiting && go[key]) { window.location.assign(go[key]); return; }
  waiting = key === "g";
  if (waiting) setTimeout(() => { waiting = false; }, 1200);
  if (key === "n") document.querySelector("[data-new]")?.click();
});

function focusSearch(event) {
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
}

async function open(id) {
  const found = await dialog(id);
  if (found && !found.open) found.showModal();
}

// Menus are <details>; one is open at a time, a press elsewhere or Escape closes it.
function closeMenus(except, back = false) {
  for (const menu of document.querySelectorAll("details.pop[open]")) {
    if (menu === except) continue;
    menu.open = false;
    if (back) menu.querySelector("summary").focus();
  }
}

document.addEventListener("click", (event) => {
  closeMenus(closest(event, "details.pop"));
  const opener = closest(event, "[data-open]");
  if (opener) open(opener.dataset.open);
  if (closest(event, "[data-close]")) closest(event, "dialog")?.close("cancel");
  if (closest(event, "[data-dismiss-toast]")) closest(event, ".toast-bar").remove();
  const sheet = event.target;
  if (sheet instanceof HTMLDialogElement && outside(event, sheet)) sheet.close("cancel");
});

function outside(event, sheet) {
  const box = sheet.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

// A form is sent once: its buttons rest until the answer is here, or the page is shown again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  if (form.method !== "post" || form.hasAttribute("data-many")) return;
  form.dataset.sent = "1";
  setTimeout(() => { for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true"); });
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
});

for (const bar of document.querySelectorAll("[data-toast]")) {
  if (!bar.querySelector("form")) setTimeout(() => bar.remove(), 6000);
}
window.addEventListener("offline", () => document.querySelector("form[data-log]") || toast(document.querySelector("[data-offline]")?.dataset.offline));
