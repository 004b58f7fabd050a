"""CUDA engine: the whole training of every seed on a GPU, thousands of iterations a launch (numba-cuda)."""
