"""Fused CPU engine: the whole training of a seed in one compiled loop (Numba)."""

from nalu.support import extras

extras.need("train", "numba")
