// What the parts of the playground share: elements, numbers as readers write them, plots, and the state in the address.
var playground = (() => {
  const make = (name, properties = {}, ...children) => {
    const { data, ...own } = properties, element = Object.assign(document.createElement(name), own);
    for (const [key, value] of Object.entries(data ?? {})) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const draw = (name, attributes = {}, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const superscript = (n) => String(n).replace(/./g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));
  const subscript = (n) => String(n).replace(/./g, (c) => "₀₁₂₃₄₅₆₇₈₉"[c]);
  const scientific = (x) => {
    if (!Number.isFinite(x)) return Number.isNaN(x) ? "not a number" : "infinite";
    if (x === 0) return "0";
    const [digits, power] = x.toExponential(1).split("e");
    return `${digits.replace("-", "−")} · 10${superscript(Number(power))}`;
  };
  const plain = (x, digits = 6) => (!Number.isFinite(x) || (x !== 0 && (Math.abs(x) < 1e-4 || Math.abs(x) >= 1e7)) ? scientific(x) : String(Number(x.toPrecision(digits))).replace("-", "−"));
  const count = (n) => n.toLocaleString("en");

  // A field with its label; returns the field.
  const field = (row, text, element) => { row.append(make("label", {}, text, element)); return element; };
  const choice = (options, chosen) => make("select", {}, ...options.map(([value, text]) => make("option", { value, textContent: text, selected: value === chosen })));

  // Updates on an axis that is even up to 100 and logarithmic beyond.
  const place = (t) => Math.log10(1 + t / 100);

  // A plot with a fixed range. `lines` are [{points: [[x, y], ...], style}], in the units of the axes.
  class Plot {
    constructor(label, { x, y, xticks, yticks, unit }) {
      [this.x, this.y, this.width, this.height] = [x, y, 360, 170];
      this.lines = draw("g", { fill: "none", "stroke-width": 1.4 });
      this.cursor = draw("line", { y1: 6, y2: this.height - 26, stroke: "currentColor", "stroke-width": 1, opacity: 0 });
      const axes = draw("g", { class: "axes" });
      for (const [value, text] of yticks) axes.append(draw("line", { x1: 46, x2: this.width - 6, y1: this.down(value), y2: this.down(value) }), this.text(text, 42, this.down(value) + 3.5, "end"));
      for (const [value, text] of xticks) axes.append(draw("line", { x1: this.across(value), x2: this.across(value), y1: 6, y2: this.height - 26 }), this.text(text, this.across(value), this.height - 13, "middle"));
      axes.append(this.text(unit, this.width - 6, this.height - 2, "end"));
      this.element = draw("svg", { viewBox: `0 0 ${this.width} ${this.height}`, role: "img", "aria-label": label }, axes, this.lines, this.cursor);
    }
    text(content, x, y, anchor) { const t = draw("text", { x, y, "text-anchor": anchor }); t.textContent = content; return t; }
    across(x) { return 46 + (this.width - 52) * (x - this.x[0]) / (this.x[1] - this.x[0]); }
    down(y) { return 6 + (this.height - 32) * (this.y[1] - Math.min(this.y[1], Math.max(this.y[0], y))) / (this.y[1] - this.y[0]); }
    show(lines) {
      this.lines.replaceChildren(...lines.map(({ points, ...style }) => draw("path", { d: points.map(([x, y], n) => `${n ? "L" : "M"}${this.across(x).toFixed(1)} ${this.down(y).toFixed(1)}`).join(""), ...style })));
    }
    mark(x) { const at = this.across(x); this.cursor.setAttribute("x1", at); this.cursor.setAttribute("x2", at); this.cursor.setAttribute("opacity", 0.6); }
  }

  // A training in pictures: its weights and its errors over updates, and the weights of the update that is chosen as cells.
  // Points are {t, weights, test}, and {training, sparsity} errors where they are known; the weights are those of both layers, flat, by role: A adds, M multiplies.
  const TIMES = [0, 100, 1000, 10000, 100000].map((t) => [t, t >= 1000 ? `${t / 1000} k` : String(t)]);
  const POWERS = [3, 0, -3, -6, -9, -12].map((p) => [p, `10${superscript(p)}`]);
  const ROLES = { A: "⁺", M: "ˣ" };
  const power = (x) => (Number.isNaN(x) ? NaN : Math.log10(Math.max(x, 1e-13)));
  const parts = (layer) => Object.entries(layer).filter(([role, W], n, all) => role in ROLES && !(n && W.every((w, i) => w === all[0][1][i])));
  class Pictures {
    constructor(last, threshold) {
      const axis = { x: [0, place(last)], xticks: TIMES.filter(([t]) => t <= last).map(([t, text]) => [place(t), text]), unit: "update" };
      this.weights = new Plot("Weights over updates", { ...axis, y: [-1.05, 1.05], yticks: [[-1, "−1"], [0, "0"], [1, "1"]] });
      this.errors = new Plot("Errors over updates", { ...axis, y: [-13, 4.5], yticks: POWERS });
      this.limit = { points: axis.x.map((x) => [x, power(threshold)]), stroke: "currentColor", opacity: 0.7, "stroke-dasharray": "5 3", "stroke-width": 1 };
      this.cells = make("div", { className: "cells" });
      this.legend = make("p", { className: "plot-title" });
      this.elements = [make("p", { className: "plot-title", textContent: "weights: first layer solid, second dashed" }), this.weights.element, this.legend, this.errors.element, this.cells];
    }
    show(points, point, colour) {
      const curve = (value, style) => ({ points: points.map((p) => [place(p.t), value(p)]).filter(([, y]) => !Number.isNaN(y)), ...style });
      this.weights.show(point.weights.flatMap((layer, k) => parts(layer).flatMap(([role, W]) => Array.from(W, (_, i) =>
        curve((p) => p.weights[k][role][i], { stroke: colour, opacity: 0.85, "stroke-dasharray": k ? "5 3" : "none" })))));
      const known = ["training", "sparsity"].filter((name) => name in point);
      this.legend.innerHTML = `${['<b class="test">test error</b>', ...known.map((name) => `<b class="${name}">${name} error</b>`)].join(", ")}; dashed: solved below`;
      this.errors.show([this.limit, ...known.map((name) => curve((p) => power(p[name]), { class: name })), curve((p) => power(p.test), { class: "test", stroke: colour })]);
      for (const plot of [this.weights, this.errors]) plot.mark(place(point.t));
      this.cells.replaceChildren(...point.weights.flatMap((layer, k) => parts(layer).map(([role, W], n, all) => {
        const columns = k ? 2 : 4, rows = Array.from({ length: W.length / columns }, (_, h) => Array.from(W.slice(h * columns, (h + 1) * columns)));
        return make("div", { className: "layer" }, make("span", { textContent: `W${subscript(k + 1)}${all.length > 1 ? ROLES[role] : ""}` }), make("div", {}, ...rows.map((row) => make("div", {}, ...row.map((w) => {
          const cell = make("b", { textContent: (Math.round(100 * w) / 100 + 0).toFixed(2).replace("-", "−"), className: w < 0 ? "below" : "" });
          cell.style.setProperty("--weight", `${Math.round(100 * Math.min(1, Math.abs(w)))}%`);
          return cell;
        })))));
      })));
    }
  }

  // The state of the playground stands in the address, so that a view can be shared; other pages link to it.
  const state = new URLSearchParams(location.search);
  const remember = (values) => {
    for (const [key, value] of Object.entries(values)) if (value === "" || value === undefined) state.delete(key); else state.set(key, value);
    try { history.replaceState(null, "", `${location.pathname}?${state}${location.hash}`); } catch { /* some browsers forbid it for files */ }
  };

  // What a network with these effective weights answers, in double precision: for numbers of the reader's own.
  const EPSILON = 1e-7, sigma = (u) => 1 / (1 + Math.exp(-u));
  const respond = ({ product }, W, columns, x) => {
    const rows = (W.A ?? W.M).length / columns, dot = (w, h, values) => values.reduce((sum, value, i) => sum + w[h * columns + i] * value, 0);
    return Array.from({ length: rows }, (_, h) => {
      const a = W.A ? dot(W.A, h, x) : 0;
      const m = product === "logs" ? Math.exp(dot(W.M, h, x.map((value) => Math.log(Math.abs(value) + EPSILON))))
        : product === "factors" ? x.reduce((all, value, i) => all * (W.M[h * columns + i] * (value - 1) + 1), 1) : 0;
      if (!W.G) return product ? m : a;
      const g = sigma(dot(W.G, h, x));
      return g * a + (1 - g) * m;
    });
  };

  return { make, draw, superscript, subscript, scientific, plain, count, field, choice, Pictures, state, remember, respond, sigma };
})();
