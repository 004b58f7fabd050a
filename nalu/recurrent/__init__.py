"""The name that `nalu.sequential` had before."""
