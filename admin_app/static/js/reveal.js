// Show one private value: a POST that is logged. Where a reason is missing the server asks for one (status 422).
import { closest, dialog, post, toast } from "./common.js";

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
async function ask(sentence) {
  const sheet = await dialog("reveal-reason");
  if (!sheet) return null;
  const input = sheet.querySelector("input[name=reason]");
  if (sentence) sheet.querySelector("#reveal-say").textContent = sentence;
  input.value = "";
  sheet.returnValue = "";
  sheet.showModal();
  return new Promise((resolve) => {
    sheet.addEventListener("close", () => resolve(sheet.returnValue === "ok" ? input.value.trim() : null), { once: true });
  });
}

/** A call shows the number too: whoever dials on the telephone of the desk reads it off the screen. */
function show(button, value) {
  const masks = [...document.querySelectorAll("[data-mask]")];
  const places = masks.filter((mask) => [...mask.querySelectorAll("[data-reveal-url]")].some((one) => one.dataset.revealUrl === button.dataset.revealUrl));
  if (!places.length && button.hasAttribute("data-call")) places.push(numberIn(button));
  for (const place of places) place.querySelector("[data-value]").textContent = value;
  const field = document.getElementById(button.dataset.fills ?? "");
  if (field) { field.value = value; field.dispatchEvent(new Event("input", { bubbles: true })); }
  document.dispatchEvent(new CustomEvent("revealed", { detail: { button, value } }));
  if (button.hasAttribute("data-call")) { dial(value); return; }
  button.remove();
}

/** Hand the number to the telephone of this device, by a link as pages that add click-to-call expect it. */
function dial(value) {
  const link = document.createElement("a");
  link.href = `tel:${value.replace(/[^\d+]/g, "")}`;
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
}

/** The place for the number on a call button that stands alone. */
function numberIn(button) {
  if (!button.querySelector("[data-value]")) {
    const place = document.createElement("span");
    place.className = "tel";
    place.dataset.value = "";
    button.append(" ", place);
    button.classList.remove("btn-icon");
  }
  return button;
}
