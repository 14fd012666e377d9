// Show one private value: a POST that is logged. Where a reason is missing the server asks for one (status 422).
import { closest, post, toast } from "./common.js";

document.addEventListener("click", async (event) => {
  const button = closest(event, "[data-reveal-url]");
  if (!button) return;
  event.preventDefault();
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    const value = await reveal(button.dataset.revealUrl);
    if (value !== null) show(button, value);
  } catch {
    toast(document.querySelector("[data-offline]")?.dataset.offline);
  } finally {
    button.removeAttribute("aria-busy");
  }
});

async function reveal(url) {
  let answer = await post(url, {});
  while (answer.status === 422) {
    const reason = await ask(answer.data.error);
    if (!reason) return null;
    answer = await post(url, { reason });
  }
  if (answer.status === 200) return answer.data.value;
  toast(answer.data.error ?? String(answer.status));
  return null;
}

/** Ask for a reason in the dialog of the page; null when it was closed. */
function ask(sentence) {
  const dialog = document.getElementById("reveal-reason");
  if (!dialog) return Promise.resolve(null);
  const input = dialog.querySelector("input[name=reason]");
  if (sentence) dialog.querySelector("#reveal-say").textContent = sentence;
  input.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "ok" ? input.value.trim() : null), { once: true });
  });
}

function show(button, value) {
  const place = button.closest("[data-mask]")?.querySelector("[data-value]");
  if (place) place.textContent = value;
  const field = document.getElementById(button.dataset.fills ?? "");
  if (field) { field.value = value; field.dispatchEvent(new Event("input", { bubbles: true })); }
  document.dispatchEvent(new CustomEvent("revealed", { detail: { button, value } }));
  if (button.hasAttribute("data-call")) { window.location.href = `tel:${value.replace(/[^\d+]/g, "")}`; return; }
  button.remove();
}
