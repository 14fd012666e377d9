// Forms that survive a lost signal. A form[data-log] is written into the outbox of this device before it is sent, and
// taken out when the server has answered; so it arrives once, whatever breaks on the way: the server knows its key.
import { closest } from "./common.js";
import * as draft from "./draft.js";
import * as keep from "./keep.js";
import { draw, kept, mark, unmark } from "./outbox_bar.js";
import * as pictures from "./pictures.js";

const bar = document.querySelector("[data-outbox]");
const person = bar?.dataset.person;
const AGAIN = 20_000; // milliseconds between attempts while something waits
const TOO_LONG = 60_000; // an answer that takes longer than this is a lost one
let busy = false, timer = 0, leaving = false;

if (person) {
  document.addEventListener("submit", (event) => (leads(event, "/logout") ? signOut(event) : submit(event)));
  bar.addEventListener("click", act);
  window.addEventListener("online", flush);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") flush(); });
  reopen().then(flush);
}

// ---------------------------------------------------------------- a form is sent

function submit(event) {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("form[data-log]")) return;
  event.preventDefault();
  if (form.dataset.sent) return;
  form.dataset.sent = "1";
  rest(form, true);
  deliver(form, new URL(form.action).pathname);
}

async function deliver(form, to) {
  const fields = [...new FormData(form)].filter(([name, value]) => name !== "csrf_token" && typeof value === "string");
  const entry = { id: form.elements.key.value, person, kind: "sent", photos: await pictures.of(form),
    words: { at: Date.now(), to, name: form.dataset.name ?? "", fields } };
  try { await keep.put(entry); } catch { HTMLFormElement.prototype.submit.call(form); return; } // no store: as ever
  busy = true;
  const answer = await send(entry, form.elements.csrf_token.value);
  busy = false;
  if (answer.state === "refused") {
    await keep.remove(entry.id);
    rest(form, false);
    delete form.dataset.sent;
    draft.keep(form);
    mark(form, answer.errors);
    return;
  }
  draft.forget(form);
  await pictures.forget(form);
  if (answer.state === "taken") {
    await keep.remove(entry.id);
    window.location.assign(answer.location);
    return;
  }
  kept(form);
  later(answer.state);
}

function rest(form, on) {
  for (const button of form.querySelectorAll("button[type=submit]")) on ? button.setAttribute("aria-disabled", "true") : button.removeAttribute("aria-disabled");
  if (on) unmark(form);
}

/** Send one entry: {state: "taken", location} · {state: "refused", errors} · {state: "waiting" | "sign-in"}. */
async function send(entry, token, again = true) {
  if (!navigator.onLine) return { state: "waiting" };
  const body = new FormData();
  for (const [name, value] of entry.words.fields) body.append(name, value);
  for (const one of entry.photos) body.append("photo", new Blob([one.data], { type: one.type }), one.name);
  body.set("csrf_token", token);
  body.set("person", person);
  body.set("kept_for", Math.max(0, Math.round((Date.now() - entry.words.at) / 1000)));
  const { status, data } = await ask(entry.words.to, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": token } });
  if (status === 200 && data.location) return { state: "taken", location: data.location };
  if (status === 401) return { state: "sign-in" };
  if (status === 400 && data.errors) return { state: "refused", errors: data.errors };
  if (status === 400 && again) { // most likely the token: it belongs to a session that has ended
    const pass = await renew();
    return pass.token ? send(entry, pass.token, false) : pass;
  }
  if ([400, 403, 404, 413].includes(status)) return { state: "refused", errors: { form: data.error ?? bar.dataset.refused } };
  return { state: "waiting" };
}

/** A fresh token, from the server that will take the form and for the person who wrote it. */
async function renew() {
  const { status, data } = await ask(bar.dataset.outbox, { headers: { Accept: "application/json" } });
  if (status === 401) return { state: "sign-in" };
  return String(data.person) === person ? { token: data.token } : { state: "waiting" };
}

async function ask(to, options) {
  const limit = new AbortController(), over = setTimeout(() => limit.abort(), TOO_LONG);
  try {
    const answer = await fetch(to, { credentials: "same-origin", signal: limit.signal, ...options });
    return { status: answer.status, data: await answer.json().catch(() => ({})) };
  } catch {
    return { status: 0, data: {} };
  } finally { clearTimeout(over); }
}

// ---------------------------------------------------------------- what waits is sent later

async function flush() {
  if (busy) return;
  busy = true;
  try {
    const waiting = (await keep.all(person, "sent")).filter((one) => !one.words.errors);
    if (!waiting.length || !navigator.onLine) return await later("waiting");
    await whole();
    if (navigator.locks) await navigator.locks.request("caredesk-outbox", { ifAvailable: true }, (lock) => lock && each());
    else await each();
  } catch { /* no store on this device: nothing waits */ } finally { busy = false; }
}

async function each() {
  const pass = await renew();
  if (!pass.token) return later(pass.state);
  let state = "waiting";
  for (const entry of (await keep.all(person, "sent")).filter((one) => !one.words.errors)) {
    const answer = await send(entry, pass.token);
    state = answer.state;
    if (state === "taken") {
      await keep.remove(entry.id);
      bar.dispatchEvent(new CustomEvent("sent", { detail: { name: entry.words.name, location: answer.location } }));
    } else if (state === "refused") await keep.put({ ...entry, words: { ...entry.words, errors: answer.errors } });
    else break;
  }
  return later(state);
}

/** Show what still waits, and try again in a while. */
async function later(state) {
  const entries = await keep.all(person, "sent");
  if ((entries.length || bar.firstElementChild) && await whole()) draw(bar, entries, state);
  clearTimeout(timer);
  if (entries.some((one) => !one.words.errors)) timer = setTimeout(flush, AGAIN);
}

/** The words and parts of the bar stand in pages that have a log form; elsewhere they are fetched once they are needed. */
async function whole() {
  if (bar.firstElementChild) return true;
  const { data } = await ask(bar.dataset.outbox, { headers: { Accept: "application/json" } });
  const made = data.bar && new DOMParser().parseFromString(data.bar, "text/html").querySelector("[data-outbox]");
  if (!made) return false;
  for (const { name, value } of [...made.attributes]) if (name !== "hidden") bar.setAttribute(name, value);
  bar.append(...made.childNodes);
  return true;
}

// ---------------------------------------------------------------- by hand

async function act(event) {
  if (closest(event, "[data-send]")) await flush();
  const drop = closest(event, "[data-drop]");
  if (!drop) return;
  if (drop.dataset.sure) { await keep.remove(drop.dataset.drop); await later("waiting"); return; }
  drop.dataset.sure = "1";
  drop.textContent = bar.dataset.sure;
}

/** ?kept=: an entry that was refused is opened again, with the typed words and the sentences at their fields. */
async function reopen() {
  const id = new URLSearchParams(window.location.search).get("kept"), form = document.querySelector("form[data-log]");
  const entry = id && form ? await keep.get(id, person).catch(() => null) : null;
  if (!entry) return;
  draft.fill(form, entry.words.fields);
  form.elements.key.value = entry.id;
  form.dispatchEvent(new CustomEvent("filled"));
  await pictures.put(form, entry.photos);
  mark(form, entry.words.errors ?? {});
}

/** Signing out takes everything of this person from the device; what was never sent is sent first, or asked about. */
async function signOut(event) {
  if (leaving) return;
  const form = event.target, button = event.submitter;
  event.preventDefault();
  try {
    await flush();
    if ((await keep.all(person, "sent")).length && !(await whole() && await sure())) return;
    await keep.clear(person);
  } catch { /* no store on this device */ }
  draft.clear(person);
  leaving = true;
  form.requestSubmit(button);
}

function sure() {
  const sheet = document.getElementById("outbox-leave");
  sheet.showModal();
  return new Promise((done) => sheet.addEventListener("close", () => done(sheet.returnValue === "yes"), { once: true }));
}

function leads(event, path) {
  const to = event.submitter?.hasAttribute("formaction") ? event.submitter.formAction : event.target.action;
  return typeof to === "string" && new URL(to, window.location.href).pathname.endsWith(path);
}
