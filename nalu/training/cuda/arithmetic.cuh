// Numbers: the operations that nalu/training/fused/vectors.py has, each rounded once. Nothing is left to a library. What is
// made of them, `functions.cuh`, is translated from the functions of the fused engine.
#pragma once
#include "records.cuh"

typedef unsigned int u32;
typedef unsigned long long u64;

__device__ __forceinline__ float fused(float a, float b, float c) { return __fmaf_rn(a, b, c); }
__device__ __forceinline__ double fused(double a, double b, double c) { return __fma_rn(a, b, c); }
__device__ __forceinline__ float root(float x) { return __fsqrt_rn(x); }
__device__ __forceinline__ double root(double x) { return __dsqrt_rn(x); }
__device__ __forceinline__ float over(float a, float b) { return __fdiv_rn(a, b); }
__device__ __forceinline__ double over(double a, double b) { return __ddiv_rn(a, b); }
__device__ __forceinline__ u32 bits(float x) { return (u32)__float_as_int(x); }
__device__ __forceinline__ u64 bits(double x) { return (u64)__double_as_longlong(x); }
__device__ __forceinline__ float number(u32 i) { return __int_as_float((int)i); }
__device__ __forceinline__ double number(u64 i) { return __longlong_as_double((long long)i); }
__device__ __forceinline__ float to_real(u32 i) { return (float)(int)i; }
__device__ __forceinline__ double to_real(u64 i) { return (double)(long long)i; }
__device__ __forceinline__ float absolute(float x) { return number(bits(x) & 0x7FFFFFFFu); }
__device__ __forceinline__ double absolute(double x) { return number(bits(x) & 0x7FFFFFFFFFFFFFFFULL); }
__device__ __forceinline__ float with_sign(float x, float y) { return number((bits(x) & 0x7FFFFFFFu) | (bits(y) & 0x80000000u)); }
__device__ __forceinline__ double with_sign(double x, double y) {
  return number((bits(x) & 0x7FFFFFFFFFFFFFFFULL) | (bits(y) & 0x8000000000000000ULL));
}
template <class R> __device__ __forceinline__ bool is_nan(R x) { return x != x; }

// Several results of a function.
template <class R> struct Two { R first, second; };
template <class R> struct Three { R first, second, third; };

// What a step of the optimiser needs of a lane and an iteration.
template <class R> struct Now {
  R rate, root, momentum, adam;
  static constexpr R keep1 = R(1.0 - BETA1), keep2 = R(BETA2), keep3 = R(1.0 - BETA2), epsilon = R(ADAM_EPSILON);
};
