// The smallest training of the papers in plain JavaScript: the same numbers, to the last bit, as `nalu.training` with the
// stream `philox`. The rounding of every step is stated in nalu/training/fused/scalars.py; tests/playground_node.cjs compares.
// All of it is one function without surroundings, so that its text alone can be given to a worker, also from a file.
function naluEngine() {
  const f = Math.fround, real = new Float32Array(1), whole = new Int32Array(real.buffer);
  const BATCH = 128, PARTS = 32, INPUTS = 4, HIDDEN = 2, EVALUATED = 10000, LOG_EVERY = 1000, ITERATIONS = 200000;
  const LOW = 1, HIGH = 2, TEST_LOW = 2, TEST_HIGH = 6, VALIDATION_SEED = 43953907, TEST_SEED = 8689336;
  const RATE = 1e-3, BETA1 = 0.9, BETA2 = 0.999, EPSILON = f(1e-8), INSIDE_LOG = f(1e-7);
  const NAC_BOUND = { 6: 5.425507820881421, 3: 9.47140638591577 }; // by inputs and outputs together, see nac_bound

  // -- arithmetic in single precision --

  // x y + z, rounded once. The product of two single numbers is exact in double precision; the sum there is rounded, and
  // rounding it again goes wrong only where it lies half-way between two single numbers.
  function fma(x, y, z) {
    const product = x * y, sum = product + z, near = f(sum), off = sum - near;
    if (off === 0) return near;
    const other = sum + off;
    if (f(other) !== other) return near;
    const part = sum - product, lost = (product - (sum - part)) + (z - part);
    return lost === 0 ? near : lost > 0 === other > near ? other : near;
  }

  const bits = (x) => { real[0] = x; return whole[0]; };
  const number = (i) => { whole[0] = i; return real[0]; };
  const LOG2E = f(1.44269504088896341), ROUND = 12582912, LN2 = f(0.693147182464599609375), LN2_REST = f(-1.904654299957768e-09);
  const EXP = [1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1].map(f);
  const LOG = [7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
    2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1].map(f);
  const TANH = [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1].map(f);
  const ROOT_HALF = f(0.707106781186547524), FIVE_EIGHTHS = 0.625;

  function exp(x) {
    if (x > 104) x = 104;
    if (x < -104) x = -104;
    const shifted = fma(x, LOG2E, ROUND), n = f(shifted - ROUND), r = fma(n, -LN2_REST, fma(n, -LN2, x));
    let p = EXP[0];
    for (let k = 1; k < 6; k++) p = fma(p, r, EXP[k]);
    p = f(fma(p, f(r * r), r) + 1);
    const power = bits(shifted) - 0x4B400000 + 254, half = power >>> 1;
    return f(f(p * number(half << 23)) * number((power - half) << 23));
  }

  function log(x) {
    const form = bits(x);
    let n = (form >>> 23) - 126, m = number((form & 0x007FFFFF) | 0x3F000000);
    if (m < ROOT_HALF) { n -= 1; m = f(m + m); }
    m = f(m - 1);
    const z = f(m * m);
    let p = LOG[0];
    for (let k = 1; k < 9; k++) p = fma(p, m, LOG[k]);
    const y = fma(z, -0.5, fma(n, LN2_REST, f(f(p * m) * z)));
    return x < Infinity ? fma(n, LN2, f(m + y)) : x;
  }

  function tanh(x) {
    const a = Math.abs(x), z = f(x * x);
    let size;
    if (a < FIVE_EIGHTHS) {
      let p = TANH[0];
      for (let k = 1; k < 5; k++) p = fma(p, z, TANH[k]);
      size = fma(f(p * z), a, a);
    } else size = f(1 - f(2 / f(exp(f(a + a)) + 1)));
    return x < 0 ? -size : size;
  }

  const sigmoid = (x) => f(1 / f(exp(-x) + 1));
  const sign = (x) => (x > 0 ? 1 : x < 0 ? -1 : 0);
  const clamp = (x, low, high) => (x < low ? low : x > high ? high : x);
  const factor = (w, x) => f(f(f(w * x) + 1) - w);

  function total(sums, at) {
    for (let width = PARTS / 2; width; width >>= 1) for (let p = 0; p < width; p++) sums[at + p] += sums[at + p + width];
    return sums[at];
  }

  // -- random numbers --

  // The Mersenne Twister of NumPy and PyTorch: 32-bit words.
  function twister(seed) {
    const state = new Uint32Array(624);
    let at = 624;
    state[0] = seed;
    for (let k = 1; k < 624; k++) state[k] = Math.imul(1812433253, state[k - 1] ^ (state[k - 1] >>> 30)) + k;
    return () => {
      if (at === 624) {
        for (let k = 0; k < 624; k++) {
          const y = (state[k] & 0x80000000) | (state[(k + 1) % 624] & 0x7FFFFFFF);
          state[k] = state[(k + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908B0DF : 0);
        }
        at = 0;
      }
      let y = state[at++];
      y ^= y >>> 11; y ^= (y << 7) & 0x9D2C5680; y ^= (y << 15) & 0xEFC60000; y ^= y >>> 18;
      return y >>> 0;
    };
  }

  // Upper 32 bits of the product of two unsigned words.
  function high(a, b) {
    const a1 = a >>> 16, a0 = a & 0xFFFF, b1 = b >>> 16, b0 = b & 0xFFFF;
    const middle = a1 * b0 + (a0 * b0 >>> 16), lower = a0 * b1 + (middle & 0xFFFF);
    return a1 * b1 + Math.floor(middle / 65536) + (lower >>> 16);
  }

  // Training inputs of an update, one input a row: Philox-4x32-10 with the key (seed, "NALU").
  function inputs(x, seed, iteration) {
    for (let block = 0; block < INPUTS * BATCH / 4; block++) {
      let c0 = block, c1 = iteration, c2 = 0, c3 = 0, k0 = seed, k1 = 0x4E414C55;
      for (let round = 0; round < 10; round++) {
        const h0 = high(0xD2511F53, c0), l0 = Math.imul(0xD2511F53, c0), h1 = high(0xCD9E8D57, c2), l1 = Math.imul(0xCD9E8D57, c2);
        c0 = (h1 ^ c1 ^ k0) >>> 0; c2 = (h0 ^ c3 ^ k1) >>> 0; c1 = l1; c3 = l0;
        k0 = (k0 + 0x9E3779B9) | 0; k1 = (k1 + 0xBB67AE85) | 0;
      }
      const at = 4 * block;
      x[at] = LOW + f((HIGH - LOW) * (c0 >>> 8) / 16777216);
      x[at + 1] = LOW + f((HIGH - LOW) * (c1 >>> 8) / 16777216);
      x[at + 2] = LOW + f((HIGH - LOW) * (c2 >>> 8) / 16777216);
      x[at + 3] = LOW + f((HIGH - LOW) * (c3 >>> 8) / 16777216);
    }
  }

  // The inputs, one a row, and targets of an evaluation set, drawn as NumPy does: rounded to single precision after the sums.
  function evaluationSet(seed, low, range) {
    const word = twister(seed), x = new Float32Array(INPUTS * EVALUATED), y = new Float32Array(EVALUATED), one = new Float64Array(INPUTS);
    for (let b = 0; b < EVALUATED; b++) {
      for (let i = 0; i < INPUTS; i++) {
        const first = word() >>> 5;
        one[i] = low + range * ((first * 67108864 + (word() >>> 6)) / 9007199254740992);
        x[i * EVALUATED + b] = one[i];
      }
      y[b] = (one[0] + one[1] + one[2] + one[3]) * (one[0] + one[1]);
    }
    return { x, y, size: EVALUATED };
  }

  // Initial weights as PyTorch draws them: uniform numbers, and for two of NAC•,σ's, normal ones.
  function drawing(seed) {
    const word = twister(seed), double = () => { const upper = word(); return ((upper & 0x1FFFFF) * 4294967296 + word()) / 9007199254740992; };
    return {
      uniform: (bound, low = -bound) => (tensor) => { low = f(low); const span = f(bound) - low; for (let k = 0; k < tensor.length; k++) tensor[k] = (word() & 0xFFFFFF) / 16777216 * span + low; },
      normal: (deviation) => (tensor) => {
        for (let k = 0; k < tensor.length; k += 2) {
          const angle = 2 * Math.PI * double(), r = Math.sqrt(-2 * Math.log1p(-double()));
          tensor[k] = r * Math.cos(angle) * deviation; tensor[k + 1] = r * Math.sin(angle) * deviation;
        }
      },
    };
  }

  // -- networks --

  // A kind of weight: from one parameter or two to the weight, its gradient back to them, and the range of a parameter.
  const KINDS = {
    plain: { weight: (p) => p, chain: (p, q, dw) => dw, project: (p) => p, sparse: false },
    nac: {
      two: true, sparse: true, project: (p) => p, weight: (p, q) => f(tanh(p) * sigmoid(q)),
      chain: (p, q, dw) => { const t = tanh(p); return f(f(dw * f(1 - f(t * t))) * sigmoid(q)); },
      chain2: (p, q, dw) => { const s = sigmoid(q); return f(f(f(dw * tanh(p)) * s) * f(1 - s)); },
    },
    sigma: { sparse: true, project: (p) => p, weight: sigmoid, chain: (p, q, dw) => { const s = sigmoid(p); return f(f(dw * s) * f(1 - s)); } },
    nau: { sparse: true, project: (p) => clamp(p, -1, 1), weight: (p) => clamp(p, -1, 1), chain: (p, q, dw) => (Math.abs(p) <= 1 ? dw : 0) },
    nmu: { sparse: true, project: (p) => clamp(p, 0, 1), weight: (p) => clamp(p, 0, 1), chain: (p, q, dw) => (p >= 0 && p <= 1 ? dw : 0) },
  };
  const SUMS = "sums", LOGS = "logs", FACTORS = "factors";
  // A unit: matrices with the kind of their weights and their roles, A of a sum, M of a product, G of the gate; and which product.
  const UNITS = {
    NAC: { matrices: [["nac", "A"]] },
    NACMul: { matrices: [["nac", "M"]], product: LOGS },
    NACMulSigma: { matrices: [["sigma", "M"]], product: LOGS },
    NALU: { matrices: [["nac", "AM"], ["plain", "G"]], product: LOGS },
    NAU: { matrices: [["nau", "A"]] },
    NMU: { matrices: [["nmu", "M"]], product: FACTORS },
    GatedNAUNMU: { matrices: [["nau", "A"], ["nmu", "M"], ["plain", "G"]], product: FACTORS },
  };
  const NETWORKS = { NAC_mul: ["NAC", "NACMul"], NAC_mul_sigma: ["NAC", "NACMulSigma"], NALU: ["NALU", "NALU"], NMU: ["NAU", "NMU"], Gated_NAU_NMU: ["GatedNAUNMU", "GatedNAUNMU"] };

  function unit(name, columns, rows) {
    const of = UNITS[name], made = { columns, rows, product: of.product, gated: false, matrices: [], W: {}, dW: {} };
    for (const [kind, roles] of of.matrices) {
      const size = rows * columns, tensors = KINDS[kind].two ? 2 : 1, zeros = () => Array.from({ length: tensors }, () => new Float32Array(size));
      made.matrices.push({ kind, roles, size, parameters: zeros(), m: zeros(), v: zeros() });
      for (const role of roles) { made.W[role] = new Float32Array(size); made.dW[role] = new Float32Array(size); }
      made.gated ||= roles === "G";
    }
    return made;
  }

  function draw(made, source) {
    const fan = made.rows + made.columns, glorot = Math.sqrt(3) * Math.sqrt(2 / fan);
    const ways = { nac: source.uniform(NAC_BOUND[fan]), sigma: source.normal(Math.sqrt(2 / fan)), nau: source.uniform(Math.min(0.5, glorot)),
      nmu: source.uniform(0.75, 0.25), plain: source.uniform(glorot) };
    for (const matrix of made.matrices) matrix.parameters.forEach(ways[matrix.kind]);
  }

  function putWeights(made) {
    for (const { kind, roles, size, parameters: [p, q = p] } of made.matrices)
      for (let k = 0; k < size; k++) { const w = KINDS[kind].weight(p[k], q[k]); for (const role of roles) made.W[role][k] = w; }
  }

  const powerOf = (base, exponent) => {
    let result = 1;
    for (; exponent; exponent = Math.floor(exponent / 2), base *= base) if (exponent % 2) result *= base;
    return result;
  };

  class Training {
    // Network `name` of NETWORKS with a seed: its initial weights, and the batches that it will see.
    constructor(name, seed) {
      this.name = name; this.seed = seed; this.iteration = 0; this.stopped = false;
      this.first = unit(NETWORKS[name][0], INPUTS, HIDDEN);
      this.second = unit(NETWORKS[name][1], HIDDEN, 1);
      const source = drawing(seed);
      for (let times = 0; times < 2; times++) for (const made of [this.first, this.second]) draw(made, source); // as the authors' script does
      for (const made of [this.first, this.second]) putWeights(made);
      this.x = new Float32Array(INPUTS * BATCH); this.l = new Float32Array(INPUTS * BATCH); this.y = new Float32Array(BATCH);
      const rows = () => new Float32Array(HIDDEN * BATCH);
      this.room = { a: rows(), m: rows(), g: rows(), out: rows(), delta: rows() };
      this.sums = new Float32Array(PARTS * (3 * HIDDEN + 1)); this.one = new Float32Array(PARTS * INPUTS);
      this.others = new Float32Array(INPUTS); this.logs = new Float32Array(HIDDEN);
      this.valid = evaluationSet(VALIDATION_SEED, LOW, HIGH - LOW); this.test = evaluationSet(TEST_SEED, TEST_LOW, TEST_HIGH - TEST_LOW);
    }

    // Outputs of the first unit for `count` samples from the `begin`-th on, into the rows of `room`.
    forward(x, l, stride, begin, count) {
      const { W, product, gated } = this.first, { a, m, g, out } = this.room;
      for (let h = 0; h < HIDDEN; h++) for (let b = 0; b < count; b++) {
        const at = h * BATCH + b, row = h * INPUTS;
        let sum = 0, multiplied = product === FACTORS ? 1 : 0, gate = 0;
        if (W.G) for (let i = 0; i < INPUTS; i++) gate = fma(W.G[row + i], x[i * stride + begin + b], gate);
        if (W.A) for (let i = 0; i < INPUTS; i++) sum = fma(W.A[row + i], x[i * stride + begin + b], sum);
        if (product === LOGS) {
          for (let i = 0; i < INPUTS; i++) multiplied = fma(W.M[row + i], l[i * stride + begin + b], multiplied);
          multiplied = exp(multiplied);
        } else if (product === FACTORS) for (let i = 0; i < INPUTS; i++) multiplied = f(multiplied * factor(W.M[row + i], x[i * stride + begin + b]));
        if (gated) {
          gate = sigmoid(gate);
          g[at] = gate; a[at] = sum; m[at] = multiplied;
          out[at] = f(f(gate * sum) + f(f(1 - gate) * multiplied));
        } else out[at] = W.A ? sum : multiplied;
      }
    }

    // Sum of squared errors of `count` samples with the targets `y`; with `learn` also all gradients of the second unit.
    answer(y, begin, count, learn) {
      const { W, product, gated } = this.second, { out, delta } = this.room, { sums, logs } = this, errors = PARTS * 3 * HIDDEN;
      sums.fill(0);
      for (let b = 0; b < count; b++) {
        let u = 0, a = 0, m = product === FACTORS ? 1 : 0, g = 0;
        for (let h = 0; h < HIDDEN; h++) {
          const x = out[h * BATCH + b];
          if (gated) { u = fma(x, W.G[h], u); a = fma(x, W.A[h], a); }
          if (product === LOGS) { const l = log(f(Math.abs(x) + INSIDE_LOG)); logs[h] = l; m = fma(l, W.M[h], m); }
          else { logs[h] = m; m = f(m * factor(W.M[h], x)); }
        }
        if (product === LOGS) m = exp(m);
        let z = m;
        if (gated) { g = sigmoid(u); z = f(f(g * a) + f(f(1 - g) * m)); }
        const error = f(z - y[begin + b]), part = b % PARTS;
        sums[errors + part] = fma(error, error, sums[errors + part]);
        if (!learn) continue;
        const dz = f(error * f(2 / BATCH));
        let du = 0, da = 0, dm = dz;
        if (gated) { du = f(f(f(dz * f(a - m)) * g) * f(1 - g)); da = f(dz * g); dm = f(dz * f(1 - g)); }
        if (product === LOGS) dm = f(dm * m);
        let after = dm;
        for (let h = HIDDEN - 1; h >= 0; h--) {
          const x = out[h * BATCH + b];
          let dx = 0, at = h * PARTS + part;
          if (gated) {
            sums[at] = fma(du, x, sums[at]); dx = f(du * W.G[h]);
            at += HIDDEN * PARTS;
            sums[at] = fma(da, x, sums[at]); dx = fma(da, W.A[h], dx);
          }
          at = (2 * HIDDEN + h) * PARTS + part;
          if (product === LOGS) {
            sums[at] = fma(dm, logs[h], sums[at]);
            dx = f(dx + f(f(f(dm * W.M[h]) * sign(x)) / f(Math.abs(x) + INSIDE_LOG)));
          } else {
            const others = f(logs[h] * after);
            sums[at] = fma(others, f(x - 1), sums[at]);
            dx = fma(others, W.M[h], dx);
            after = f(after * factor(W.M[h], x));
          }
          delta[h * BATCH + b] = dx;
        }
      }
      if (learn) for (let h = 0; h < HIDDEN; h++) ["G", "A", "M"].forEach((role, k) => { if (W[role]) this.second.dW[role][h] = total(sums, (k * HIDDEN + h) * PARTS); });
      return total(sums, errors);
    }

    // Gradients of the first unit from those of its outputs.
    backward() {
      const { product, gated, W, dW } = this.first, { a, m, g, delta } = this.room, { x, l } = this;
      if (gated) for (let at = 0; at < HIDDEN * BATCH; at++) {
        const d = delta[at], gate = g[at], sum = a[at], multiplied = m[at];
        g[at] = f(f(f(d * f(sum - multiplied)) * gate) * f(1 - gate));
        a[at] = f(d * gate);
        m[at] = product === LOGS ? f(f(d * f(1 - gate)) * multiplied) : f(d * f(1 - gate));
      }
      const through = (dz, from, into) => {
        for (let h = 0; h < HIDDEN; h++) for (let i = 0; i < INPUTS; i++) {
          let sum = 0;
          for (let b = 0; b < BATCH; b++) sum = fma(dz[h * BATCH + b], from[i * BATCH + b], sum);
          into[h * INPUTS + i] = sum;
        }
      };
      through(gated ? a : delta, x, dW.A);
      if (gated) through(g, x, dW.G);
      if (product === LOGS) through(m, l, dW.M);
      if (product === FACTORS) for (let h = 0; h < HIDDEN; h++) {
        this.one.fill(0);
        for (let b = 0; b < BATCH; b++) {
          let p = 1;
          for (let i = 0; i < INPUTS; i++) { this.others[i] = p; p = f(p * factor(W.M[h * INPUTS + i], x[i * BATCH + b])); }
          p = m[h * BATCH + b];
          for (let i = INPUTS - 1; i >= 0; i--) {
            const at = i * PARTS + b % PARTS, value = x[i * BATCH + b];
            this.one[at] = fma(f(this.others[i] * p), f(value - 1), this.one[at]);
            p = f(p * factor(W.M[h * INPUTS + i], value));
          }
        }
        for (let i = 0; i < INPUTS; i++) dW.M[h * INPUTS + i] = total(this.one, i * PARTS);
      }
    }

    // One step of Adam, then the projection, for all parameters of a unit.
    step(made, rate, root) {
      const keep1 = f(1 - BETA1), keep2 = f(BETA2), keep3 = f(1 - BETA2);
      for (const { kind, roles, size, parameters, m, v } of made.matrices) {
        const { chain, chain2, project } = KINDS[kind], [p, q = p] = parameters;
        for (let k = 0; k < size; k++) {
          let dw = made.dW[roles[0]][k];
          if (roles.length > 1) dw = f(dw + made.dW[roles[1]][k]);
          const first = chain(p[k], q[k], dw), second = chain2 ? chain2(p[k], q[k], dw) : 0;
          parameters.forEach((tensor, n) => {
            const g = n ? second : first;
            m[n][k] = fma(keep1, f(g - m[n][k]), m[n][k]);
            v[n][k] = fma(f(g * keep3), g, f(v[n][k] * keep2));
            tensor[k] = project(f(tensor[k] - f(f(m[n][k] * rate) / fma(f(Math.sqrt(v[n][k])), root, EPSILON))));
          });
        }
      }
      putWeights(made);
    }

    // Mean squared error over an evaluation set.
    evaluate(set) {
      if (this.first.product === LOGS && !set.l) set.l = set.x.map((value) => log(f(Math.abs(value) + INSIDE_LOG)));
      let error = 0;
      for (let begin = 0; begin < set.size; begin += BATCH) {
        const count = Math.min(BATCH, set.size - begin);
        this.forward(set.x, set.l, set.size, begin, count);
        error += this.answer(set.y, begin, count, false);
      }
      return error / set.size;
    }

    // The largest distance of a weight from the nearest of -1, 0 and 1.
    sparsity() {
      let worst = 0;
      for (const made of [this.first, this.second]) for (const { kind, roles } of made.matrices)
        if (KINDS[kind].sparse) for (const w of made.W[roles[0]]) { const size = Math.abs(w); worst = Math.max(worst, Math.min(size, Math.abs(f(1 - size)))); }
      return worst;
    }

    // What is logged before an update: errors and sparsity error.
    measure() {
      return { iteration: this.iteration, valid: this.evaluate(this.valid), test: this.evaluate(this.test), sparsity: this.sparsity() };
    }

    // One update; returns the training error before it.
    update() {
      const { x, l, y } = this, t = this.iteration;
      inputs(x, this.seed, t);
      for (let b = 0; b < BATCH; b++) y[b] = (x[b] + x[BATCH + b] + x[2 * BATCH + b] + x[3 * BATCH + b]) * (x[b] + x[BATCH + b]);
      if (this.first.product === LOGS) for (let k = 0; k < x.length; k++) l[k] = log(f(Math.abs(x[k]) + INSIDE_LOG));
      this.forward(x, l, BATCH, 0, BATCH);
      const error = this.answer(y, 0, BATCH, true);
      if (Number.isNaN(error)) { this.stopped = true; return error; }
      this.backward();
      const rate = f(RATE / (1 - powerOf(BETA1, t + 1))), root = f(1 / Math.sqrt(1 - powerOf(BETA2, t + 1)));
      this.step(this.first, rate, root);
      this.step(this.second, rate, root);
      this.iteration++;
      return f(error / BATCH);
    }

    // Parameters of both units in PyTorch's order; effective weights by unit and role.
    parameters() { return [this.first, this.second].flatMap((made) => made.matrices.flatMap((matrix) => matrix.parameters.flatMap((tensor) => [...tensor]))); }
    weights() { return [this.first, this.second].map((made) => Object.fromEntries(Object.entries(made.W).map(([role, w]) => [role, [...w]]))); }
  }

  return { Training, NETWORKS, UNITS, ITERATIONS, LOG_EVERY };
}
