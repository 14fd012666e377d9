// The columns of a list: moving one needs no new page. Without this file the buttons reload the list.
import { closest } from "./common.js";

const form = document.querySelector("[data-columns]");

form?.addEventListener("click", (event) => {
  const button = closest(event, "[data-move]");
  if (!button) return;
  event.preventDefault();
  const row = button.closest("li");
  const down = button.dataset.move === "1";
  const other = down ? row.nextElementSibling : row.previousElementSibling;
  if (!other || other.classList.contains("is-title") || !other.querySelector("[data-move]")) return;
  if (down) other.after(row); else other.before(row);
  button.focus();
});
