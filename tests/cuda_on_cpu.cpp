// The kernel as a library of the processor; compiled by tests/cuda_processor.py.
#include "kernel.cu"

static const Arguments *arguments;

extern "C" void run(int blocks, int threads, char *shared, const Arguments *given) {
  arguments = given;
  fibers::shared = shared;
  fibers::body = [] { train(arguments); };
  for (int k = 0; k < blocks; k++) {
    blockIdx.x = k;
    fibers::run_block(threads);
  }
}
