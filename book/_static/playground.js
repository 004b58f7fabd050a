// The playground's scripts are read when it comes into view; pages without one read nothing.
(() => {
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
      read("engine.js").then(() => read("drawing.js")).then(() => Promise.all([read("weights.js"), read("training.js")]));
    }, { rootMargin: "300px" });
    places.forEach((place) => seen.observe(place));
  });
})();
