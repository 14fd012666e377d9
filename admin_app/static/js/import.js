// An import that is under way: how far it is, and the next page when it has ended.
const place = document.querySelector("[data-import-state]");

async function ask() {
  const answer = await fetch(place.dataset.importState, { headers: { Accept: "application/json" }, credentials: "same-origin" })
    .catch(() => null);
  if (answer?.status === 200) {
    const state = await answer.json();
    if (!state.under_way) { location.reload(); return; }
    show(state);
  }
  setTimeout(ask, 1000);
}

function show({ done, total }) {
  const words = total ? place.dataset.of : place.dataset.rows;
  const number = (value) => value.toLocaleString("en");
  place.querySelector("[data-done]").textContent = words.replace("{n}", number(done)).replace("{all}", number(total ?? 0));
  const bar = place.querySelector("progress");
  if (total) { bar.max = total; bar.value = done; }
}

if (place) setTimeout(ask, 400);

// Before a whole import is undone, the page asks.
const dialog = document.getElementById("confirm");

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset?.confirm || !dialog || form.dataset.asked) return;
  event.preventDefault();
  dialog.querySelector("[data-sentence]").textContent = form.dataset.confirm;
  dialog.returnValue = "";
  dialog.showModal();
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return;
    form.dataset.asked = "yes";
    form.submit();
  }, { once: true });
});
