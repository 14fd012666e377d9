// A form of fields: warns before typed words are lost, Ctrl-S saves, shows passwords and the caps lock, keeps a draft count.
import { closest } from "./common.js";

const form = document.querySelector("form[data-form]");
let leaving = false;

if (form) {
  const before = new Map();
  for (const field of fields()) before.set(field, value(field));
  const say = form.querySelector("[data-changed]");
  const dirty = () => fields().filter((field) => before.get(field) !== value(field)).length;
  const tell = () => {
    const n = dirty();
    if (say) say.textContent = n ? say.dataset.changed.replace("{n}", n) : "";
  };
  form.addEventListener("input", tell);
  form.addEventListener("change", tell);
  form.addEventListener("submit", () => { leaving = true; });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && (dirty() || form.hasAttribute("data-refused"))) event.preventDefault();
  });
  window.addEventListener("pageshow", () => { leaving = false; });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      form.requestSubmit(form.querySelector("[data-save]") ?? undefined);
    }
  });
  form.querySelector("[aria-invalid=true]")?.focus();
}

function fields() {
  return [...form.elements].filter((one) => one.name && one.type !== "hidden" && one.name !== "csrf_token");
}
function value(field) {
  return field.type === "checkbox" || field.type === "radio" ? String(field.checked) : field.value;
}

document.addEventListener("click", (event) => {
  const eye = closest(event, "[data-show-password]");
  if (!eye) return;
  const input = document.getElementById(eye.dataset.showPassword);
  const shown = input.type === "text";
  input.type = shown ? "password" : "text";
  eye.setAttribute("aria-pressed", String(!shown));
});

for (const input of document.querySelectorAll("[data-caps]")) {
  const hint = document.getElementById(input.dataset.caps);
  input.addEventListener("keyup", (event) => { if (event.getModifierState) hint.hidden = !event.getModifierState("CapsLock"); });
}

// A demo sign-in fills the form and sends it.
document.addEventListener("click", (event) => {
  const role = closest(event, "[data-sign-in]");
  if (!role) return;
  event.preventDefault();
  const into = document.getElementById("sign-in");
  into.elements.username.value = role.dataset.signIn;
  into.elements.password.value = role.dataset.password;
  into.requestSubmit();
});
