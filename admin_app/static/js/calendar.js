// The calendar: a task is dragged to another day, or moved by its button; the dialog asks for the reason either way.
import { closest, toast } from "./common.js";

const sheet = document.getElementById("cal-dialog");
const past = document.querySelector("[data-past]")?.dataset.past;
let held = null;

/** Ask when and why a task is to be moved; `day` may be empty. */
function ask(item, day) {
  if (!sheet || !item) return;
  const form = sheet.querySelector("form");
  form.elements.id.value = item.dataset.task;
  form.elements.until.value = day;
  sheet.querySelector("[data-who]").textContent = `${item.dataset.name} · ${item.dataset.due}`;
  sheet.showModal();
  form.elements[day ? "reason" : "until"].focus();
}

document.addEventListener("click", (event) => {
  if (closest(event, "[data-move]")) ask(closest(event, "[data-task]"), "");
  if (closest(event, "#cal-dialog [data-close]")) sheet.close();
});

const table = document.querySelector("[data-calendar]");

function mark(cell) {
  for (const one of table.querySelectorAll(".drop")) if (one !== cell) one.classList.remove("drop");
  cell?.classList.add("drop");
}

if (table && sheet) {
  table.addEventListener("dragstart", (event) => {
    held = closest(event, "li[data-task]");
    if (!held) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", held.dataset.task);
  });
  table.addEventListener("dragover", (event) => {
    const cell = held && closest(event, "td[data-day]");
    if (!cell) return;
    event.preventDefault();
    mark(cell.hasAttribute("data-open") ? cell : null);
  });
  table.addEventListener("drop", (event) => {
    const cell = held && closest(event, "td[data-day]");
    if (!cell) return;
    event.preventDefault();
    if (cell.dataset.day !== held.dataset.due) {
      if (cell.hasAttribute("data-open")) ask(held, cell.dataset.day);
      else toast(past);
    }
  });
  table.addEventListener("dragend", () => { held = null; mark(null); });
}
