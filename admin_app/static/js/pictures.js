// Photos of a form: made smaller on the device, kept there with the draft, shown, taken out again.
import { closest } from "./common.js";
import * as store from "./keep.js";

const LONGEST = 1600; // pixels of the longer side
const MOST = 6;
const chosen = new WeakMap(); // form → [{name, type, data}]

/** The photos of a form, to be sent. */
export async function of(form) {
  await working.get(form);
  return chosen.get(form) ?? [];
}

const working = new WeakMap(); // form → the promise of photos that are still being made smaller
const draftOf = (form) => `photos-${form.dataset.log}`;
const person = () => document.querySelector("[data-outbox]")?.dataset.person;

for (const input of document.querySelectorAll("form[data-log] input[type=file][data-photos]")) {
  const form = input.form;
  input.addEventListener("change", () => working.set(form, add(form, [...input.files]).then(() => { input.value = ""; })));
  form.addEventListener("click", (event) => {
    const out = closest(event, "[data-photo-out]");
    if (out) put(form, (chosen.get(form) ?? []).filter((_one, number) => String(number) !== out.dataset.photoOut), true);
  });
  if (person()) working.set(form, restore(form));
}

async function restore(form) {
  const kept = await store.get(draftOf(form), person()).catch(() => null);
  if (kept && !chosen.has(form)) await put(form, kept.photos);
}

async function add(form, files) {
  const more = [];
  for (const file of files) more.push(await smaller(file));
  await put(form, [...(chosen.get(form) ?? []), ...more].slice(0, MOST), true);
}

/** A photo of at most 1600 pixels without what the camera wrote beside it; as it is where the browser cannot read it. */
async function smaller(file) {
  try {
    const image = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.max(1, Math.round(image.width * scale)), height: Math.max(1, Math.round(image.height * scale)) });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return { name: "photo.jpg", type: "image/jpeg", data: await blob.arrayBuffer() };
  } catch {
    return { name: file.name, type: file.type, data: await file.arrayBuffer() };
  }
}

/** Show these photos in the form; `keep`: and keep them with the draft. */
export async function put(form, photos, keep = false) {
  chosen.set(form, photos);
  const place = form.querySelector("[data-photo-list]");
  if (!place) return;
  place.replaceChildren(...await Promise.all(photos.map((one, number) => thumb(place, one, number))));
  if (!keep || !person()) return;
  try {
    await store.put({ id: draftOf(form), person: person(), kind: "draft", words: { at: Date.now() }, photos });
  } catch { /* a full store loses the draft, not the form */ }
}

async function thumb(place, photo, number) {
  const item = document.createElement("li"), out = document.createElement("button"), canvas = document.createElement("canvas");
  try {
    const image = await createImageBitmap(new Blob([photo.data], { type: photo.type }));
    const scale = 72 / Math.max(image.width, image.height);
    Object.assign(canvas, { width: Math.max(1, image.width * scale), height: Math.max(1, image.height * scale) });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  } catch { Object.assign(canvas, { width: 72, height: 72 }); }
  Object.assign(out, { type: "button", className: "btn btn-ghost btn-icon", textContent: "×" });
  out.dataset.photoOut = number;
  out.setAttribute("aria-label", place.dataset.out.replace("{n}", number + 1));
  item.append(canvas, out);
  return item;
}

/** The form is in the outbox now, its photos with it. */
export async function forget(form) {
  chosen.delete(form);
  await store.remove(draftOf(form)).catch(() => {});
}
