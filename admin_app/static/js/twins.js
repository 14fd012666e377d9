// While a form is filled in: who has this number, car, name and birthday already. Open, merge, go on.
import { post } from "./common.js";

const given = document.querySelector("[data-twins]");
const form = document.querySelector("form[data-form]");
const GROUPS = [["phone"], ["phone2"], ["plate"], ["vin"], ["name", "birthday"]];
const PAUSE = 600;

if (given && form) for (const names of GROUPS) watch(names.map((name) => form.elements[name]).filter(Boolean), names.length);

/** Ask about some fields once nothing was typed for a moment, or when the last of them is left. */
function watch(fields, wanted) {
  if (fields.length < wanted) return;
  const before = fields.map((field) => field.value);
  let timer = 0, asked = before.join("\n");
  const ask = async () => {
    clearTimeout(timer);
    const said = fields.map((field) => field.value).join("\n");
    if (said === asked) return;
    asked = said;
    place(fields.at(-1))?.remove();
    if (fields.some((field) => !field.value.trim())) return;
    const values = Object.fromEntries(fields.map((field) => [field.name, field.value]));
    const answer = await post(given.dataset.twins, { ...values, id: own() }).catch(() => null);
    if (answer?.status === 200 && said === asked) show(fields.at(-1), answer.data.found ?? []);
  };
  for (const field of fields) {
    field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, PAUSE); });
    field.addEventListener("blur", ask);
  }
}

/** The file that is being edited, or the customer chosen for a car. */
const own = () => (given.dataset.chosen ? form.elements[given.dataset.chosen]?.value : given.dataset.of) || given.dataset.of;
const place = (field) => document.getElementById(`${field.id}-twins`);

function show(field, found) {
  place(field)?.remove();
  if (!found.length) return;
  const box = make("div", "alert alert-warning twins");
  box.id = `${field.id}-twins`;
  box.setAttribute("role", "status");
  const body = make("div", "grow");
  body.append(make("b", "", given.dataset.head));
  for (const one of found) body.append(one.sentence ? make("p", "", one.sentence) : known(one));
  const on = make("button", "btn btn-link btn-sm", given.dataset.on);
  on.type = "button";
  on.addEventListener("click", () => { box.remove(); field.focus(); });
  body.append(on);
  box.append(body);
  (field.closest(".form-group") ?? field).append(box);
}

function known(one) {
  const line = make("p", "line");
  line.append(make("span", "strong", one.name), make("span", "tel", one.phone), make("span", "muted", given.dataset.kept.replace("{owner}", one.owner)));
  for (const why of one.why) line.append(make("span", "badge", why));
  line.append(link(one.open, given.dataset.open, one.name));
  if (one.merge) line.append(link(one.merge, given.dataset.merge, one.name));
  return line;
}

/** A new tab: what is typed stays. */
function link(href, word, name) {
  const anchor = make("a", "btn btn-secondary btn-sm", word);
  anchor.href = href;
  anchor.target = "_blank";
  anchor.rel = "noopener";
  anchor.setAttribute("aria-label", `${word}: ${name}`);
  return anchor;
}

function make(tag, css, text = "") {
  const element = document.createElement(tag);
  if (css) element.className = css;
  element.textContent = text;
  return element;
}
