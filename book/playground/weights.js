// Set the weights: a unit of two weights, a target, and the surface of its loss.
(() => {
  const { make, field, choice, scientific, plain, state, remember } = playground;
  const place = document.querySelector("div.playground .set-weights");
  if (!place) return;
  place.closest(".playground").classList.add("live");
  const EPSILON = 1e-7, EDGE = 1.5, SIDE = 61;

  // A unit: its answer to two inputs, and the range of its weights.
  const UNITS = {
    NAU: { name: "NAU", range: [-1, 1], answer: ([x, y], [a, b]) => a * x + b * y, formula: "w₁ x₁ + w₂ x₂" },
    NMU: { name: "NMU", range: [0, 1], answer: ([x, y], [a, b]) => (a * (x - 1) + 1) * (b * (y - 1) + 1), formula: "(w₁ x₁ + 1 − w₁)(w₂ x₂ + 1 − w₂)" },
    NAC_mul: { name: "NAC•", range: [-1, 1], answer: ([x, y], [a, b]) => (Math.abs(x) + EPSILON) ** a * (Math.abs(y) + EPSILON) ** b, formula: "(|x₁| + ε)^w₁ (|x₂| + ε)^w₂" },
  };
  // A target: its value, the weights with which a unit is exact, and why the others cannot be.
  const both = ([a, b, c, d]) => [a + b, a + b + c + d];
  const TARGETS = {
    add: { text: "x₁ + x₂", value: ([x, y]) => x + y, exact: { NAU: [1, 1] }, why: { NMU: "it only multiplies", NAC_mul: "it only multiplies and divides" } },
    sub: { text: "x₁ − x₂", value: ([x, y]) => x - y, exact: { NAU: [1, -1] }, why: { NMU: "it only multiplies", NAC_mul: "it only multiplies and divides" } },
    mul: { text: "x₁ × x₂", value: ([x, y]) => x * y, exact: { NMU: [1, 1], NAC_mul: [1, 1] }, why: { NAU: "it only adds and subtracts" } },
    div: { text: "x₁ ÷ x₂", value: ([x, y]) => x / y, exact: { NAC_mul: [1, -1] }, why: { NAU: "it only adds and subtracts", NMU: "it has no weight for division" } },
    first: { text: "x₁", value: ([x]) => x, exact: { NAU: [1, 0], NMU: [1, 0], NAC_mul: [1, 0] }, why: {} },
    paper: { text: "(x₁ + x₂)(x₁ + x₂ + x₃ + x₄)", deep: true, value: (x) => both(x)[0] * both(x)[1], exact: { NMU: [1, 1], NAC_mul: [1, 1] }, why: { NAU: "it only adds and subtracts" } },
  };
  const FAR = { two: [[1.5, 1.2], [20, 30], [0.01, 5], [-4, 3]], four: [[1, 1.2, 1.8, 2], [10, 12, 18, 20], [0.1, 0.2, 5, 9], [-3, 1, 2, 4]] };

  // The paper's network has two weights, too: w₁ in all places of the first layer where the solution has a 1, w₂ in the second.
  const answer = (unit, target, x, [a, b]) => (target.deep ? unit.answer(both(x).map((sum) => a * sum), [b, b]) : unit.answer(x, [a, b]));
  const bounds = (unit, target) => (target.deep ? [[-1, 1], unit.range] : [unit.range, unit.range]);

  // Inputs between 1 and 2, spread evenly: a loss over them is the same for every reader.
  const GOLDEN = [0.8566748838545029, 0.7338918566271259, 0.6287067210378087, 0.53859725722361];
  const SAMPLES = Array.from({ length: 64 }, (_, k) => GOLDEN.map((g) => 1 + ((0.5 + (k + 1) * g) % 1)));
  const loss = (unit, target, w) => SAMPLES.reduce((sum, x) => sum + (answer(unit, target, x, w) - target.value(x)) ** 2, 0) / SAMPLES.length;
  const slope = (unit, target, [a, b]) => {
    const h = 1e-5, at = (p, q) => loss(unit, target, [p, q]);
    return [(at(a + h, b) - at(a - h, b)) / (2 * h), (at(a, b + h) - at(a, b - h)) / (2 * h)];
  };

  const controls = make("div", { className: "controls" });
  const unitOf = field(controls, "unit", choice(Object.entries(UNITS).map(([key, { name }]) => [key, name]), state.get("unit") ?? "NMU"));
  const targetOf = field(controls, "target", choice(Object.entries(TARGETS).map(([key, { text }]) => [key, text]), state.get("target") ?? "mul"));
  const sliders = [1, 2].map((n) => {
    const said = make("output"), slider = make("input", { type: "range", step: 0.01 });
    field(controls, `w${"₁₂"[n - 1]}`, slider);
    slider.after(said);
    return { slider, said };
  });
  const exactly = make("button", { type: "button", textContent: "Exact solution" });
  const downhill = make("button", { type: "button", textContent: "One step downhill" });
  controls.append(exactly, downhill);
  const canvas = make("canvas", { width: SIDE, height: SIDE, data: { "aria-hidden": "true" } });
  const over = playground.draw("svg", { viewBox: "0 0 200 200", role: "img" });
  const surface = make("div", { className: "surface" }, canvas, over, make("span", { className: "across", textContent: "w₁" }), make("span", { className: "up", textContent: "w₂" }));
  const said = make("p"), table = make("table", {}), verdict = make("p", { data: { role: "status" } });
  const equation = make("p", { className: "equation" });
  place.append(controls, make("div", { className: "halves" }, surface, make("div", {}, equation, said, table, verdict)));

  const across = (w) => 100 + 100 * w / EDGE, up = (w) => 100 - 100 * w / EDGE;
  const current = () => sliders.map(({ slider }) => Number(slider.value));
  const parts = () => [UNITS[unitOf.value], TARGETS[targetOf.value]];

  // The logarithm of the loss as lightness: dark is small.
  const SHADES = [[13, 42, 82], [0, 90, 148], [38, 140, 168], [125, 190, 175], [214, 229, 190], [253, 247, 224]];
  function paint() {
    const [unit, target] = parts(), context = canvas.getContext("2d"), image = context.createImageData(SIDE, SIDE);
    const values = Array.from({ length: SIDE * SIDE }, (_, k) => Math.log10(loss(unit, target, [(2 * (k % SIDE) / (SIDE - 1) - 1) * EDGE, (1 - 2 * Math.floor(k / SIDE) / (SIDE - 1)) * EDGE]) + 1e-3));
    const low = -3, high = Math.max(...values);
    values.forEach((value, k) => {
      const shade = Math.min(0.9999, Math.max(0, (value - low) / (high - low))) * (SHADES.length - 1), n = Math.floor(shade);
      for (let c = 0; c < 3; c++) image.data[4 * k + c] = SHADES[n][c] + (shade - n) * (SHADES[n + 1][c] - SHADES[n][c]);
      image.data[4 * k + 3] = 255;
    });
    context.putImageData(image, 0, 0);
  }

  function show() {
    const [unit, target] = parts(), w = current(), error = loss(unit, target, w), [da, db] = slope(unit, target, w), box = bounds(unit, target);
    sliders.forEach(({ said: text }, n) => { text.textContent = w[n].toFixed(2).replace("-", "−"); });
    const length = Math.hypot(da, db), reach = length ? Math.min(40, 12 + 8 * Math.log10(1 + length)) / length : 0;
    const [x, y] = [across(w[0]), up(w[1])], tip = [x - da * reach, y + db * reach];
    const angle = Math.atan2(tip[1] - y, tip[0] - x), wing = (turn) => `${tip[0] - 7 * Math.cos(angle + turn)} ${tip[1] - 7 * Math.sin(angle + turn)}`;
    over.replaceChildren(
      playground.draw("rect", { x: across(box[0][0]), y: up(box[1][1]), width: across(box[0][1]) - across(box[0][0]), height: up(box[1][0]) - up(box[1][1]), class: "box" }),
      playground.draw("path", { d: length ? `M${x} ${y}L${tip.join(" ")}M${wing(0.5)}L${tip.join(" ")}L${wing(-0.5)}` : "", class: "downhill" }),
      playground.draw("circle", { cx: x, cy: y, r: 5.5, class: "point" }));
    const words = `Loss ${scientific(error)}; its gradient is (${plain(da, 3)}, ${plain(db, 3)}).`;
    over.setAttribute("aria-label", `Surface of the loss of ${unit.name} for ${target.text}. ${words}`);
    said.textContent = words;
    equation.textContent = target.deep ? `Both layers: the first takes w₁(x₁ + x₂) and w₁(x₁ + x₂ + x₃ + x₄), the ${unit.name} both with the weight w₂.` : `${unit.name}: z = ${unit.formula}`;
    const rows = (target.deep ? FAR.four : FAR.two).map((input, k) => make("tr", {}, make("th", { scope: "row", textContent: `${k ? "far" : "near"}: ${input.map((v) => plain(v)).join(", ")}` }),
      make("td", { textContent: plain(answer(unit, target, input, w), 5) }), make("td", { textContent: plain(target.value(input), 5) })));
    table.replaceChildren(make("thead", {}, make("tr", {}, ...["inputs", unit.name, "right is"].map((text) => make("th", { scope: "col", textContent: text })))), make("tbody", {}, ...rows));
    const can = target.exact[unitOf.value];
    exactly.disabled = !can;
    verdict.textContent = !can ? `No weights make ${unit.name} exact here: ${target.why[unitOf.value]}. The surface has no point of loss 0 inside its box.`
      : error < 1e-9 && unitOf.value !== "NAC_mul" ? "Exact: right for all inputs, also for those far from the training range."
        : error < 1e-9 ? "Exact for positive inputs; a negative one loses its sign." : "";
    remember({ unit: unitOf.value, target: targetOf.value, w: w.map((v) => v.toFixed(2)).join(",") });
  }

  function put(values) {
    const box = bounds(...parts());
    sliders.forEach(({ slider }, n) => { [slider.min, slider.max] = box[n]; slider.value = Math.min(box[n][1], Math.max(box[n][0], values[n])); });
    show();
  }
  const begin = (values = [0.5, 0.5]) => { put(values); paint(); };

  for (const element of [unitOf, targetOf]) element.addEventListener("change", () => begin(current()));
  for (const { slider } of sliders) slider.addEventListener("input", show);
  exactly.addEventListener("click", () => put(parts()[1].exact[unitOf.value]));
  downhill.addEventListener("click", () => {
    const w = current(), [da, db] = slope(...parts(), w), length = Math.hypot(da, db) || 1;
    const size = Math.min(0.1, 0.1 * length);
    put([w[0] - size * da / length, w[1] - size * db / length]);
  });
  const chosen = (event) => {
    const frame = over.getBoundingClientRect();
    put([(2 * (event.clientX - frame.left) / frame.width - 1) * EDGE, (1 - 2 * (event.clientY - frame.top) / frame.height) * EDGE].map((v) => Math.round(100 * v) / 100));
  };
  over.addEventListener("pointerdown", (event) => { over.setPointerCapture(event.pointerId); chosen(event); });
  over.addEventListener("pointermove", (event) => { if (event.buttons) chosen(event); });
  const asked = (state.get("w") ?? "").split(",").map(Number);
  for (const [key, select, known] of [["unit", unitOf, UNITS], ["target", targetOf, TARGETS]]) if (!(state.get(key) in known)) select.value = { unit: "NMU", target: "mul" }[key];
  begin(asked.length === 2 && asked.every(Number.isFinite) ? asked : undefined);
})();
