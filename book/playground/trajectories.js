// Trajectories: recorded trainings beside each other, as the page brings them; a slider chooses the update that is shown.
document.querySelectorAll("div.playground .trajectories").forEach((home) => {
  const { make, scientific, count, Pictures } = playground, calm = matchMedia("(prefers-reduced-motion: reduce)");
  const { threshold, colour, steps, runs } = JSON.parse(home.parentElement.querySelector("script").textContent), last = steps.length - 1;
  const shown = runs.map(({ title, weights, errors }) => {
    const pictures = new Pictures(steps[last], threshold), said = make("p", { className: "so-far" });
    const points = steps.map((t, n) => ({ t, test: errors[n], weights: [{ A: weights[0][n] }, { M: weights[1][n] }] }));
    const show = (n) => {
      pictures.show(points, points[n], colour);
      return (said.textContent = `test error ${scientific(errors[n])}, ${errors[n] < threshold ? "below" : "above"} the threshold`);
    };
    return { title, show, element: make("section", { data: { "aria-label": title } }, make("p", { className: "title", textContent: title }), ...pictures.elements, said) };
  });
  const play = make("button", { type: "button", textContent: "Play", className: "main" }), said = make("output");
  const slider = make("input", { type: "range", min: 0, max: last, data: { "aria-label": "Update that is shown" } });
  const draw = () => {
    const words = shown.map(({ title, show }) => `${title}: ${show(Number(slider.value))}`);
    said.textContent = `update ${count(steps[slider.value])}`;
    slider.setAttribute("aria-valuetext", [said.textContent, ...words].join("; "));
  };
  let timer;
  const stop = () => { clearInterval(timer); timer = undefined; play.textContent = "Play"; };
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (slider.value === slider.max) slider.value = 0;
    play.textContent = "Pause";
    timer = setInterval(() => { slider.stepUp(calm.matches ? 10 : 1); draw(); if (slider.value === slider.max) stop(); }, calm.matches ? 1000 : 60);
  });
  slider.addEventListener("input", () => { stop(); draw(); });
  slider.value = last;
  home.append(make("div", { className: "halves" }, ...shown.map(({ element }) => element)), make("div", { className: "controls" }, play, make("label", { className: "scrub" }, slider), said));
  home.setAttribute("role", "group");
  home.setAttribute("aria-label", home.parentElement.querySelector("img").alt);
  home.parentElement.classList.add("live");
  draw();
});
