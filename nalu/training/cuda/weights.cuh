// From parameters to weights, back, and a step of the optimiser: nalu/training/fused/weights.py for single numbers.
#pragma once
#include "team.cuh"

template <class R> __device__ __forceinline__ R descend(const Now<R> &now, R p, R g, R &m, R &v) {
  Three<R> found = moved(now, p, g, m, v);
  m = found.second, v = found.third;
  return found.first;
}

// Parameters, moments and what is kept, wherever they are.
template <class R> struct State { R *P, *m, *v, *kept; };

// The place of a weight and, unless that is nullptr, of its copy.
template <class R> struct Goal { R *weight, *copy; };

// A weight from its parameters, and what is kept; those of a second tensor are `size` numbers further on.
template <class R> __device__ __forceinline__ void put_weight(int kind, int at, int size, const State<R> &s, R p, R q, Goal<R> to) {
  Three<R> found = weight_of(kind, p, q);
  *to.weight = found.first;
  if (to.copy) *to.copy = found.first;
  if (is_kept(kind)) s.kept[at] = found.second;
  if (is_kept(kind) && is_two(kind)) s.kept[at + size] = found.third;
}

// One step of the optimiser for four neighbouring parameters, and their new weights. A function that is called: all kinds of
// weights inlined everywhere would take the compiler minutes.
template <class R>
__device__ __noinline__ void step(int kind, int at, int size, Now<R> now, R each, State<R> s, Four<R> slopes, Goal<R> to) {
  const bool two = is_two(kind), kept = is_kept(kind);
  R p[4], q[4], a[4], b[4], m[4], v[4], dw[4] = {slopes.x, slopes.y, slopes.z, slopes.w};
  Two<R> g[4];
  get(s.P + at, p), get(s.m + at, m), get(s.v + at, v), get(s.P + at + (two ? size : 0), q);
  get(kept ? s.kept + at : s.P + at, a), get(kept && two ? s.kept + at + size : s.P + at, b);
#pragma unroll
  for (int c = 0; c < 4; c++) {
    g[c] = chain_of(kind, p[c], q[c], a[c], b[c], dw[c]);
    if (is_regular(kind) && each > R(0)) g[c].first = fused(smaller_of(kind, p[c]).third, each, g[c].first);
    p[c] = descend(now, p[c], g[c].first, m[c], v[c]);
    p[c] = project_of(kind, p[c]);
    if (!two) q[c] = p[c];
  }
  put(s.P + at, p), put(s.m + at, m), put(s.v + at, v);
  if (two) {
    get(s.m + at + size, m), get(s.v + at + size, v);
#pragma unroll
    for (int c = 0; c < 4; c++) q[c] = descend(now, q[c], g[c].second, m[c], v[c]);
    put(s.P + at + size, q), put(s.m + at + size, m), put(s.v + at + size, v);
  }
  R w[4];
#pragma unroll
  for (int c = 0; c < 4; c++) {
    Three<R> found = weight_of(kind, p[c], q[c]);
    w[c] = found.first, a[c] = found.second, b[c] = found.third;
  }
  put(to.weight, w);
  if (to.copy) put(to.copy, w);
  if (kept) put(s.kept + at, a);
  if (kept && two) put(s.kept + at + size, b);
}
