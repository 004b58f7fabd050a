// The theme draws an arrow beside each part of the book and gives it no name; a reader of screens needs one. And it names
// the search field by less than what stands on it, so that a reader who speaks that text to the computer does not reach it.
document.addEventListener("DOMContentLoaded", () => {
  for (const summary of document.querySelectorAll(".bd-links details > summary")) {
    const part = summary.closest("li")?.querySelector(":scope > a")?.textContent.trim();
    if (part) summary.setAttribute("aria-label", `Pages of ${part}`);
  }
  for (const field of document.querySelectorAll("button.search-button-field")) field.removeAttribute("aria-label");
});
