// What the person sees of the outbox: how much waits on this phone, what was sent, and the sentences at the fields.

/** The bar over the page: `entries` that wait, and why (state "waiting" or "sign-in"). */
export function draw(bar, entries, state) {
  const refused = entries.filter((one) => one.words.errors), waiting = entries.length - refused.length;
  const say = [];
  if (waiting) say.push(bar.dataset.waiting.replace("{n}", waiting));
  if (refused.length) say.push(bar.dataset.refusedCount.replace("{n}", refused.length));
  bar.querySelector("[data-say]").textContent = say.join(" · ");
  bar.querySelector("[data-sign-in]").hidden = state !== "sign-in";
  bar.querySelector("[data-send]").hidden = state === "sign-in" || !waiting;
  bar.querySelector("[data-waiting-box]").hidden = !entries.length;
  bar.querySelector("[data-list]").replaceChildren(...entries.map((one) => line(bar, one)));
  const login = bar.querySelector("[data-sign-in] a");
  login.href = `${login.dataset.to}?next=${encodeURIComponent(window.location.pathname + window.location.search)}`;
  bar.hidden = !entries.length && bar.querySelector("[data-sent-box]").hidden;
}

function line(bar, entry) {
  const item = document.createElement("li"), name = document.createElement("b");
  name.textContent = entry.words.name;
  item.append(name, ` ${new Date(entry.words.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false })} `);
  if (!entry.words.errors) return item;
  const why = document.createElement("span"), open = document.createElement("a"), drop = document.createElement("button");
  why.textContent = `${Object.values(entry.words.errors).join(" ")} `;
  const own = new URLSearchParams(entry.words.fields.filter(([key]) => ["customer", "followup", "visit"].includes(key)));
  own.set("kept", entry.id);
  open.href = `${entry.words.to}?${own}`;
  open.textContent = bar.dataset.mend;
  Object.assign(drop, { type: "button", className: "btn btn-link", textContent: bar.dataset.drop });
  drop.dataset.drop = entry.id;
  item.append(why, open, " ", drop);
  return item;
}

document.querySelector("[data-outbox]")?.addEventListener("sent", (event) => {
  const bar = event.currentTarget, box = bar.querySelector("[data-sent-box]"), link = document.createElement("a");
  link.href = event.detail.location;
  link.textContent = bar.dataset.sent.replace("{name}", event.detail.name);
  const item = document.createElement("li");
  item.append(link);
  box.querySelector("ul").append(item);
  box.hidden = bar.hidden = false;
});

/** The form is in the outbox: it rests, and the bar says so. */
export function kept(form) {
  form.inert = true;
  form.classList.add("is-kept");
  const bar = document.querySelector("[data-outbox]");
  bar.hidden = false;
  bar.scrollIntoView({ block: "start" });
}

/** Put the server's sentences at their fields: nothing typed is lost, the form stays as it is. */
export function mark(form, errors) {
  unmark(form);
  const over = [];
  for (const [name, sentence] of Object.entries(errors)) {
    const found = form.elements[name], first = found instanceof RadioNodeList ? found[0] : found;
    const place = first?.closest("fieldset, .form-group");
    if (!place || first.type === "hidden") { over.push(sentence); continue; }
    const said = document.createElement("div");
    Object.assign(said, { className: "invalid-feedback", id: `${name}-e`, textContent: sentence });
    said.setAttribute("role", "alert");
    said.dataset.marked = "";
    place.append(said);
    for (const control of found instanceof RadioNodeList ? found : [found]) { control.setAttribute("aria-invalid", "true"); control.setAttribute("aria-describedby", said.id); }
    place.closest("details")?.setAttribute("open", "");
  }
  if (!Object.keys(errors).length) return;
  const alert = document.querySelector("[data-outbox] template").content.cloneNode(true).firstElementChild;
  alert.dataset.marked = "";
  alert.setAttribute("role", "alert");
  alert.querySelector("p").textContent = over.join(" ");
  form.prepend(alert);
  (form.querySelector("[aria-invalid=true]") ?? alert).scrollIntoView({ block: "center" });
  form.querySelector("[aria-invalid=true]")?.focus({ preventScroll: true });
}

export function unmark(form) {
  for (const one of form.querySelectorAll("[data-marked]")) one.remove();
  for (const one of form.querySelectorAll("[aria-invalid=true]")) { one.removeAttribute("aria-invalid"); one.removeAttribute("aria-describedby"); }
}
