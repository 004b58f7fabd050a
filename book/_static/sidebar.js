// The theme draws an arrow beside each part of the book and gives it no name; a reader of screens needs one. And it names
// two buttons by less than what stands on them, so that a reader who speaks that text to the computer does not reach them.
document.addEventListener("DOMContentLoaded", () => {
  for (const summary of document.querySelectorAll(".bd-links details > summary")) {
    const part = summary.closest("li")?.querySelector(":scope > a")?.textContent.trim();
    if (part) summary.setAttribute("aria-label", `Pages of ${part}`);
  }
  for (const field of document.querySelectorAll("button.search-button-field")) field.removeAttribute("aria-label");
  for (const mode of document.querySelectorAll("button.theme-switch-button")) mode.setAttribute("aria-label", "Color mode: light, dark or system settings");
});
