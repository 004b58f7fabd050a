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

// One step of the optimiser, and the new weight. A function that is called: all kinds of weights inlined everywhere would
// take the compiler minutes.
template <class R>
__device__ __noinline__ void step(int kind, int at, int size, Now<R> now, R each, State<R> s, R dw, Goal<R> to) {
  const bool two = kind == KIND_NAC, kept = two || kind == KIND_SIGMA;
  R p = s.P[at], q = p;
  Gradient<R> g = chain(kind, p, kept ? s.kept[at] : p, two ? s.kept[at + size] : p, dw);
  if (is_regular(kind) && each > R(0)) g.p = fused(smaller(kind, p).slope, each, g.p);
  s.P[at] = p = project(kind, descend(now, p, g.p, s.m[at], s.v[at]));
  if (two) s.P[at + size] = q = descend(now, s.P[at + size], g.q, s.m[at + size], s.v[at + size]);
  put_weight(kind, at, size, s, p, q, to);
}
