// Trainings to watch: a slider chooses the update; a line in the pictures and the cells beside them follow.
(() => {
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const error = (value) => value.toExponential(1).replace(/e([+-])(\d+)/, (_, sign, digits) => ` · 10${(sign === "-" ? "⁻" : "") + [...digits].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]).join("")}`);
  const start = (film) => {
    const { steps, places, panels, runs, threshold } = JSON.parse(film.querySelector("script").textContent);
    const shown = [...film.querySelectorAll("figure")].map((figure, k) => {
      const lines = panels.map(([left, bottom, width, height]) => {
        const line = make("i");
        line.style.cssText = `top:${100 * (1 - bottom - height)}%;height:${100 * height}%`;
        return [line, left, width];
      });
      figure.querySelector(".film-picture").append(...lines.map(([line]) => line));
      const cells = runs[k].weights.map((layer, n) => {
        const rows = layer[0].map((row) => row.map(() => make("b")));
        return make("div", { className: "film-layer" }, make("span", { textContent: n ? "W₂" : "W₁" }),
          make("div", {}, ...rows.map((row) => make("div", {}, ...row))));
      });
      const text = make("p");
      figure.append(make("div", { className: "film-cells" }, ...cells), text);
      return (at) => {
        for (const [line, left, width] of lines) line.style.left = `${100 * (left + width * places[at])}%`;
        runs[k].weights.forEach((layer, n) => [...cells[n].querySelectorAll("b")].forEach((cell, j) => {
          const weight = layer[at].flat()[j];
          cell.textContent = (Math.round(100 * weight) / 100 + 0).toFixed(2).replace("-", "−");
          cell.style.setProperty("--weight", `${Math.round(100 * Math.min(1, Math.abs(weight)))}%`);
          cell.classList.toggle("below", weight < 0);
        }));
        const found = runs[k].errors[at];
        text.textContent = `test error ${error(found)}, ${found < threshold ? "below" : "above"} the threshold`;
      };
    });
    const slider = make("input", { type: "range", min: 0, max: steps.length - 1 });
    const said = make("output"), play = make("button", { type: "button", textContent: "Play" });
    const show = () => {
      const at = Number(slider.value), words = `update ${steps[at].toLocaleString("en")}`;
      shown.forEach((draw) => draw(at));
      said.textContent = words;
      slider.setAttribute("aria-valuetext", words);
    };
    let timer;
    const stop = () => { clearInterval(timer); timer = undefined; play.textContent = "Play"; };
    play.addEventListener("click", () => {
      if (timer) return stop();
      if (slider.value === slider.max) slider.value = 0;
      play.textContent = "Pause";
      timer = setInterval(() => {
        slider.stepUp();
        show();
        if (slider.value === slider.max) stop();
      }, 60);
    });
    slider.addEventListener("input", () => { stop(); show(); });
    slider.setAttribute("aria-label", "Update");
    slider.value = slider.max;
    film.append(make("div", { className: "film-controls" }, play, slider, said));
    film.classList.add("live");
    show();
  };
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("div.film").forEach(start));
})();
