// One block is one stream: it draws the batches of a seed and trains all its lanes on them, as matrix products.
#ifdef __CUDACC__
__device__ __forceinline__ void named_barrier(int id, int threads) { asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory"); }
#define SHARED_MEMORY(name) extern __shared__ __align__(16) char name[]
#else
#include "cuda_on_cpu.h"
#endif
#include "draw.cuh"
#include "evaluation.cuh"

template <class R, bool CHIP> struct Stream {
  const Arguments &given;
  const Block &block;

  // Places are looked up where they are used, and what takes long are functions that are called: otherwise what one of them
  // keeps in registers would drive out what another one computes.
  // An array of the block is in shared memory or, unless all that the products read is there (CHIP), in the scratch.
  template <class V, bool INSIDE = CHIP> __device__ __forceinline__ V *place(long long at) const {
    SHARED_MEMORY(shared);
    if (INSIDE || at >= 0) return (V *)(shared + at);
    return (V *)((char *)given.scratch + block.scratch + ~at);
  }
  __device__ __forceinline__ const Lane *plans() const { return (const Lane *)given.plans + block.plans; }
  __device__ __forceinline__ const Slot *slots() const { return (const Slot *)given.slots + block.slots; }
  __device__ __forceinline__ const Row *rows() const { return (const Row *)given.rows + block.rows; }
  __device__ __forceinline__ Room<R> room() const {
    return {place<R>(block.z), place<R>(block.w), place<R, true>(block.dw), (int)block.z_stride};
  }
  __device__ __forceinline__ State<R> state() const {
    return {block.P >= 0 ? place<R, true>(block.P) : (R *)given.P + block.parameters,
            block.m >= 0 ? place<R, true>(block.m) : (R *)given.m + block.parameters,
            block.v >= 0 ? place<R, true>(block.v) : (R *)given.v + block.parameters, place<R, false>(block.kept)};
  }
  __device__ __forceinline__ R *logarithms() const { return place<R>(block.l); }
  __device__ __forceinline__ Now<R> *now() const { return place<Now<R>, true>(block.now); }
  __device__ __forceinline__ R *each() const { return place<R, true>(block.each); }
  __device__ __forceinline__ double *errors() const { return place<double, true>(block.errors); }
  __device__ __forceinline__ int *running() const { return place<int, true>(block.running); }
  __device__ __forceinline__ int *left() const { return place<int, true>(block.left); }
  __device__ __forceinline__ Batch<R> batch(int which) const {
    return {place<R>(which ? block.x1 : block.x0), place<R, true>(which ? block.y1 : block.y0)};
  }

  // Copies what is in shared memory for the time of a launch, in or out.
  __device__ __forceinline__ void exchange(const Team &team, bool in) const {
    const State<R> state = this->state();
    R *outside[3] = {(R *)given.P, (R *)given.m, (R *)given.v}, *inside[3] = {state.P, state.m, state.v};
    for (int j = 0; j < 3; j++) {
      R *there = outside[j] + block.parameters, *here = inside[j];
      if (there == here) continue;
      for (int k = team.rank; k < (int)block.numbers; k += team.size) {
        if (in) here[k] = there[k];
        else there[k] = here[k];
      }
    }
    team.wait();
  }

  __device__ __forceinline__ Goal<R> goal(long long to, long long copy) const {
    R *w = place<R>(block.w);
    return {w + to, copy >= 0 ? w + copy : nullptr};
  }

  __device__ __forceinline__ void begin(const Team &team) const {
    const long long *stopped = (const long long *)given.stopped + block.first;
    exchange(team, true);
    if (team.rank == 0) {
      *left() = 0;
      for (int j = 0; j < (int)block.lanes; j++) *left() += running()[j] = stopped[j] == RUNNING;
    }
    const State<R> state = this->state();
    for (int s = 0; s < (int)block.number_of_slots; s++) {
      const Slot &slot = slots()[s];
      int size = (int)(slot.rows * slot.stride), kind = (int)slot.kind, at = (int)slot.at;
      for (int k = team.rank; k < size; k += team.size) {
        R p = state.P[at + k], q = is_two(kind) ? state.P[at + size + k] : p;
        put_weight(kind, at + k, size, state, p, q, goal(slot.to + k, slot.also >= 0 ? slot.also + k : -1));
      }
    }
    team.wait();
  }

  // The products of all first layers for `columns` samples of a batch. A pointer to it, handed over, would no longer be
  // known to point to shared memory.
  __device__ __noinline__ void first_layers(Team team, int which, int columns) const {
    const R *x = batch(which).x;
    const Room<R> room = this->room();
    R *l = logarithms();
    const int I = (int)block.input_size, stride = (int)block.stride, gap = (int)block.x_stride, zs = room.stride;
    const int S = (int)block.sums, L = (int)block.logs, F = (int)block.factors;
    if (L) {
      take_logarithms(team, x, columns * gap, l);
      team.wait();
    }
    for (int k = 0; k < (L ? 2 : 1); k++)
      multiply<false>(team, room.w + k * S * stride, stride, k ? L : S, k ? l : x, gap, columns, I, room.z + k * S * zs, zs);
    if (F) multiply<true>(team, room.w + (S + L) * stride, stride, F, x, gap, columns, I, room.z + (S + L) * zs, zs);
    team.wait();
  }

  // Measures of all lanes before iteration t, but those of its batch.
  __device__ __noinline__ void evaluate(Team team, int which) const {
    R *x = batch(which).x;
    const Room<R> room = this->room();
    double *errors = this->errors();
    const int *running = this->running();
    const int E = (int)block.evaluated, whole = (E + CHUNK - 1) / CHUNK * CHUNK, count = CHUNK * (int)block.x_stride;
    for (int set = 0; set < 2; set++) {
      const R *inputs = (const R *)given.evaluation + (set ? block.test_x : block.valid_x);
      const R *targets = (const R *)given.targets + (set ? block.test_y : block.valid_y);
      for (int c = 0; c < E; c += CHUNK) {
        for (int k = team.rank * 4; k < count; k += team.size * 4) *(Four<R> *)(x + k) = four(inputs + c * block.x_stride + k);
        team.wait();
        first_layers(team, which, CHUNK);
        for (int j = team.warp(); j < (int)block.lanes; j += team.warps()) {
          if (!running[j]) continue;
          const Lane lane = plans()[j];
          R sum = test(lane, room, team.lane(), E - c, targets + lane.answers * whole + c);
          if (team.lane() == 0) errors[4 * j + set] = (c ? errors[4 * j + set] : 0.0) + (double)sum;
        }
      }
    }
    for (int j = team.warp(); j < (int)block.lanes; j += team.warps())
      if (running[j] && team.lane() == 0) {
        errors[4 * j] = errors[4 * j] / E, errors[4 * j + 1] = errors[4 * j + 1] / E;
        regularity(plans()[j], slots(), state().P, room.w, errors + 4 * j + 2);
      }
    team.wait();
  }

  // A warp's work for one of its lanes: what is learned from the batch, and the steps of all but the first layer's weights.
  __device__ __noinline__ void train_lane(int j, int p, long long t, int which) const {
    const Lane lane = plans()[j];  // a copy: what is written to z could be any of its numbers
    const Room<R> room = this->room();
    const int B = (int)given.batch_size, columns = (int)block.columns;
    const R *targets = batch(which).y + lane.answers * columns;
    Learned<R> found = learn<MOST_SAMPLES>(lane, room, p, columns, B, targets);
    if (is_nan(found.error)) {
      if (p == 0) {
        ((long long *)given.stopped)[block.first + j] = t;
        running()[j] = 0;
        atomicAdd(left(), -1);
      }
      return;
    }
    if (t % given.every == 0 && p == 0) {
      long long row = t / given.every - (given.start + given.every - 1) / given.every;
      double *into = (double *)given.values + ((block.first + j) * given.logged + row) * MEASURES;
      into[0] = (double)over(found.error, (R)B);
      for (int k = 0; k < 4; k++) into[1 + k] = errors()[4 * j + k];
      if (lane.gated) into[5] = (double)over(found.gates, (R)B);
    }
    const double *corrections = (const double *)given.corrections + 2 * (t - given.start);
    const Now<R> mine = {(R)(lane.adam ? lane.learning_rate / corrections[0] : lane.learning_rate), (R)corrections[1],
                         (R)lane.momentum, (R)lane.adam};
    double ramp = (double)(t - lane.lambda_start) / (double)(lane.lambda_end - lane.lambda_start);
    double scale = lane.lambda_sparse * (ramp < 0.0 ? 0.0 : ramp > 1.0 ? 1.0 : ramp);
    if (p == 0) now()[j] = mine;
    const long long weights = block.stride * (block.sums + block.logs + block.factors);
    for (int s = (int)lane.slots; s < (int)lane.end; s++) {
      const Slot &slot = slots()[s];
      R of_one = (R)(scale / (double)(slot.rows * slot.columns));
      if (p == 0) each()[s] = of_one;
      if (slot.to < weights) continue;
      for (int k = 4 * p; k < (int)slot.columns; k += 4 * 32) {
        R dw[4], more[4];
        get(room.dw + slot.to + k, dw);
        if (slot.also >= 0) {
          get(room.dw + slot.also + k, more);
#pragma unroll
          for (int c = 0; c < 4; c++) dw[c] = dw[c] + more[c];
        }
        step((int)slot.kind, (int)slot.at + k, (int)slot.stride, mine, of_one, state(), {dw[0], dw[1], dw[2], dw[3]},
             goal(slot.to + k, slot.also >= 0 ? slot.also + k : -1));
      }
    }
  }

  // The step of four weights of a first layer, from column i of a row on.
  __device__ __forceinline__ void step_weights(const State<R> &state, const Row &row, int i, const R *dW) const {
    const Slot &slot = slots()[row.slot];
    step((int)slot.kind, (int)row.at + i, (int)(slot.rows * slot.stride), now()[row.lane], each()[row.slot], state,
         {dW[0], dW[1], dW[2], dW[3]}, goal(row.to + i, row.copy >= 0 ? row.copy + i : -1));
  }

  // Gradients of first layers from products with x, and from those with l where a row has a second use; the thread that
  // has a tile of 4 rows and 4 inputs makes its steps.
  __device__ __noinline__ void step_tiles(Team team, int which, bool of_logarithms) const {
    const R *z = place<R>(block.z), *l = logarithms(), *x = of_logarithms ? l : batch(which).x;
    const Row *row = rows() + (of_logarithms ? block.by_x : 0);
    const int count = (int)(of_logarithms ? block.by_l : block.by_x);
    const int B = (int)given.batch_size, zs = (int)block.z_stride, gap = (int)block.x_stride;
    const int across = (int)block.stride / 4, tiles = (count + 3) / 4 * across;
    for (int tile = team.rank; tile < tiles; tile += team.size) {
      int first = tile / across * 4, i = tile % across * 4, at[4];
      R dW[4][4] = {};
      bool twice = false;
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const Row &mine = row[first + j < count ? first + j : first];
        at[j] = (int)mine.z * zs;
        twice |= mine.also >= 0;
      }
      multiply_back(z, at, x + i, gap, B, dW);
      if (twice) {
        R more[4][4] = {};
#pragma unroll
        for (int j = 0; j < 4; j++) {
          const Row &mine = row[first + j < count ? first + j : first];
          at[j] = (int)(mine.also >= 0 ? mine.also : mine.z) * zs;
        }
        multiply_back(z, at, l + i, gap, B, more);
#pragma unroll
        for (int j = 0; j < 4; j++)
          if (row[first + j < count ? first + j : first].also >= 0)
#pragma unroll
            for (int c = 0; c < 4; c++) dW[j][c] = dW[j][c] + more[j][c];
      }
      const State<R> state = this->state();
#pragma unroll
      for (int j = 0; j < 4; j++)
        if (first + j < count && running()[row[first + j].lane]) step_weights(state, row[first + j], i, dW[j]);
    }
  }

  __device__ __forceinline__ void train(const Team &team, long long t, int which) const {
    const int columns = (int)block.columns, stride = (int)block.stride, F = (int)block.by_factors;
    const int *running = this->running();
    if (PARTS & 2) first_layers(team, which, columns);
    for (int j = team.warp(); j < (int)block.lanes; j += team.warps())
      if (PARTS & 4 && running[j]) train_lane(j, team.lane(), t, which);
    team.wait();
    if (!(PARTS & 8)) return;
    for (int k = 0; k < 2; k++) step_tiles(team, which, k);
    if (F == 0) return;
    const Row *factored = rows() + block.by_x + block.by_l;
    const int I = (int)block.input_size;
    R *slopes = place<R, false>(block.slopes), *before = place<R, false>(block.before) + team.warp() * (I / SEGMENT + 2) * columns;
    for (int n = team.warp(); n < F; n += team.warps())
      if (running[factored[n].lane])
        factors_back(team, place<R>(block.w) + factored[n].to, batch(which).x, (int)block.x_stride, columns, I,
                     place<R>(block.z) + factored[n].z * block.z_stride, slopes + n * stride, before);
    team.wait();
    const State<R> state = this->state();
    for (int k = 4 * team.rank; k < F * stride; k += 4 * team.size)
      if (running[factored[k / stride].lane]) step_weights(state, factored[k / stride], k % stride, slopes + k);
  }

  // The batch of iteration t.
  __device__ __noinline__ void draw(Team team, Twister &words, long long t) const {
    Drawing<R> drawing = {{place<u32, true>(block.ring), words.made, words.position}, place<double, true>(block.sums_at),
                          place<double, false>(block.drawn)};
    draw_batch(team, given, block, drawing, batch((int)(t & 1)), t);
    words = drawing.words;
  }

  __device__ __forceinline__ void run(const Team &all) const {
    const int drawers = 32 * (int)block.drawers;
    const bool draws = all.rank < drawers;
    const Team own = drawers == 0 ? all : draws ? Team{all.rank, drawers, 1} : Team{all.rank - drawers, all.size - drawers, 2};
    u32 *words = (u32 *)given.words + WORDS * block.words;
    long long *position = (long long *)given.position + block.words;
    begin(all);
    Twister twister = begin_words(all, place<u32, true>(block.ring), words, *position);
    // who draws beside the others is one iteration ahead
    for (long long t = given.start - (drawers ? 1 : 0); t < given.stop; t++) {
      const int which = (int)(t & 1);
      const bool none = *left() == 0;
      all.wait();  // before a lane stops
      if (none) break;
      if (t >= given.start && t % given.every == 0) evaluate(all, drawers ? 1 - which : which);
      const long long ahead = drawers ? t + 1 : t;
      if (PARTS & 1 && (draws || drawers == 0) && ahead < given.stop) draw(own, twister, ahead);
      if (!draws && t >= given.start) train(own, t, which);
      all.wait();
    }
    if (drawers == 0 || draws) end_words(own, twister, words, position);
    exchange(all, false);
  }
};

extern "C" __global__ void __launch_bounds__(THREADS, 1) train(const Arguments *given) {
  const Block &block = ((const Block *)given->blocks)[given->first + blockIdx.x];
  Stream<REAL, ON_CHIP>{*given, block}.run(Team{(int)threadIdx.x, (int)blockDim.x, 0});
}
