// What becomes of a lane's products, by a warp: both units' outputs, the error, the gradients on the way back, and the steps
// of the second unit. nalu/training/fused/bodies.py has the equations. A thread has every 32nd sample and meets no other's.
#pragma once
#include "products.cuh"
#include "weights.cuh"

// Loops over a thread's samples are unrolled where these stay in registers.
#define OVER_SAMPLES _Pragma("unroll (SAMPLES <= 4 ? SAMPLES : 1)")

template <class R> struct Room {
  R *z, *w, *dw;
  int stride;
};

// A unit as its code says: its kind of product, whether it has a gate, and a sum of inputs.
struct Body {
  int product;
  bool gated, adds;
  __device__ __forceinline__ Body(long long code) : product((int)code % 3), gated(code >= 3), adds(code >= 3 || code == NOTHING) {}
};

// Output h of the first unit for sample b. Its sum, product and gate take the place of what they are made of.
template <class R> __device__ __forceinline__ R first_unit(const Lane &lane, const Body &one, const Room<R> &room, int h, int b) {
  R a = R(0), m = R(0), *z = room.z + b;
  if (one.adds) {
    R *at = z + ((int)lane.add + h) * room.stride;
    a = *at;
    if (lane.bias >= 0) *at = a = activate((int)lane.activation, a + room.w[lane.bias + h]);
  }
  if (one.product) {
    R *at = z + ((int)lane.multiply + h) * room.stride;
    m = *at;
    if (one.product == LOGARITHMS) *at = m = exponential(m);
  }
  if (!one.gated) return one.product ? m : a;
  R *at = z + ((int)lane.gate + h) * room.stride, g = sigmoid(*at);
  *at = g;
  return g * a + (R(1) - g) * m;
}

// The same, once it has been made.
template <class R> __device__ __forceinline__ R output(const Lane &lane, const Body &one, const Room<R> &room, int h, int b) {
  const R *z = room.z + b + h * room.stride;
  if (!one.gated) return z[(int)(one.product ? lane.multiply : lane.add) * room.stride];
  R g = z[(int)lane.gate * room.stride];
  return g * z[(int)lane.add * room.stride] + (R(1) - g) * z[(int)lane.multiply * room.stride];
}

// The gradients of its products, in their place, from that of its output, x; returns that of its sum.
template <class R>
__device__ __forceinline__ R first_unit_back(const Lane &lane, const Body &one, const Room<R> &room, int h, int b, R x, R d) {
  R *z = room.z + b + h * room.stride;
  if (one.gated) {
    R *at_g = z + (int)lane.gate * room.stride, *at_a = z + (int)lane.add * room.stride, *at_m = z + (int)lane.multiply * room.stride;
    R g = *at_g, a = *at_a, m = *at_m;
    *at_g = d * (a - m) * g * (R(1) - g);
    *at_m = one.product == LOGARITHMS ? d * (R(1) - g) * m : d * (R(1) - g);
    return *at_a = d * g;
  }
  if (one.product) {
    z[(int)lane.multiply * room.stride] = one.product == LOGARITHMS ? d * x : d;
    return d;
  }
  return z[(int)lane.add * room.stride] = activate_back((int)lane.activation, x, d);
}

// The second unit's gate, sum, product and output.
template <class R> struct Output { R g, a, m, y; };

template <class R> __device__ __forceinline__ Output<R> second_unit(const Lane &lane, const Body &two, const Room<R> &room, R u, R a, R m) {
  Output<R> out = {R(0), a, two.product == LOGARITHMS ? exponential(m) : m, R(0)};
  if (two.adds && lane.bias2 >= 0) out.a = activate((int)lane.activation2, a + room.w[lane.bias2]);
  out.y = two.product ? out.m : out.a;
  if (two.gated) {
    out.g = sigmoid(u);
    out.y = out.g * out.a + (R(1) - out.g) * out.m;
  }
  return out;
}

// Outputs of both units for SAMPLES of the thread's samples, from `from` on.
template <int SAMPLES, class R>
__device__ __forceinline__ void forward(const Lane &lane, const Room<R> &room, int from, int columns, Output<R> *out) {
  const Body one(lane.first), two(lane.second);
  R u[SAMPLES], a[SAMPLES], m[SAMPLES];
OVER_SAMPLES
  for (int s = 0; s < SAMPLES; s++) u[s] = a[s] = R(0), m[s] = two.product == FACTORS ? R(1) : R(0);
  for (int h = 0; h < (int)lane.hidden_size; h++) {
    R wg = two.gated ? room.w[lane.gate2 + h] : R(0), wa = two.adds ? room.w[lane.add2 + h] : R(0);
    R wm = two.product ? room.w[lane.multiply2 + h] : R(0);
OVER_SAMPLES
    for (int s = 0; s < SAMPLES; s++) {
      if (from + 32 * s >= columns) continue;
      R x = first_unit(lane, one, room, h, from + 32 * s);
      if (two.gated) u[s] = fused(x, wg, u[s]);
      if (two.adds) a[s] = fused(x, wa, a[s]);
      if (two.product == LOGARITHMS) m[s] = fused(logarithm(absolute(x) + R(EPSILON)), wm, m[s]);
      if (two.product == FACTORS) m[s] = m[s] * factor(wm, x);
    }
  }
OVER_SAMPLES
  for (int s = 0; s < SAMPLES; s++) out[s] = second_unit(lane, two, room, u[s], a[s], m[s]);
}

// What a lane has learned from a batch.
template <class R> struct Learned { R error, gates; };

// The sums of squared errors and of gates; if the former is a number, all gradients but those of the first layer's
// weights, for which those of the products are left in z. A thread has at most SAMPLES samples.
template <int SAMPLES, class R>
__device__ __forceinline__ Learned<R> learn(const Lane &lane, const Room<R> &room, int p, int columns, int B, const R *t) {
  const Body one(lane.first), two(lane.second);
  Output<R> out[SAMPLES];
  forward<SAMPLES>(lane, room, p, columns, out);
  R errors = R(0), gates = R(0), of_bias = R(0), scale = R(2.0 / B);
  R du[SAMPLES], da[SAMPLES], dm[SAMPLES];  // gradients of the gate's sum, of the sum, and of the product
OVER_SAMPLES
  for (int s = 0; s < SAMPLES; s++) {
    int b = p + 32 * s;
    if (b >= columns) continue;
    R error = b < B ? out[s].y - t[b] : R(0), dy = error * scale, g = out[s].g, a = out[s].a, m = out[s].m;
    errors = fused(error, error, errors);
    gates = gates + (b < B ? g : R(0));
    du[s] = da[s] = dm[s] = dy;
    if (two.gated) du[s] = dy * (a - m) * g * (R(1) - g), da[s] = dy * g, dm[s] = dy * (R(1) - g);
    if (two.product == LOGARITHMS) dm[s] = dm[s] * m;
    if (two.adds && lane.bias2 >= 0) {
      da[s] = activate_back((int)lane.activation2, out[s].y, da[s]);
      of_bias = of_bias + da[s];
    }
  }
  errors = total(errors);
  gates = two.gated ? total(gates) : R(0);
  if (is_nan(errors)) return {errors, gates};
  if (two.adds && lane.bias2 >= 0) {
    of_bias = total(of_bias);
    if (p == 0) room.dw[lane.bias2] = of_bias;
  }
  for (int h = (int)lane.hidden_size - 1; h >= 0; h--) {
    R wg = two.gated ? room.w[lane.gate2 + h] : R(0), wa = two.adds ? room.w[lane.add2 + h] : R(0);
    R wm = two.product ? room.w[lane.multiply2 + h] : R(0), of_g = R(0), of_a = R(0), of_m = R(0), of_b = R(0);
OVER_SAMPLES
    for (int s = 0; s < SAMPLES; s++) {
      int b = p + 32 * s;
      if (b >= columns) continue;
      R x = output(lane, one, room, h, b), dx = R(0);
      if (two.gated) of_g = fused(du[s], x, of_g), dx = du[s] * wg;
      if (two.adds) of_a = fused(da[s], x, of_a), dx = fused(da[s], wa, dx);
      if (two.product == LOGARITHMS) {
        R size = absolute(x) + R(EPSILON);
        of_m = fused(dm[s], logarithm(size), of_m);
        dx = dx + over(dm[s] * wm * sign(x), size);
      }
      if (two.product == FACTORS) {
        R before = R(1);  // dm is the gradient times the factors after this one
        for (int k = 0; k < h; k++) before = before * factor(room.w[lane.multiply2 + k], output(lane, one, room, k, b));
        R others = before * dm[s];
        of_m = fused(others, x - R(1), of_m);
        dx = fused(others, wm, dx);
        dm[s] = dm[s] * factor(wm, x);
      }
      R d = first_unit_back(lane, one, room, h, b, x, dx);
      of_b = of_b + d;
    }
    if (two.gated) of_g = total(of_g);
    if (two.adds) of_a = total(of_a);
    if (two.product) of_m = total(of_m);
    if (lane.bias >= 0) of_b = total(of_b);
    if (p == 0) {
      if (two.gated) room.dw[lane.gate2 + h] = of_g;
      if (two.adds) room.dw[lane.add2 + h] = of_a;
      if (two.product) room.dw[lane.multiply2 + h] = of_m;
      if (lane.bias >= 0) room.dw[lane.bias + h] = of_b;
    }
  }
  __syncwarp();
  return {errors, gates};
}
