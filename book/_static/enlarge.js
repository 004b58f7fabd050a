// A figure is a link to its own file: on a phone it can be opened there, turned and enlarged.
document.addEventListener("DOMContentLoaded", () => {
  for (const img of document.querySelectorAll(".bd-article figure img")) {
    if (img.closest("a, button, .plot3d")) continue;
    const link = document.createElement("a");
    link.href = img.src;
    link.className = "enlarge";
    link.setAttribute("aria-label", `Enlarge the figure: ${img.alt}`);
    img.replaceWith(link);
    link.append(img);
  }
});
