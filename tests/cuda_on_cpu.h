// A block of CUDA threads as fibers of one thread of the processor, which switch at barriers and shuffles: the kernel is
// compiled for tests where there is no GPU. `run` starts it.
#pragma once
#include <setjmp.h>
#include <ucontext.h>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
#define SHARED_MEMORY(name) char *name = fibers::shared

struct Index { unsigned x; };
static Index threadIdx, blockIdx, blockDim;

namespace fibers {
constexpr int MOST = 1024, STACK = 1 << 18;
struct Barrier { int need, count; unsigned generation; };
static char *shared;
static void (*body)();
static ucontext_t made[MOST];
static jmp_buf places[MOST], scheduled;
static bool begun[MOST], done[MOST];
static Barrier block_barriers[16], warp_barriers[MOST / 32];
static uint64_t shuffled[MOST];
static std::vector<char> stacks;

// Contexts are made once and left by longjmp, which asks the kernel of the operating system for nothing.
inline void yield() { if (!_setjmp(places[threadIdx.x])) _longjmp(scheduled, 1); }
inline void wait(Barrier &b) {
  unsigned generation = b.generation;
  if (++b.count == b.need) b.count = 0, b.generation++;
  else while (b.generation == generation) yield();
}
inline void enter() {
  body();
  done[threadIdx.x] = true;
  _longjmp(scheduled, 1);
}
inline void resume(unsigned t) {
  threadIdx.x = t;
  if (_setjmp(scheduled)) return;
  if (begun[t]) _longjmp(places[t], 1);
  begun[t] = true;
  setcontext(&made[t]);
}
inline void run_block(int threads) {
  stacks.resize((size_t)MOST * STACK);
  blockDim.x = threads;
  for (auto &b : block_barriers) b = {threads, 0, 0};
  for (auto &b : warp_barriers) b = {32, 0, 0};
  for (int t = 0; t < threads; t++) {
    begun[t] = done[t] = false;
    getcontext(&made[t]);
    made[t].uc_stack.ss_sp = stacks.data() + (size_t)t * STACK;
    made[t].uc_stack.ss_size = STACK;
    makecontext(&made[t], enter, 0);
  }
  for (bool left = true; left;) {
    left = false;
    for (int t = 0; t < threads; t++) if (!done[t]) left = true, resume(t);
  }
}
}  // namespace fibers

inline void named_barrier(int id, int threads) {
  fibers::block_barriers[id].need = threads;
  fibers::wait(fibers::block_barriers[id]);
}
inline void __syncwarp() { fibers::wait(fibers::warp_barriers[threadIdx.x / 32]); }
template <class V> inline V __shfl_xor_sync(unsigned, V value, int lanes) {
  unsigned me = threadIdx.x;
  std::memcpy(&fibers::shuffled[me], &value, sizeof(V));
  __syncwarp();
  V other;
  std::memcpy(&other, &fibers::shuffled[me ^ lanes], sizeof(V));
  __syncwarp();
  return other;
}
inline int atomicAdd(int *at, int value) { int before = *at; *at += value; return before; }

template <class To, class From> inline To reinterpreted(From x) {
  To y;
  static_assert(sizeof x == sizeof y, "bits");
  std::memcpy(&y, &x, sizeof y);
  return y;
}
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }
inline float __fsqrt_rn(float x) { return std::sqrt(x); }
inline double __dsqrt_rn(double x) { return std::sqrt(x); }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline int __float_as_int(float x) { return reinterpreted<int>(x); }
inline float __int_as_float(int i) { return reinterpreted<float>(i); }
inline long long __double_as_longlong(double x) { return reinterpreted<long long>(x); }
inline double __longlong_as_double(long long i) { return reinterpreted<double>(i); }
