// Batches: the authors' Mersenne Twister, Philox, sums of subsets and targets.
#pragma once
#include "team.cuh"

constexpr int WORDS = 624, MIDDLE = 397, RING = 2048;

// Where a seed is in its stream. Written one behind the other, the words obey
// w[k + 624] = w[k + 397] ^ mix(w[k], w[k + 1]), so that 227 of them can be made at once; the last are in a ring.
struct Twister {
  u32 *ring;
  long long made, position;
};

__device__ __forceinline__ u32 temper(u32 y) {
  y ^= y >> 11;
  y ^= (y << 7) & 0x9D2C5680u;
  y ^= (y << 15) & 0xEFC60000u;
  return y ^ (y >> 18);
}

__device__ __forceinline__ void make_words(const Team &team, const Twister &t, int count) {
  for (int k = team.rank; k < count; k += team.size) {
    u32 at = (u32)t.made + k, next = t.ring[(at - WORDS + 1) % RING];
    u32 y = (t.ring[(at - WORDS) % RING] & 0x80000000u) | (next & 0x7FFFFFFFu);
    t.ring[at % RING] = t.ring[(at - WORDS + MIDDLE) % RING] ^ (y >> 1) ^ (next & 1 ? 0x9908B0DFu : 0u);
  }
}

// Calls use(n, words) for `count` n, with one or two words each. The next are made while those before are used.
template <int EACH, class Use> __device__ __forceinline__ void take_words(const Team &team, Twister &t, int count, Use use) {
  for (int done = 0; done < count;) {
    int ready = (int)(t.made - t.position) / EACH;
    ready = ready < count - done ? ready : count - done;
    int more = done + ready < count ? WORDS - MIDDLE : 0;
    make_words(team, t, more);
    for (int k = team.rank; k < ready; k += team.size) {
      u32 at = (u32)t.position + EACH * k, a = temper(t.ring[at % RING]);
      use(done + k, a, EACH == 2 ? temper(t.ring[(at + 1) % RING]) : 0u);
    }
    t.position += EACH * ready;
    done += ready;
    t.made += more;
    team.wait();
  }
}

__device__ __forceinline__ Twister begin_words(const Team &team, u32 *ring, const u32 *words, long long position) {
  for (int k = team.rank; k < WORDS; k += team.size) ring[k] = words[k];
  team.wait();
  return {ring, WORDS, position};
}

// Puts the state down as the block of words that the position is in.
__device__ __forceinline__ void end_words(const Team &team, Twister &t, u32 *words, long long *position) {
  long long past = t.position > 0 ? (t.position - 1) / WORDS * WORDS : 0;
  while (t.made < past + WORDS) {
    make_words(team, t, WORDS - MIDDLE);
    t.made += WORDS - MIDDLE;
    team.wait();
  }
  for (int k = team.rank; k < WORDS; k += team.size) words[k] = t.ring[(u32)(past + k) % RING];
  if (team.rank == 0) *position = t.position - past;
}

// A number of 2^52 and more has an integer as its mantissa. Two products by powers of 2 are exact.
__device__ __forceinline__ double uniform(u32 a, u32 b, double low, double scale) {
  double high = number(0x4330000000000000ULL | (a >> 5)) - 4503599627370496.0;
  double rest = number(0x4330000000000000ULL | (b >> 6)) - 4503599627370496.0;
  return fused(high, 67108864.0, rest) * scale + low;
}

// Ten rounds: four random words from a counter and a key.
__device__ __forceinline__ void philox(u32 c0, u32 c1, u32 c2, u32 k0, u32 *into) {
  u32 c3 = 0, k1 = KEY;
#pragma unroll
  for (int round = 0; round < 10; round++) {
    u64 p0 = (u64)0xD2511F53u * c0, p1 = (u64)0xCD9E8D57u * c2;
    c0 = (u32)(p1 >> 32) ^ c1 ^ k0, c2 = (u32)(p0 >> 32) ^ c3 ^ k1;
    c1 = (u32)p1, c3 = (u32)p0;
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
  into[0] = c0, into[1] = c1, into[2] = c2, into[3] = c3;
}

template <class R> struct Batch { R *x, *y; };

// What the drawing threads share beside the batch.
template <class R> struct Drawing {
  Twister words;
  double *sums, *drawn;
};

// One sample a row of x, rounded to float32. The sums need the numbers as they were before, of the inputs that are in a subset.
template <class R> __device__ __forceinline__ void draw_authors(const Team &team, const Block &block, Drawing<R> &d, R *x, int B) {
  const int I = (int)block.input_size, n = B * I, begin = (int)block.begin, span = (int)block.span, stride = (int)block.x_stride;
  const u64 reciprocal = 0xFFFFFFFFull / I + 1;  // exact while e I < 2^32
  const double scale0 = block.width0 * 0x1p-53, scale1 = block.width1 * 0x1p-53;
  auto place = [&](int e, double value) {
    int b = (int)((e * reciprocal) >> 32), i = e - b * I;
    x[b * stride + i] = (R)(float)value;
    if ((u32)(i - begin) < (u32)span) d.drawn[b * span + i - begin] = value;
  };
  if (block.two == 0.0) {
    take_words<2>(team, d.words, n, [&](int e, u32 a, u32 b) { place(e, uniform(a, b, block.low0, scale0)); });
  } else {
    double *first = d.drawn + B * span, *second = first + n;
    take_words<2>(team, d.words, n, [&](int e, u32 a, u32 b) { first[e] = uniform(a, b, block.low0, scale0); });
    take_words<2>(team, d.words, n, [&](int e, u32 a, u32 b) { second[e] = uniform(a, b, block.low1, scale1); });
    take_words<1>(team, d.words, n, [&](int e, u32 coin, u32) { place(e, coin & 1 ? first[e] : second[e]); });
  }
}

template <class R> __device__ __forceinline__ void draw_philox(const Team &team, const Block &block, R *x, int B, long long t) {
  const int I = (int)block.input_size, n = B * I, stride = (int)block.x_stride;
  for (int k = team.rank; 4 * k < n; k += team.size) {
    u32 words[4], coins[4] = {~0u, ~0u, ~0u, ~0u};
    philox((u32)k, (u32)t, INPUT, (u32)block.seed, words);
    if (block.two != 0.0) philox((u32)k, (u32)t, COIN, (u32)block.seed, coins);
#pragma unroll
    for (int j = 0; j < 4; j++) {
      int e = 4 * k + j, i = e / B;
      bool other = coins[j] >> 31 == 0;
      float u = (float)(int)(words[j] >> 8) * 0x1p-24f;
      float value = (float)(other ? block.low1 : block.low0) + (float)(other ? block.width1 : block.width0) * u;
      if (e < n) x[(e - i * B) * stride + i] = (R)value;
    }
  }
  team.wait();
}

__device__ __forceinline__ double operation(int which, const double *sums, int columns, int count) {
  double z = sums[0];
  switch (which) {
    case TO_SUB: return z - sums[columns];
    case TO_DIV: return z / sums[columns];
    case TO_SQUARED: return z * z;
    case TO_ROOT: return root(z);
    case TO_ADD: for (int k = 1; k < count; k++) z = z + sums[k * columns]; return z;
    default: for (int k = 1; k < count; k++) z = z * sums[k * columns]; return z;
  }
}

// The batch of iteration t with its targets.
template <class R>
__device__ __forceinline__ void draw_batch(const Team &team, const Arguments &given, const Block &block, Drawing<R> &d, Batch<R> batch, long long t) {
  const int B = (int)given.batch_size, columns = (int)block.columns, I = (int)block.input_size, stride = (int)block.x_stride;
  const int begin = (int)block.begin, span = (int)block.span, count = (int)block.number_of_subsets;
  const long long *subsets = (const long long *)given.subsets + block.subsets, *operations = (const long long *)given.operations + block.operations;
  for (int k = team.rank; k < (columns - B) * I; k += team.size) batch.x[(B + k / I) * stride + k % I] = R(1);
  if (given.authors) draw_authors(team, block, d, batch.x, B);
  else draw_philox(team, block, batch.x, B, t);
  for (int k = team.rank; k < count * B; k += team.size) {
    int subset = k / B, b = k - subset * B, from = (int)subsets[2 * subset], to = (int)subsets[2 * subset + 1];
    double sum = 0.0;
    if (given.authors) for (int i = from; i < to; i++) sum = sum + d.drawn[b * span + i - begin];
    else for (int i = from; i < to; i++) sum = sum + (double)batch.x[b * stride + i];
    d.sums[subset * columns + b] = sum;
  }
  team.wait();
  for (int k = team.rank; k < (int)block.number_of_operations * B; k += team.size) {
    int a = k / B, b = k - a * B;
    batch.y[a * columns + b] = (R)(float)operation((int)operations[a], d.sums + b, columns, count);
  }
  team.wait();
}
