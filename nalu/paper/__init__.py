"""Ours beside theirs: what the papers print, the runs that speak to it, and what follows."""
