// Threads that work together: a block, or some warps of it that wait for each other without the rest.
#pragma once
#include "functions.cuh"

struct Team {
  int rank, size, barrier;
  __device__ __forceinline__ void wait() const { named_barrier(barrier, size); }
  __device__ __forceinline__ int lane() const { return rank & 31; }
  __device__ __forceinline__ int warp() const { return rank >> 5; }
  __device__ __forceinline__ int warps() const { return size >> 5; }
};

// The sum of a warp's numbers: the p-th takes the (p + 16)-th, then the (p + 8)-th, and so on. All threads have it.
template <class R> __device__ __forceinline__ R total(R sum) {
#pragma unroll
  for (int k = 16; k; k >>= 1) sum = sum + __shfl_xor_sync(~0u, sum, k);
  return sum;
}

// Four numbers that lie beside each other, read at once.
template <class R> struct Four;
template <> struct __align__(16) Four<float> { float x, y, z, w; };
template <> struct __align__(16) Four<double> { double x, y, z, w; };
template <class R> __device__ __forceinline__ Four<R> four(const R *at) { return *(const Four<R> *)at; }
template <class R> __device__ __forceinline__ void get(const R *at, R *into) {
  Four<R> value = four(at);
  into[0] = value.x, into[1] = value.y, into[2] = value.z, into[3] = value.w;
}
template <class R> __device__ __forceinline__ void put(R *at, const R *from) {
  Four<R> value = {from[0], from[1], from[2], from[3]};
  *(Four<R> *)at = value;
}
