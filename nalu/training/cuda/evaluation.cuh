// Rows of the history: errors on the evaluation inputs, the regulariser and the sparsity error.
#pragma once
#include "bodies.cuh"

// The sum of a lane's squared errors over `samples` samples with targets t, by a warp.
template <class R> __device__ __forceinline__ R test(const Lane &lane, const Room<R> &room, int p, int samples, const R *t) {
  R sum = R(0);
  Output<R> out[CHUNK / 32];
  forward<CHUNK / 32>(lane, room, p, CHUNK, out);
#pragma unroll
  for (int s = 0; s < CHUNK / 32; s++) {
    int b = p + 32 * s;
    R error = b < samples ? out[s].y - t[b] : R(0);
    sum = fused(error, error, sum);
  }
  return total(sum);
}

// The regulariser, and the largest distance of a weight from 0 and 1 or -1, by one thread: the sums are float64 in order.
template <class R>
__device__ __forceinline__ void regularity(const Lane &lane, const Slot *slots, const R *P, const R *w, double *into) {
  double penalty = 0.0;
  R worst = R(0);
  for (const Slot *slot = slots + lane.slots; slot < slots + lane.end; slot++) {
    double sum = 0.0;
    for (int r = 0; r < (int)slot->rows; r++)
      for (int k = r * (int)slot->stride; k < r * (int)slot->stride + (int)slot->columns; k++) {
        Three<R> found = smaller_of((int)slot->kind, P[slot->at + k]);
        sum = sum + (double)(found.first < found.second ? found.first : found.second);
        if (slot->sparse) {
          R size = absolute(w[slot->to + k]), far = absolute(R(1) - size);
          R least = size < far ? size : far;
          worst = least > worst ? least : worst;
        }
      }
    penalty = penalty + sum / (double)(slot->rows * slot->columns);
  }
  into[0] = penalty, into[1] = (double)worst;
}
