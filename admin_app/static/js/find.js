// The global search answers while one types: arrows and Enter choose, Enter alone opens the page of all answers.
const PAUSE = 300; // ms; every search is logged, so it waits until the typing rests
const SHORTEST = 2;

const input = document.getElementById("q");
const list = document.getElementById("q-list");
let timer = 0, asked = 0, active = -1;

function row(href, title, detail) {
  const item = document.createElement("li");
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  item.id = `q-${list.children.length}`;
  item.dataset.href = href;
  const name = document.createElement("b");
  name.textContent = title;
  const more = document.createElement("span");
  more.className = "muted";
  more.textContent = detail.filter(Boolean).join(" · ");
  item.append(name, more);
  item.addEventListener("mousedown", (event) => event.preventDefault());
  item.addEventListener("click", () => window.location.assign(href));
  list.append(item);
}

function show(found, text) {
  list.replaceChildren();
  for (const one of found.commands) row(one.url, one.label, [list.dataset.go]);
  for (const one of found.customers) row(one.url, one.name, [one.phone, one.owner]);
  for (const one of found.vehicles) row(one.url, one.model ?? "", [one.plate, one.customer]);
  for (const one of found.complaints) row(one.url, one.number, [list.dataset.complaint, one.customer]);
  for (const one of found.campaigns) row(one.url, one.name, [list.dataset.campaign, one.state]);
  for (const one of found.people) if (one.url) row(one.url, one.name, [list.dataset.staff, one.team, one.role]);
  const title = list.children.length ? list.dataset.every : list.dataset.none;
  row(`${input.form.action}?q=${encodeURIComponent(text)}`, title, [text]);
  mark(-1);
  open(true);
}

function open(yes) {
  list.hidden = !yes;
  input.setAttribute("aria-expanded", String(yes));
  if (!yes) mark(-1);
}

function mark(place) {
  active = place;
  [...list.children].forEach((item, n) => {
    item.classList.toggle("is-active", n === place);
    item.setAttribute("aria-selected", String(n === place));
  });
  if (place < 0) { input.removeAttribute("aria-activedescendant"); return; }
  input.setAttribute("aria-activedescendant", list.children[place].id);
  list.children[place].scrollIntoView({ block: "nearest" });
}

async function look() {
  const text = input.value.trim(), mine = ++asked;
  if (text.length < SHORTEST) { open(false); return; }
  const url = `${input.form.action}?q=${encodeURIComponent(text)}`;
  const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" }).catch(() => null);
  if (mine !== asked || !answer?.ok || document.activeElement !== input) return;
  show(await answer.json(), text);
}

function later(event) {
  clearTimeout(timer);
  if (!event.isComposing) timer = setTimeout(look, PAUSE); // letters of an input method are no search yet
}

function key(event) {
  if (event.isComposing || list.hidden) return;
  const count = list.children.length;
  if (event.key === "ArrowDown") { event.preventDefault(); mark((active + 1) % count); }
  else if (event.key === "ArrowUp") { event.preventDefault(); mark((active < 0 ? count : active + count - 1) % count); }
  else if (event.key === "Enter" && active >= 0) { event.preventDefault(); list.children[active].click(); }
  else if (event.key === "Escape") { event.preventDefault(); open(false); }
}

if (input && list) {
  for (const [name, value] of Object.entries({ role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": list.id })) input.setAttribute(name, value);
  input.addEventListener("input", later);
  input.addEventListener("compositionend", later);
  input.addEventListener("keydown", key);
  input.addEventListener("blur", () => open(false));
}
