// A sheet of paper: its button opens the browser's printing.
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
