// Whoever opens what a notification is about has read it.
import { closest, token } from "./common.js";

document.addEventListener("click", (event) => {
  const link = closest(event, "[data-read]");
  if (!link) return;
  fetch("/admin/notification/read/", {
    method: "POST", keepalive: true, credentials: "same-origin",
    body: new URLSearchParams({ csrf_token: token(), id: link.dataset.read }), headers: { Accept: "application/json", "X-CSRFToken": token() },
  }).catch(() => {}); // it stays unread, nothing else
});
