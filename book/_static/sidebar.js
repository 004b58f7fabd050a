// The theme draws an arrow beside each part of the book and gives it no name; a reader of screens needs one.
document.addEventListener("DOMContentLoaded", () => {
  for (const summary of document.querySelectorAll(".bd-links details > summary")) {
    const part = summary.closest("li")?.querySelector(":scope > a")?.textContent.trim();
    if (part) summary.setAttribute("aria-label", `Pages of ${part}`);
  }
});
