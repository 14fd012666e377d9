// The keys of the due list; ? says what they are. None of them works while somebody types.
const lines = () => [...document.querySelectorAll("a[data-task]")];
const form = () => document.getElementById("log-form");
const typing = (target) => target.closest("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])");
let jump = 0; // a G was pressed: the next key is a jump of shell.js

document.addEventListener("keydown", (event) => {
  if (event.isComposing || document.querySelector("dialog[open]")) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { if (form()) { event.preventDefault(); form().requestSubmit(); } return; }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const jumping = Date.now() - jump < 1200;
  jump = event.key.toLowerCase() === "g" && !jumping ? Date.now() : 0;
  if (jumping || jump) return;
  const work = WORK[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (work && work(event) !== false) event.preventDefault();
});

const WORK = {
  j: () => move(1), k: () => move(-1), ArrowDown: (event) => arrow(event, 1), ArrowUp: (event) => arrow(event, -1),
  Enter: enter, " ": space,
  c: () => press("#task [data-call]"), s: () => press("#task [data-key=s]"), x: () => press("#task [data-key=x]"), a: () => press("#task [data-key=a]"),
  d: () => end("done"), m: () => end("minutes"), n: () => end("missed"), t: () => end("tomorrow"),
  z: () => press("[data-toast] form .btn"),
};
for (let number = 1; number <= 9; number += 1) WORK[number] = () => result(number);

function press(where) {
  const found = document.querySelector(where);
  if (!found) return false;
  found.click();
  return true;
}

function move(step) {
  const all = lines();
  if (!all.length) return false;
  const here = all.findIndex((link) => link.hasAttribute("aria-current"));
  choose(all[Math.min(Math.max(here + step, 0), all.length - 1)], false);
  return true;
}

/** Arrows move among the chips where one of them has the focus. */
function arrow(event, step) {
  return event.target.closest("input, [role=listbox], details, #task") ? false : move(step);
}

function choose(link, open) {
  document.dispatchEvent(new CustomEvent("choose-task", { detail: { link, open } }));
}

/** On a line: into its task. On a chip of the log: save. */
function enter(event) {
  if (event.target.matches("a[data-task]")) { choose(event.target, true); return true; }
  if (event.target.closest("a, button, summary")) return false;
  if (event.target.matches("#log-form input")) { form().requestSubmit(); return true; }
  return false;
}

function space(event) {
  if (!event.target.matches("a[data-task]")) return false;
  const box = event.target.closest("tr").querySelector("input[name=rowid]");
  box?.click();
  return Boolean(box);
}

/** After a call the key saves; before one it chooses, and Enter saves: nobody logs a call by a slip. */
function end(how) {
  const button = document.querySelector(`#task [data-quick=${how}]`);
  if (!button) return false;
  if (!button.closest("[data-after-call]").hidden) { button.click(); return true; }
  const missed = how === "missed" || how === "tomorrow";
  pick("result", missed ? "not_reached" : form().dataset.done);
  if (missed) pick("next", how === "tomorrow" ? "1" : "none");
  form().querySelector("button[type=submit]").focus();
  return true;
}

function pick(name, value) {
  const radio = form().querySelector(`input[name=${name}][value="${value}"]`);
  if (radio && !radio.checked) radio.click();
}

function result(number) {
  const chip = form()?.querySelectorAll("[data-results] input")[number - 1];
  chip?.click();
  chip?.focus({ preventScroll: true });
  return Boolean(chip);
}
