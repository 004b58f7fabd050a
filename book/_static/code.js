// Pages of results: their code stays out of the way until one button shows it. Print follows the screen; without this script the code is there.
(() => {
  const root = document.documentElement;
  root.classList.add("code-hidden"); // before the page is drawn, so that nothing jumps
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("details.hide summary[aria-label]").forEach((summary) => summary.removeAttribute("aria-label")); // what it says is its name
    const cells = [...document.querySelectorAll(".bd-article .tag_page-code .cell_input")];
    const title = document.querySelector(".bd-article h1");
    if (!cells.length || !title) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "page-code-button";
    const show = (hidden) => {
      root.classList.toggle("code-hidden", hidden);
      button.textContent = `${hidden ? "Show" : "Hide"} the code of this page`;
      button.setAttribute("aria-expanded", !hidden);
    };
    button.addEventListener("click", () => show(!root.classList.contains("code-hidden")));
    show(true);
    title.after(button);
  });
})();
