// The playground's scripts are read when it comes into view, those of its parts in the page; pages without one read nothing.
(() => {
  const PARTS = { "set-weights": ["weights.js"], train: ["engine.js", "training.js"], trajectories: ["trajectories.js"] };
  const here = document.currentScript.src;
  const read = (name) => new Promise((done, failed) => {
    const script = Object.assign(document.createElement("script"), { src: new URL(`playground/${name}`, here), onload: done, onerror: failed });
    document.head.append(script);
  });
  document.addEventListener("DOMContentLoaded", () => {
    const places = [...document.querySelectorAll("div.playground")];
    if (!places.length) return;
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      const scripts = Object.entries(PARTS).flatMap(([part, names]) => (document.querySelector(`div.playground .${part}`) ? names : []));
      ["drawing.js", ...scripts].reduce((before, name) => before.then(() => read(name)), Promise.resolve());
    }, { rootMargin: "300px" });
    places.forEach((place) => seen.observe(place));
  });
})();
