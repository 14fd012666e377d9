// A link to another record: type to look it up, choose with arrows or a press. Without script the number can be typed.
let serial = 0;

for (const box of document.querySelectorAll("[data-link]")) attach(box);

export function attach(box) {
  const input = box.querySelector("input[type=search]");
  const hidden = box.querySelector("input[type=hidden]");
  const clear = box.querySelector("[data-link-clear]");
  const list = box.querySelector("[role=listbox]");
  let options = [], active = -1, asked = 0, timer = 0, chosen = input.value;

  async function look() {
    const mine = ++asked;
    const url = new URL(box.dataset.link, window.location.origin);
    url.searchParams.set("query", input.value === chosen ? "" : input.value.trim());
    const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" }).catch(() => null);
    if (mine !== asked || !answer) return;
    show(answer.ok ? await answer.json() : []);
  }

  function show(rows) {
    options = rows;
    active = -1;
    list.replaceChildren(...rows.map(([id, label]) => {
      const item = document.createElement("li");
      item.id = `${list.id}-${++serial}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(String(id) === hidden.value));
      item.textContent = label;
      item.addEventListener("mousedown", (event) => { event.preventDefault(); choose(id, label); });
      return item;
    }));
    if (!rows.length) {
      const none = document.createElement("li");
      none.className = "muted";
      none.textContent = box.dataset.none;
      list.append(none);
    }
    open(true);
  }

  function open(yes) {
    list.hidden = !yes;
    input.setAttribute("aria-expanded", String(yes));
    if (!yes) input.removeAttribute("aria-activedescendant");
  }

  function choose(id, label) {
    hidden.value = id;
    input.value = chosen = label;
    if (clear) clear.hidden = id === "";
    open(false);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function move(step) {
    if (!options.length) return;
    active = (active + step + options.length) % options.length;
    [...list.children].forEach((item, n) => item.classList.toggle("is-active", n === active));
    const item = list.children[active];
    item.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", item.id);
  }

  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 180); });
  input.addEventListener("focus", () => input.select());
  input.addEventListener("click", () => { if (list.hidden) look(); });
  input.addEventListener("blur", () => {
    open(false);
    if (input.value.trim() === "") choose("", "");
    else if (input.value !== chosen) input.value = chosen;
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); if (list.hidden) look(); else move(1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); move(-1); }
    else if (event.key === "Enter" && !list.hidden && active >= 0) { event.preventDefault(); choose(...options[active]); }
    else if (event.key === "Escape" && !list.hidden) { event.stopPropagation(); open(false); }
  });
  clear?.addEventListener("click", () => { choose("", ""); input.focus(); });
}
