// Lines of field, operator and value: operators that fit the field, values to tick, lines to add and remove, live size.
import { closest, post } from "./common.js";

const PAUSE = 500;
for (const set of document.querySelectorAll("[data-clauses]")) begin(set);

function begin(set) {
  const spec = JSON.parse(set.dataset.clauses);
  const add = set.querySelector("[data-clause-add]");
  const blank = set.querySelector("[data-spare]").cloneNode(true);
  for (const spare of set.querySelectorAll("[data-spare]")) spare.remove();
  for (const line of set.querySelectorAll("[data-clause]")) dress(line);
  add.hidden = false;
  add.addEventListener("click", () => {
    const line = blank.cloneNode(true);
    add.before(line);
    dress(line);
    line.querySelector("select").focus();
  });
  set.addEventListener("click", (event) => {
    const drop = closest(event, "[data-clause-drop]");
    if (!drop) return;
    drop.closest("[data-clause]").remove();
    add.focus();
    set.dispatchEvent(new Event("input", { bubbles: true }));
  });

  function dress(line) {
    const [field, op] = ["clause_field", "clause_op"].map((name) => line.querySelector(`[name=${name}]`));
    line.querySelector("[data-clause-drop]").hidden = false;
    field.addEventListener("change", () => { offer(line, field, op); line.querySelector("[name=clause_value]").value = ""; draw(line, field, op); });
    op.addEventListener("change", () => draw(line, field, op));
    offer(line, field, op);
    draw(line, field, op);
  }

  function offer(line, field, op) {
    const known = spec.fields[field.value];
    op.hidden = !known;
    if (!known) return;
    const before = op.value;
    op.replaceChildren(...known.ops.map((name) => new Option(spec.words[name], name)));
    if (known.ops.includes(before)) op.value = before;
  }

  /** Values are ticked or chosen where the field offers them; the text field holds what is sent. */
  function draw(line, field, op) {
    const known = spec.fields[field.value], takes = known ? spec.ops[op.value] : "none";
    const place = line.querySelector(".clause-value"), input = place.querySelector("[name=clause_value]");
    for (const one of place.querySelectorAll("[data-pick]")) one.remove();
    input.hidden = false;
    input.type = "text";
    place.hidden = takes === "none";
    if (takes === "none") { input.value = ""; return; }
    const number = takes === "days" || takes === "count";
    input.inputMode = number ? "numeric" : "";
    if (known.kind === "day" && !number) input.type = "date";
    if (number) unit(place, takes === "days" ? spec.days : known.unit);
    else if (known.offered.length && takes === "many") ticks(place, input, [...known.offered, ...(known.none ? [spec.none] : [])]);
    else if (known.offered.length) choice(place, input, known.offered);
  }

  function unit(place, word) {
    const text = document.createElement("span");
    text.dataset.pick = "";
    text.className = "muted";
    text.textContent = word;
    place.append(text);
  }

  function ticks(place, input, offered) {
    const chosen = new Set(input.value.split(/[,，、;；]+/).map((one) => one.trim()));
    if (chosen.has(input.value.trim())) chosen.add(input.value.trim());
    const box = document.createElement("div");
    box.dataset.pick = "";
    box.className = "chips";
    for (const word of offered) {
      const label = document.createElement("label"), tick = document.createElement("input"), said = document.createElement("span");
      label.className = "chip";
      tick.type = "checkbox";
      tick.checked = chosen.has(word);
      tick.dataset.word = word;
      said.textContent = word;
      label.append(tick, said);
      box.append(label);
    }
    box.addEventListener("change", () => {
      input.value = [...box.querySelectorAll("input:checked")].map((one) => one.dataset.word).join(spec.between);
    });
    input.hidden = true;
    place.append(box);
  }

  function choice(place, input, offered) {
    const list = document.createElement("select");
    list.dataset.pick = "";
    list.className = "form-control";
    list.setAttribute("aria-label", input.getAttribute("aria-label"));
    list.append(new Option("–", ""), ...offered.map((word) => new Option(word, word)));
    list.value = offered.includes(input.value) ? input.value : "";
    list.addEventListener("change", () => { input.value = list.value; });
    input.hidden = true;
    place.append(list);
  }
}

// How many customers fit what is typed.
const size = document.querySelector("[data-size]");
const form = size?.closest("form");
if (form) {
  let timer = 0, turn = 0;
  const ask = async () => {
    const mine = ++turn;
    const answer = await post(size.dataset.size, new FormData(form)).catch(() => null);
    if (!answer || mine !== turn) return;
    size.classList.toggle("text-danger", Boolean(answer.data.error));
    size.textContent = answer.data.error ?? answer.data.said ?? "";
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(ask, PAUSE); };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
}
