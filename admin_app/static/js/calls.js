// A call leaves the page for the phone; on return its log waits: in the panel of the due list, else on its own page.
// The desk's own telephone leaves nothing: there the panel is ready at once.
import { closest } from "./common.js";

const KEPT = "caredesk-call"; // the call under way, so that a page that the phone has dropped finds it again
const LONGEST = 600; // minutes
let waiting = "";
let call = null; // {task, at, back: when the person was back}

const sheet = () => document.querySelector("#task [data-after-call]");
const task = () => document.getElementById("task")?.dataset.number ?? "";
const minutes = () => Math.min(LONGEST, Math.max(1, Math.ceil((Date.now() - call.at) / 60_000)));

document.addEventListener("revealed", (event) => {
  const button = event.detail.button;
  if (!button.hasAttribute("data-call")) return;
  if (button.dataset.log) waiting = button.dataset.log;
  else if (button.closest("#task") && sheet()) begin();
});

document.addEventListener("visibilitychange", returned);
window.addEventListener("focus", returned);
document.addEventListener("task-shown", resume);
setInterval(tick, 1000);
resume();

function returned() {
  if (document.visibilityState !== "visible") return;
  if (waiting) {
    const target = waiting;
    waiting = "";
    window.location.assign(target);
    return;
  }
  if (!call || !sheet() || sheet().hidden || call.shown) return;
  call.shown = true;
  show();
}

function begin() {
  call = { task: task(), at: Date.now() };
  try { sessionStorage.setItem(KEPT, JSON.stringify(call)); } catch { /* then the panel is lost with the page */ }
  show();
}

/** The panel of a call that was begun before this page, or another task, was shown. */
function resume() {
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null"); } catch { /* no store: no call */ }
  const old = !kept || Date.now() - kept.at > LONGEST * 60_000;
  call = !old && kept.task === task() ? kept : null;
  if (call && sheet()) show();
}

function show() {
  const place = sheet();
  place.hidden = false;
  tick();
  place.scrollIntoView({ block: "nearest" });
  place.focus({ preventScroll: true });
}

function tick() {
  const place = sheet();
  if (!call || !place || place.hidden) return;
  const seconds = Math.max(0, Math.floor((Date.now() - call.at) / 1000));
  place.querySelector("[data-clock]").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  place.querySelector("[data-minutes]").textContent = minutes();
}

// One press says how it ended; next contact and notes are taken as they stand in the form.
document.addEventListener("click", (event) => {
  const button = closest(event, "[data-quick]");
  const form = button?.closest("form");
  if (!form) return;
  const missed = ["missed", "tomorrow"].includes(button.dataset.quick);
  if (missed) pick(form, "result", "not_reached");
  else if (!form.elements.result.value || unreached(form)) pick(form, "result", form.dataset.done);
  if (button.dataset.quick === "missed") pick(form, "next", "none");
  if (button.dataset.quick === "tomorrow") pick(form, "next", "1");
  if (button.dataset.quick === "minutes" && call) form.elements.call_minutes.value = minutes();
  form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id !== "log-form" || !call) return;
  sessionStorage.removeItem(KEPT);
});

const unreached = (form) => ["not_reached", "wrong_number"].includes(form.elements.result.value);

function pick(form, name, value) {
  const radio = form.querySelector(`input[name=${name}][value="${value}"]`);
  if (radio) radio.checked = true;
}
