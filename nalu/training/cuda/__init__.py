"""CUDA engine: the training of many streams in one kernel of an NVIDIA GPU (CUDA C++)."""
