// The due list: choose rows for a change of several, and go from task to task without leaving the page.
import { closest, toast } from "./common.js";
import "./followup_keys.js";

const boxes = [...document.querySelectorAll("#bulk-form input[name=rowid]")];
const all = document.querySelector("#bulk-form [data-all]");
const whole = document.querySelector("#bulk-form [data-whole]");
const bulk = document.querySelector("[data-bulk]");
const everything = bulk?.querySelector("[data-everything]");

function count() {
  const chosen = boxes.filter((box) => box.checked).length;
  const full = chosen > 0 && chosen === boxes.length;
  if (whole && !full) whole.value = "";
  if (bulk) {
    bulk.hidden = chosen === 0;
    bulk.querySelector("[data-count]").textContent = whole?.value ? everything.dataset.everything : chosen;
  }
  if (everything) everything.hidden = !full || Boolean(whole.value);
  if (all) {
    all.checked = full;
    all.indeterminate = chosen > 0 && !full;
  }
}

all?.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; count(); });
for (const box of boxes) box.addEventListener("change", count);
bulk?.querySelector("[data-clear]")?.addEventListener("click", () => { for (const box of boxes) box.checked = false; count(); });
everything?.addEventListener("click", () => { whole.value = "1"; count(); });
window.addEventListener("pageshow", count);

// ---------------------------------------------------------------- from task to task

const wide = window.matchMedia("(min-width: 992px)"); // list and panel side by side
let asked = 0; // the newest request for a panel; answers to older ones are dropped
let pause = 0;

document.querySelector(".queue tbody")?.addEventListener("click", (event) => {
  const link = closest(event, "a[data-task]") ?? (closest(event, "a, input, button, label, .pick") ? null : closest(event, "tr")?.querySelector("a[data-task]"));
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (!wide.matches) { if (!closest(event, "a[data-task]")) link.click(); return; }
  event.preventDefault();
  choose(link, 0);
});

// The keys ask for a task by this event: {link, open}. `open`: into the panel.
document.addEventListener("choose-task", (event) => choose(event.detail.link, event.detail.open ? 0 : 120, event.detail.open));

/** Light the line at once; its panel comes when the person has stopped moving. */
function choose(link, after, open = false) {
  for (const one of document.querySelectorAll("a[data-task]")) {
    one.toggleAttribute("aria-current", false);
    one.closest("tr").classList.remove("is-on");
  }
  link.setAttribute("aria-current", "true");
  link.closest("tr").classList.add("is-on");
  link.focus({ preventScroll: true });
  link.closest("tr").scrollIntoView({ block: "nearest" });
  clearTimeout(pause);
  const number = ++asked;
  if (link.href.includes(`task=${document.getElementById("task")?.dataset.number}#`)) { if (open) into(); return; }
  document.getElementById("task")?.setAttribute("aria-busy", "true");
  pause = setTimeout(() => load(link, number, open), after);
}

async function load(link, number, open) {
  let page;
  try {
    const answer = await fetch(link.href, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    if (number === asked) toast(document.querySelector("[data-offline]")?.dataset.offline);
    return;
  }
  const fresh = page.getElementById("task");
  if (number !== asked || !fresh) return;
  document.getElementById("task").replaceWith(document.adoptNode(fresh));
  history.replaceState(null, "", link.href.split("#")[0]);
  document.dispatchEvent(new CustomEvent("task-shown"));
  if (open) into();
}

function into() {
  document.querySelector("#task [data-call], #task .focus-foot .btn")?.focus();
}

// The line in hand is in sight and has the focus when the page comes back from a save.
if (wide.matches) {
  const here = document.querySelector("a[data-task][aria-current]");
  here?.closest("tr").scrollIntoView({ block: "nearest" });
  if (document.activeElement === document.body && document.querySelector("[data-toast]")) here?.focus({ preventScroll: true });
}
