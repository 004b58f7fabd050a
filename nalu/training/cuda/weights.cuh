// From parameters to weights, back, and a step of the optimiser: nalu/training/fused/weights.py for single numbers.
#pragma once
#include "team.cuh"

// A weight and the two numbers that are kept for its gradient.
template <class R> struct Weight { R w, a, b; };

template <class R> __device__ __forceinline__ Weight<R> weight(int kind, R p, R q) {
  switch (kind) {
    case KIND_NAC: { R t = hyperbolic_tangent(p), s = sigmoid(q); return {t * s, t, s}; }
    case KIND_SIGMA: { R s = sigmoid(p); return {s, s, s}; }
    case KIND_NAU: case KIND_NAU_FREE: return {clamp(p, R(-1), R(1)), p, p};
    case KIND_NMU: case KIND_NMU_FREE: return {clamp(p, R(0), R(1)), p, p};
    default: return {p, p, p};
  }
}

template <class R> struct Gradient { R p, q; };

template <class R> __device__ __forceinline__ Gradient<R> chain(int kind, R p, R a, R b, R dw) {
  switch (kind) {
    case KIND_NAC: return {dw * (R(1) - a * a) * b, dw * a * b * (R(1) - b)};
    case KIND_SIGMA: return {dw * a * (R(1) - a), dw};
    case KIND_NAU: case KIND_NAU_FREE: return {absolute(p) <= R(1) ? dw : R(0), dw};
    case KIND_NMU: case KIND_NMU_FREE: return {p >= R(0) ? (p <= R(1) ? dw : R(0)) : R(0), dw};
    default: return {dw, dw};
  }
}

// The two numbers whose minimum the sparsity regulariser averages, and its slope.
template <class R> struct Smaller { R near, far, slope; };

template <class R> __device__ __forceinline__ Smaller<R> smaller(int kind, R p) {
  R size = absolute(p), up = sign(p);
  switch (kind) {
    case KIND_NAU: case KIND_NAU_FREE: {
      R far = absolute(R(1) - size);
      return {size, far, slope_of_smaller(size, far, up, -(sign(R(1) - size) * up))};
    }
    case KIND_NMU: case KIND_NMU_FREE: {
      R far = absolute(R(1) - p);
      return {size, far, slope_of_smaller(size, far, up, -sign(R(1) - p))};
    }
    default: return {p - p, p - p, p - p};
  }
}

template <class R> __device__ __forceinline__ R project(int kind, R p) {
  return kind == KIND_NAU ? clamp(p, R(-1), R(1)) : kind == KIND_NMU ? clamp(p, R(0), R(1)) : p;
}

__device__ __forceinline__ bool is_regular(int kind) { return kind >= KIND_NAU; }

// What a step needs of a lane and an iteration.
template <class R> struct Now { R rate, root, momentum, adam; };

template <class R> __device__ __forceinline__ R descend(const Now<R> &now, R p, R g, R &m, R &v) {
  if (now.adam != R(0)) {
    m = fused(R(1.0 - BETA1), g - m, m);
    v = fused(g * R(1.0 - BETA2), g, v * R(BETA2));
    return p - over(m * now.rate, fused(root(v), now.root, R(ADAM_EPSILON)));
  }
  m = fused(m, now.momentum, g);
  return p - m * now.rate;
}

// Parameters, moments and what is kept, wherever they are.
template <class R> struct State { R *P, *m, *v, *kept; };

// The place of a weight and, unless that is nullptr, of its copy.
template <class R> struct Goal { R *weight, *copy; };

// A weight from its parameters, and what is kept; those of a second tensor are `size` numbers further on.
template <class R> __device__ __forceinline__ void put_weight(int kind, int at, int size, const State<R> &s, R p, R q, Goal<R> to) {
  Weight<R> found = weight(kind, p, q);
  *to.weight = found.w;
  if (to.copy) *to.copy = found.w;
  if (kind == KIND_NAC || kind == KIND_SIGMA) s.kept[at] = found.a;
  if (kind == KIND_NAC) s.kept[at + size] = found.b;
}

// One step of the optimiser for four neighbouring parameters, and their new weights. A function that is called: all kinds of
// weights inlined everywhere would take the compiler minutes.
template <class R>
__device__ __noinline__ void step(int kind, int at, int size, Now<R> now, R each, State<R> s, Four<R> slopes, Goal<R> to) {
  const bool two = kind == KIND_NAC, kept = two || kind == KIND_SIGMA;
  R p[4], q[4], a[4], b[4], m[4], v[4], dw[4] = {slopes.x, slopes.y, slopes.z, slopes.w};
  Gradient<R> g[4];
  get(s.P + at, p), get(s.m + at, m), get(s.v + at, v);
  get(kept ? s.kept + at : s.P + at, a), get(two ? s.kept + at + size : s.P + at, b);
#pragma unroll
  for (int c = 0; c < 4; c++) {
    g[c] = chain(kind, p[c], a[c], b[c], dw[c]);
    if (is_regular(kind) && each > R(0)) g[c].p = fused(smaller(kind, p[c]).slope, each, g[c].p);
    q[c] = p[c] = project(kind, descend(now, p[c], g[c].p, m[c], v[c]));
  }
  put(s.P + at, p), put(s.m + at, m), put(s.v + at, v);
  if (two) {
    get(s.P + at + size, q), get(s.m + at + size, m), get(s.v + at + size, v);
#pragma unroll
    for (int c = 0; c < 4; c++) q[c] = descend(now, q[c], g[c].q, m[c], v[c]);
    put(s.P + at + size, q), put(s.m + at + size, m), put(s.v + at + size, v);
  }
  R w[4];
#pragma unroll
  for (int c = 0; c < 4; c++) {
    Weight<R> found = weight(kind, p[c], q[c]);
    w[c] = found.w, a[c] = found.a, b[c] = found.b;
  }
  put(to.weight, w);
  if (to.copy) put(to.copy, w);
  if (kept) put(s.kept + at, a);
  if (two) put(s.kept + at + size, b);
}
