// Train: the networks of Table 1, each in a worker of its own, from one seed, beside each other.
(() => {
  const { make, field, choice, scientific, plain, count, subscript, superscript, Pictures, state, remember, respond, sigma } = playground;
  const home = document.querySelector("div.playground .train");
  if (!home) return;
  const { threshold, networks } = JSON.parse(document.querySelector("div.playground script").textContent);
  const engine = naluEngine(), { ITERATIONS, LOG_EVERY, NETWORKS, UNITS } = engine;
  home.closest(".playground").classList.add("live");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  // What runs in the worker: trains in short bouts, between which it listens, and sends what it logged.
  function work() {
    const { Training, ITERATIONS, LOG_EVERY } = naluEngine();
    let training, going = false, next = 0, tested = 0, log = [];
    const note = () => {
      const { iteration: t } = training, logged = t % LOG_EVERY === 0 || t >= tested; // a test takes as long as hundreds of updates
      if (logged) tested = t < LOG_EVERY ? Math.ceil(1.3 * t) : Infinity;
      log.push({ t, weights: training.weights(), training: training.error, sparsity: training.sparsity(),
        test: logged ? training.evaluate(training.test) : NaN, valid: t % LOG_EVERY === 0 ? training.evaluate(training.valid) : NaN });
      next = Math.min(t < 40 ? t + 1 : Math.ceil(t * 1.025), Math.floor(t / LOG_EVERY + 1) * LOG_EVERY);
    };
    const once = () => {
      training.error = training.update();
      if (training.iteration >= next) note();
    };
    const send = () => { postMessage({ log, at: training.iteration, stopped: training.stopped }); log = []; };
    const bout = () => {
      if (!going) return;
      const end = Date.now() + 40;
      while (Date.now() < end && training.iteration <= ITERATIONS && !training.stopped) once();
      going = training.iteration <= ITERATIONS && !training.stopped;
      send();
      if (going) setTimeout(bout);
    };
    onmessage = ({ data }) => {
      if (data.begin) { training = new Training(...data.begin); training.error = NaN; log = []; tested = 0; note(); send(); }
      if (data.go !== undefined && training && going !== data.go) { going = data.go; bout(); }
      if (data.step) { once(); note(); send(); }
    };
  }
  const source = URL.createObjectURL(new Blob([`${naluEngine};(${work})();`], { type: "text/javascript" }));

  // -- the formula that a network has found --

  const LETTERS = [1, 2, 3, 4].map((n) => `x${subscript(n)}`);
  // A unit's weights, rounded, as text; `at` are typical inputs, for which the gate decides.
  function formula(unit, W, columns, names, at) {
    return Array.from({ length: (W.A ?? W.M).length / columns }, (_, h) => {
      const of = (w) => Array.from(w.slice(h * columns, (h + 1) * columns), Math.round);
      const adds = !unit.product || (W.G && sigma(W.G.slice(h * columns, (h + 1) * columns).reduce((sum, g, i) => sum + g * at[i], 0)) > 0.5);
      if (adds) {
        const terms = of(W.A).flatMap((w, i) => (w ? [[w < 0 ? "−" : "+", names[i]]] : []));
        return terms.length ? terms.map(([sign, name], n) => (n ? ` ${sign} ${name}` : sign === "−" ? `−${name}` : name)).join("") : "0";
      }
      const whole = (name) => (unit.product === "logs" && /−/.test(name) ? `|${name}|` : / [+−] /.test(name) ? `(${name})` : name); // NAC• takes sizes
      const powers = of(W.M), alone = powers.filter(Boolean).length === 1 && unit.product === "factors";
      const terms = powers.flatMap((w, i) => (w ? [alone ? names[i] : whole(names[i]) + (w === 1 ? "" : superscript(w))] : []));
      return terms.length ? terms.join(" × ") : "1";
    });
  }
  const TYPICAL = [1.5, 1.5, 1.5, 1.5];
  const read = (name, [first, second]) => {
    const [one, two] = NETWORKS[name].map((unit) => UNITS[unit]);
    const hidden = formula(one, first, 4, LETTERS, TYPICAL);
    return formula(two, second, 2, hidden, respond(one, first, 4, TYPICAL))[0];
  };
  const answer = (name, [first, second], x) => { const [one, two] = NETWORKS[name].map((unit) => UNITS[unit]); return respond(two, second, 2, respond(one, first, 4, x))[0]; };

  // -- one network --

  class Lane {
    constructor(nth, name, changed) {
      this.points = []; this.nth = nth; this.at = -1; this.changed = changed;
      this.said = make("p", { className: "so-far" }); this.pictures = new Pictures(ITERATIONS, threshold);
      this.found = make("p", { className: "found" }); this.record = make("p", { className: "record" });
      const row = make("div", { className: "controls" }), options = Object.entries(networks).map(([key, { label }]) => [key, label]);
      this.chosen = field(row, nth ? "beside it" : "network", choice(nth ? [["", "nothing"], ...options] : options, name));
      this.body = make("div", {}, ...this.pictures.elements, this.said, this.found, this.record);
      this.element = make("section", { data: { "aria-label": nth ? "Second network" : "First network" } }, row, this.body);
      this.chosen.addEventListener("change", changed);
    }
    get name() { return this.chosen.value; }
    begin(seed) {
      this.worker?.terminate();
      Object.assign(this, { points: [], seed, done: false, stopped: false, worker: undefined, began: 0, spent: 0, made: 0 });
      this.body.hidden = !this.name;
      if (!this.name) return;
      this.worker = new Worker(source);
      this.worker.onmessage = ({ data: { log, at, stopped } }) => {
        this.points.push(...log);
        if (at > ITERATIONS || stopped) { this.done = true; this.stopped = stopped; this.spent += performance.now() - this.began; }
        this.made = Math.min(at, ITERATIONS + 1);
        this.changed.seen?.(this);
      };
      this.worker.postMessage({ begin: [this.name, seed] });
      const { solved_at: recorded } = networks[this.name].runs[seed] ?? {};
      this.record.textContent = recorded === undefined ? `Seed ${seed} is not among the recorded ones, which are 0 to ${Object.keys(networks[this.name].runs).length - 1}.`
        : recorded === null ? "Recorded in this repository: not solved." : `Recorded in this repository: solved at update ${count(recorded)}.`;
    }
    go(going) {
      if (!this.worker || this.done) return;
      if (going) this.began = performance.now(); else if (this.began) { this.spent += performance.now() - this.began; this.began = 0; }
      this.worker.postMessage({ go: going });
    }
    step() { this.worker?.postMessage({ step: true }); }

    // When it is solved: the first logged update below the threshold, if the one of the smallest validation error is below it.
    outcome() {
      const logged = this.points.filter((p) => p.t % LOG_EVERY === 0), below = logged.find((p) => p.test < threshold);
      const best = logged.reduce((least, p) => (!(p.valid >= least?.valid) && !Number.isNaN(p.valid) ? p : least), undefined);
      return { solved: Boolean(best && best.test < threshold), at: below?.t };
    }
    draw(t) {
      if (!this.points.length) return;
      let n = this.points.length - 1;
      if (t !== undefined) while (n > 0 && this.points[n].t > t) n--;
      const point = this.points[n];
      this.pictures.show(this.points, point, networks[this.name].colour);
      const error = Number.isNaN(point.test) ? [...this.points.slice(0, n)].reverse().find((p) => !Number.isNaN(p.test))?.test ?? NaN : point.test;
      const spent = this.spent + (this.began && !this.done ? performance.now() - this.began : 0), rate = spent > 300 ? `, ${count(Math.round(this.made / spent * 10) * 100)} updates a second` : "";
      this.said.textContent = `update ${count(point.t)} of ${count(ITERATIONS)}${rate}: test error ${scientific(error)}, sparsity error ${scientific(point.sparsity)}`;
      const { solved, at } = this.outcome(), rounded = read(this.name, point.weights);
      this.found.textContent = this.stopped ? "It broke off: its loss is not a number." : error < threshold ? `Solved${at === undefined ? "" : `, since update ${count(at)}`}: z = ${rounded}` : `Not solved so far; rounded, its weights say z = ${rounded}`;
      if (this.done && t === undefined) this.found.textContent = solved ? `Solved at update ${count(at)}: z = ${rounded}` : `Not solved in ${count(ITERATIONS)} updates; rounded, its weights say z = ${rounded}`;
      this.shown = point;
    }
  }

  // -- both, and what steers them --

  const changed = () => restart();
  const known = (name, otherwise) => (name in networks ? name : otherwise);
  const lanes = [new Lane(0, known(state.get("network"), "NMU"), changed), new Lane(1, state.get("beside") === "none" ? "" : known(state.get("beside"), "NALU"), changed)];
  const controls = make("div", { className: "controls" });
  const seed = field(controls, "seed", make("input", { type: "number", min: 0, max: 4294967295, step: 1, value: /^\d{1,9}$/.test(state.get("seed") ?? "") ? state.get("seed") : 1 }));
  const train = make("button", { type: "button", textContent: "Train", className: "main" }), one = make("button", { type: "button", textContent: "One update" }), again = make("button", { type: "button", textContent: "Start again" });
  const slider = make("input", { type: "range", min: 0, max: 0, value: 0, data: { "aria-label": "Update that is shown" } });
  controls.append(train, one, again, make("label", { className: "scrub" }, "back", slider));
  const spoken = make("p", { className: "spoken", data: { role: "status" } });
  const numbers = make("div", { className: "controls" }), own = [2, 3, 5, 7].map((value, i) => field(numbers, LETTERS[i], make("input", { type: "number", step: "any", value })));
  const answers = make("p", { className: "answers" });
  home.append(controls, make("div", { className: "halves" }, ...lanes.map((lane) => lane.element)), spoken,
    make("p", { className: "plot-title", textContent: "Numbers of your own, inside or far outside of the training range, which is 1 to 2:" }), numbers, answers);

  let going = false, last = 0, waiting;
  const longest = () => lanes.filter((lane) => lane.name).reduce((best, lane) => (lane.points.length > best.length ? lane.points : best), []);
  function respondAll() {
    const x = own.map((input) => Number(input.value)), right = (x[0] + x[1]) * (x[0] + x[1] + x[2] + x[3]);
    answers.textContent = lanes.filter((lane) => lane.name && lane.shown).map((lane) => `${networks[lane.name].label}: ${plain(answer(lane.name, lane.shown.weights, x))}`).concat(`right is ${plain(right)}`).join("; ");
  }
  function draw() {
    const points = longest(), back = Number(slider.value) < Number(slider.max), t = back ? points[slider.value]?.t : undefined;
    lanes.filter((lane) => lane.name).forEach((lane) => lane.draw(t));
    slider.setAttribute("aria-valuetext", `update ${points[slider.value]?.t ?? 0}`);
    respondAll();
  }
  changed.seen = (lane) => {
    const back = Number(slider.value) < Number(slider.max);
    slider.max = Math.max(0, longest().length - 1);
    if (!back) slider.value = slider.max;
    const finished = lanes.every((one) => !one.name || one.done);
    if (lane.done) spoken.textContent = lanes.filter((one) => one.name && one.done).map((one) => { const { solved, at } = one.outcome(); return `${networks[one.name].label} ${solved ? `solved at update ${count(at)}` : "not solved"}`; }).join("; ");
    if (finished && going) { going = false; train.textContent = "Train"; }
    const pause = calm.matches ? 1000 : 80, wait = Math.max(0, last + pause - performance.now());
    if (!waiting) waiting = setTimeout(() => { waiting = undefined; last = performance.now(); draw(); }, finished || !going ? 0 : wait);
  };
  function restart() {
    going = false; train.textContent = "Train"; spoken.textContent = "";
    slider.max = 0; slider.value = 0;
    const number = Math.min(4294967295, Math.max(0, Math.floor(Number(seed.value)) || 0));
    seed.value = number;
    lanes.forEach((lane) => lane.begin(number));
    remember({ network: lanes[0].name, beside: lanes[1].name || "none", seed: number });
  }
  function turn(on) { going = on; train.textContent = on ? "Pause" : "Train"; if (on) slider.value = slider.max; lanes.forEach((lane) => lane.go(on)); }
  train.addEventListener("click", () => { if (!going && lanes.every((lane) => !lane.name || lane.done)) restart(); turn(!going); });
  one.addEventListener("click", () => { turn(false); slider.value = slider.max; lanes.forEach((lane) => { if (lane.name && !lane.done) lane.step(); }); });
  again.addEventListener("click", restart);
  seed.addEventListener("change", restart);
  slider.addEventListener("input", draw);
  own.forEach((input) => input.addEventListener("input", respondAll));
  restart();
})();
