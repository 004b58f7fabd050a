// What reads the inputs: products of all first layers, and on the way back tiles of their gradients.
#pragma once
#include "team.cuh"

template <bool FACTOR, class R> __device__ __forceinline__ R next(R w, R x, R z) { return FACTOR ? z * factor(w, x) : fused(w, x, z); }

template <class R> __device__ __forceinline__ void take_logarithms(const Team &team, const R *x, int count, R *l) {
  for (int k = team.rank; k < count; k += team.size) l[k] = logarithm(absolute(x[k]) + R(EPSILON));
}

// z[r][b] = sum over i of W[r][i] x[b][i], or the product of factors, in the order of i. A thread has 4 rows and 4 samples;
// a warp 16 and 32, so that what its threads read at a time lies in different banks.
template <bool FACTOR, class R>
__device__ __forceinline__ void multiply(const Team &team, const R *W, int w_stride, int rows, const R *x, int x_stride, int columns,
                                         int inputs, R *z, int z_stride) {
  const int lane = team.lane(), across = (columns + 127) / 128 * 4, tiles = (rows + 15) / 16 * across;
  for (int tile = team.warp(); tile < tiles; tile += team.warps()) {
    int b0 = tile % across / 4 * 128 + tile % 4 * 8 + (lane & 7), r0 = tile / across * 16 + (lane >> 3) * 4;
    int at_x[4], at_w[4];
    R sums[4][4];
#pragma unroll
    for (int j = 0; j < 4; j++) {
      at_x[j] = (b0 + 32 * j < columns ? b0 + 32 * j : b0) * x_stride;
      at_w[j] = (r0 + j < rows ? r0 + j : rows - 1) * w_stride;
#pragma unroll
      for (int c = 0; c < 4; c++) sums[j][c] = FACTOR ? R(1) : R(0);
    }
    int i = 0;
    for (; i + 4 <= inputs; i += 4) {
      Four<R> w[4], a[4];
#pragma unroll
      for (int j = 0; j < 4; j++) w[j] = four(W + at_w[j] + i), a[j] = four(x + at_x[j] + i);
#pragma unroll
      for (int j = 0; j < 4; j++)
#pragma unroll
        for (int c = 0; c < 4; c++) {
          R s = next<FACTOR>(w[j].x, a[c].x, sums[j][c]);
          s = next<FACTOR>(w[j].y, a[c].y, s);
          s = next<FACTOR>(w[j].z, a[c].z, s);
          sums[j][c] = next<FACTOR>(w[j].w, a[c].w, s);
        }
    }
    for (; i < inputs; i++)
#pragma unroll
      for (int j = 0; j < 4; j++)
#pragma unroll
        for (int c = 0; c < 4; c++) sums[j][c] = next<FACTOR>(W[at_w[j] + i], x[at_x[c] + i], sums[j][c]);
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
      for (int c = 0; c < 4; c++)
        if (r0 + j < rows && b0 + 32 * c < columns) z[(r0 + j) * z_stride + b0 + 32 * c] = sums[j][c];
  }
}

// dW[j][c] += sum over b of dz[rows[j]][b] x[b][i + c], in the order of b.
template <class R>
__device__ __forceinline__ void multiply_back(const R *dz, const int *at, const R *x, int x_stride, int samples, R (*dW)[4]) {
  int b = 0;
  for (; b + 4 <= samples; b += 4) {
    Four<R> d[4], a[4];
#pragma unroll
    for (int j = 0; j < 4; j++) d[j] = four(dz + at[j] + b), a[j] = four(x + (b + j) * x_stride);
#pragma unroll
    for (int j = 0; j < 4; j++) {
      dW[j][0] = fused(d[j].w, a[3].x, fused(d[j].z, a[2].x, fused(d[j].y, a[1].x, fused(d[j].x, a[0].x, dW[j][0]))));
      dW[j][1] = fused(d[j].w, a[3].y, fused(d[j].z, a[2].y, fused(d[j].y, a[1].y, fused(d[j].x, a[0].y, dW[j][1]))));
      dW[j][2] = fused(d[j].w, a[3].z, fused(d[j].z, a[2].z, fused(d[j].y, a[1].z, fused(d[j].x, a[0].z, dW[j][2]))));
      dW[j][3] = fused(d[j].w, a[3].w, fused(d[j].z, a[2].w, fused(d[j].y, a[1].w, fused(d[j].x, a[0].w, dW[j][3]))));
    }
  }
  for (; b < samples; b++) {
    Four<R> a = four(x + b * x_stride);
#pragma unroll
    for (int j = 0; j < 4; j++) {
      R d = dz[at[j] + b];
      dW[j][0] = fused(d, a.x, dW[j][0]), dW[j][1] = fused(d, a.y, dW[j][1]);
      dW[j][2] = fused(d, a.z, dW[j][2]), dW[j][3] = fused(d, a.w, dW[j][3]);
    }
  }
}

constexpr int SEGMENT = 4;

// dW[i] = sum over b of dz[b] (x[b][i] - 1) times the other factors, for one row of weights, by a warp: no factor of zero
// can spoil it. The products before every SEGMENT-th factor are kept in `before`, those between made again from them.
template <class R>
__device__ __forceinline__ void factors_back(const Team &team, const R *W, const R *x, int x_stride, int columns, int inputs,
                                             const R *dz, R *dW, R *before) {
  const int p = team.lane(), last = (inputs - 1) / SEGMENT;
  for (int b = p; b < columns; b += 32) {
    R product = R(1);
    for (int i = 0; i < inputs; i++) {
      if (i % SEGMENT == 0) before[i / SEGMENT * columns + b] = product;
      product = product * factor(W[i], x[b * x_stride + i]);
    }
    before[(last + 1) * columns + b] = dz[b];  // the product of those after, which begins with the gradient
  }
  for (int segment = last; segment >= 0; segment--) {
    R sums[SEGMENT] = {};
    for (int b = p; b < columns; b += 32) {
      R those_before[SEGMENT], product = before[segment * columns + b], after = before[(last + 1) * columns + b];
#pragma unroll
      for (int j = 0; j < SEGMENT; j++) {
        int i = segment * SEGMENT + j;
        those_before[j] = product;
        if (i < inputs) product = product * factor(W[i], x[b * x_stride + i]);
      }
#pragma unroll
      for (int j = SEGMENT - 1; j >= 0; j--) {
        int i = segment * SEGMENT + j;
        if (i < inputs) {
          R value = x[b * x_stride + i];
          sums[j] = fused(those_before[j] * after, value - R(1), sums[j]);
          after = after * factor(W[i], value);
        }
      }
      before[(last + 1) * columns + b] = after;
    }
#pragma unroll
    for (int j = 0; j < SEGMENT; j++) {
      R sum = total(sums[j]);
      if (p == 0 && segment * SEGMENT + j < inputs) dW[segment * SEGMENT + j] = sum;
    }
  }
}
