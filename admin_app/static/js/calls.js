// A call leaves the page for the phone; on return the log sheet of that customer waits.
let waiting = "";

document.addEventListener("revealed", (event) => {
  const button = event.detail.button;
  if (button.hasAttribute("data-call") && button.dataset.log) waiting = button.dataset.log;
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible" || !waiting) return;
  const target = waiting;
  waiting = "";
  window.location.assign(target);
});
