// Draw interactive figures when they come into view; plotly.js is loaded once, from
// the book itself, and only on pages that have such a figure. Text follows the theme.
// What plotly would draw as buttons become real ones, for the keyboard and for readers of screens.
// Where it cannot be drawn, for want of WebGL or of the library, the still picture stays.
(() => {
  const root = document.documentElement;
  const url = () => (root.dataset.content_root || "./") + "_static/vendor/plotly.min.js";
  let library;
  const plotly = () => (library ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = url(); script.onload = () => done(window.Plotly); script.onerror = failed;
    document.head.append(script);
  }));
  const webgl = () => {
    const canvas = document.createElement("canvas");
    return Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl"));
  };
  const look = () => ({
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    "font.color": getComputedStyle(document.body).color,
  });
  const choices = (target, menu) => {
    const row = document.createElement("p");
    row.append(...menu.buttons.map(({ label, args }, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.setAttribute("aria-pressed", index === 0);
      button.addEventListener("click", () => {
        for (const other of row.children) other.setAttribute("aria-pressed", other === button);
        window.Plotly.restyle(target, ...args);
      });
      return button;
    }));
    return row;
  };
  const draw = async (element) => {
    const figure = JSON.parse(element.querySelector("script").textContent);
    const { updatemenus: menus = [], ...layout } = figure.layout;
    const Plotly = await plotly();
    const target = document.createElement("div");
    element.append(target);
    element.classList.add("drawn"); // gives the target its height, hides the still picture
    try {
      await Plotly.newPlot(target, figure.data, layout, {
        responsive: true, displaylogo: false, modeBarButtonsToRemove: ["sendChartToCloud"], // it would upload the figure
      });
      await Plotly.relayout(target, look());
      target.before(...menus.map((menu) => choices(target, menu)));
    } catch (error) {
      target.remove();
      element.classList.remove("drawn");
      throw error;
    }
  };
  document.addEventListener("DOMContentLoaded", () => {
    const plots = document.querySelectorAll("div.plot3d");
    if (!plots.length || !webgl()) return;
    const seen = new IntersectionObserver((entries) => {
      for (const e of entries) if (e.isIntersecting) { seen.unobserve(e.target); draw(e.target); }
    });
    plots.forEach((element) => seen.observe(element));
    new MutationObserver(() => document.querySelectorAll("div.js-plotly-plot").forEach(
      (element) => window.Plotly.relayout(element, look()),
    )).observe(root, { attributeFilter: ["data-theme"] });
  });
})();
