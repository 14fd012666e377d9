// A follow-up rule: what belongs to its trigger is shown with it, and what the rule would cost follows the typing.
import { token } from "./common.js";

const PAUSE = 900;
const trigger = document.querySelector("[data-trigger]");
const panel = document.querySelector("[data-preview]");
const form = panel?.closest("form");

if (trigger) {
  const fit = () => { for (const one of document.querySelectorAll("[data-of]")) one.hidden = !one.dataset.of.split(" ").includes(trigger.value); };
  trigger.addEventListener("change", fit);
  fit();
}

if (form) {
  const place = panel.querySelector("[data-preview-place]");
  let timer = 0, turn = 0, live = false;
  const ask = async () => {
    const mine = ++turn, fields = new FormData(form);
    fields.set("part", "1");
    place.setAttribute("aria-busy", "true");
    const answer = await fetch(panel.dataset.preview, {
      method: "POST", body: new URLSearchParams(fields), credentials: "same-origin", headers: { "X-CSRFToken": token() },
    }).catch(() => null);
    if (!answer || mine !== turn) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    place.replaceChildren(...page.body.childNodes);
    place.removeAttribute("aria-busy");
  };
  panel.querySelector("[data-preview-go]").addEventListener("click", (event) => {
    event.preventDefault();
    live = true;
    ask();
  });
  const soon = () => { if (live) { clearTimeout(timer); timer = setTimeout(ask, PAUSE); } };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
}
