// The merge page: take all of one side.
import { closest } from "./common.js";

document.addEventListener("click", (event) => {
  const button = closest(event, "[data-take]");
  if (!button) return;
  for (const radio of document.querySelectorAll(`input[type=radio][data-side="${button.dataset.take}"]`)) radio.checked = true;
});
