// Numbers: the functions of nalu/training/fused/scalars.py, operation by operation. Nothing is left to a library.
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
__device__ __forceinline__ int bits(float x) { return __float_as_int(x); }
__device__ __forceinline__ long long bits(double x) { return __double_as_longlong(x); }
__device__ __forceinline__ float number(int i) { return __int_as_float(i); }
__device__ __forceinline__ double number(long long i) { return __longlong_as_double(i); }
__device__ __forceinline__ float absolute(float x) { return number(bits(x) & 0x7FFFFFFF); }
__device__ __forceinline__ double absolute(double x) { return number(bits(x) & 0x7FFFFFFFFFFFFFFFLL); }
__device__ __forceinline__ float with_sign(float x, float y) { return number((bits(x) & 0x7FFFFFFF) | (bits(y) & ~0x7FFFFFFF)); }
__device__ __forceinline__ double with_sign(double x, double y) {
  return number((bits(x) & 0x7FFFFFFFFFFFFFFFLL) | (bits(y) & ~0x7FFFFFFFFFFFFFFFLL));
}
template <class R> __device__ __forceinline__ bool is_nan(R x) { return x != x; }

__device__ __forceinline__ float exponential(float x) {
  x = x > 104.0f ? 104.0f : x;
  x = x < -104.0f ? -104.0f : x;
  float shifted = fused(x, 1.44269504088896341f, 12582912.0f), n = shifted - 12582912.0f;
  float r = fused(n, 1.904654299957768e-09f, fused(n, -0.693147182464599609375f, x));
  float p = fused(1.9875691500e-4f, r, 1.3981999507e-3f);
  p = fused(p, r, 8.3334519073e-3f);
  p = fused(p, r, 4.1665795894e-2f);
  p = fused(p, r, 1.6666665459e-1f);
  p = fused(p, r, 5.0000001201e-1f);
  p = fused(p, r * r, r) + 1.0f;
  u32 whole = (u32)bits(shifted) - 0x4B400000u + 2 * 127, half = whole >> 1;
  return p * number((int)(half << 23)) * number((int)((whole - half) << 23));
}

__device__ __forceinline__ double exponential(double x) {
  x = x > 746.0 ? 746.0 : x;
  x = x < -746.0 ? -746.0 : x;
  double shifted = fused(x, 1.44269504088896341, 6755399441055744.0), n = shifted - 6755399441055744.0;
  double r = fused(n, -1.90821492927058770002e-10, fused(n, -0.693147180369123816490, x));
  double p = fused(1.6059043836821613e-10, r, 2.08767569878681e-09);
  p = fused(p, r, 2.505210838544172e-08);
  p = fused(p, r, 2.755731922398589e-07);
  p = fused(p, r, 2.7557319223985893e-06);
  p = fused(p, r, 2.48015873015873e-05);
  p = fused(p, r, 0.0001984126984126984);
  p = fused(p, r, 0.001388888888888889);
  p = fused(p, r, 0.008333333333333333);
  p = fused(p, r, 0.041666666666666664);
  p = fused(p, r, 0.16666666666666666);
  p = fused(p, r, 0.5);
  p = fused(p, r * r, r) + 1.0;
  u64 whole = (u64)bits(shifted) - 0x4338000000000000ULL + 2 * 1023, half = whole >> 1;
  return p * number((long long)(half << 52)) * number((long long)((whole - half) << 52));
}

__device__ __forceinline__ float logarithm(float x) {
  int whole = bits(x);
  float n = (float)((whole >> 23) - 126), m = number((whole & 0x007FFFFF) | 0x3F000000);
  bool small = m < 0.707106781186547524f;
  n = small ? n - 1.0f : n;
  m = (small ? m + m : m) - 1.0f;
  float z = m * m, p = fused(7.0376836292e-2f, m, -1.1514610310e-1f);
  p = fused(p, m, 1.1676998740e-1f);
  p = fused(p, m, -1.2420140846e-1f);
  p = fused(p, m, 1.4249322787e-1f);
  p = fused(p, m, -1.6668057665e-1f);
  p = fused(p, m, 2.0000714765e-1f);
  p = fused(p, m, -2.4999993993e-1f);
  p = fused(p, m, 3.3333331174e-1f);
  float y = fused(z, -0.5f, fused(n, -1.904654299957768e-09f, p * m * z));
  y = fused(n, 0.693147182464599609375f, m + y);
  return x < number(0x7F800000) ? y : x;
}

__device__ __forceinline__ double logarithm(double x) {
  long long whole = bits(x);
  double n = (double)((whole >> 52) - 1022), m = number((whole & 0x000FFFFFFFFFFFFFLL) | 0x3FE0000000000000LL);
  bool small = m < 0.707106781186547524;
  n = small ? n - 1.0 : n;
  m = (small ? m + m : m) - 1.0;
  double s = over(m, m + 2.0), z = s * s, p = fused(1.479819860511658591e-01, z, 1.531383769920937332e-01);
  p = fused(p, z, 1.818357216161805012e-01);
  p = fused(p, z, 2.222219843214978396e-01);
  p = fused(p, z, 2.857142874366239149e-01);
  p = fused(p, z, 3.999999999940941908e-01);
  p = fused(p, z, 6.666666666666735130e-01) * z;
  double square = m * m * 0.5;
  double y = fused(n, 0.693147180369123816490, m - (square - fused(s, square + p, n * 1.90821492927058770002e-10)));
  return x < number(0x7FF0000000000000LL) ? y : x;
}

template <class R> __device__ __forceinline__ R far_tanh(R a) { return R(1) - over(R(2), exponential(a + a) + R(1)); }

__device__ __forceinline__ float hyperbolic_tangent(float x) {
  float a = absolute(x), z = x * x, p = fused(-5.70498872745e-3f, z, 2.06390887954e-2f);
  p = fused(p, z, -5.37397155531e-2f);
  p = fused(p, z, 1.33314422036e-1f);
  p = fused(p, z, -3.33332819422e-1f);
  return with_sign(a < 0.625f ? fused(p * z, a, a) : far_tanh(a), x);
}

__device__ __forceinline__ double hyperbolic_tangent(double x) {
  double a = absolute(x), z = x * x;
  double p = fused(fused(-9.64399179425052238628e-1, z, -9.92877231001918586564e1), z, -1.61468768441708447952e3);
  double q = z + 1.12811678491632931402e2;
  q = fused(fused(q, z, 2.23548839060100448583e3), z, 4.84406305325125486048e3);
  return with_sign(a < 0.625 ? fused(a * z, over(p, q), a) : far_tanh(a), x);
}

template <class R> __device__ __forceinline__ R sigmoid(R x) { return over(R(1), exponential(-x) + R(1)); }

template <class R> __device__ __forceinline__ R clamp(R x, R low, R high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

template <class R> __device__ __forceinline__ R sign(R x) { return x > R(0) ? R(1) : x < R(0) ? R(-1) : x - x; }

// Slope of min(near, far) from theirs, their mean where they tie.
template <class R> __device__ __forceinline__ R slope_of_smaller(R near, R far, R up, R down) {
  return near < far ? up : far < near ? down : (up + down) * R(0.5);
}
