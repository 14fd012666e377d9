// Small helpers that the other modules share.

export const closest = (event, selector) => (event.target instanceof Element ? event.target.closest(selector) : null);

export const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/** Say a sentence at the foot of the page; a screen reader reads it at once. */
export function toast(sentence) {
  const place = document.querySelector("[data-errors]");
  if (!place || !sentence) return;
  const bar = document.createElement("div");
  bar.className = "toast-bar";
  bar.textContent = sentence;
  place.replaceChildren(bar);
  setTimeout(() => bar.remove(), 8000);
}

/** POST a form's fields; answers {status, data}; data is {} where the answer was not JSON. */
export async function post(url, fields) {
  const body = new URLSearchParams(fields);
  body.set("csrf_token", token());
  const answer = await fetch(url, {
    method: "POST", body, credentials: "same-origin",
    headers: { Accept: "application/json", "X-CSRFToken": token() },
  });
  const data = await answer.json().catch(() => ({}));
  return { status: answer.status, data };
}

let fetched = null; // the dialogs that any page may need come once, when the first of them is asked for

/** A dialog of the page, or one of those that every page can show; null where it cannot be had. */
export async function dialog(id) {
  if (document.getElementById(id)) return document.getElementById(id);
  fetched ??= fetch("/admin/dialogs/", { credentials: "same-origin" }).then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(String(answer.status)))));
  try {
    const page = new DOMParser().parseFromString(await fetched, "text/html");
    for (const one of page.querySelectorAll("dialog")) if (!document.getElementById(one.id)) document.body.append(document.adoptNode(one));
  } catch {
    fetched = null;
    toast(document.querySelector("[data-offline]")?.dataset.offline);
  }
  return document.getElementById(id);
}
