"""Fused CPU engine: the whole training of a seed in one compiled loop (Numba)."""
