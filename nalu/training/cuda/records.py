"""What the kernel is told: tables of streams, lanes and tensors, one row each.

A *lane* is a seed of a condition; a *block* is a block of threads, which draws one stream of
batches for its lanes.
"""

from __future__ import annotations

import numpy as np

_integers = lambda names: [(name, np.uint64) for name in names.split()]
_reals = lambda names: [(name, np.float64) for name in names.split()]

BLOCK = np.dtype(_integers("""
    index lane lanes turn authors seed position input_size intervals subsets number_of_subsets
    x logs log_x work work_size sums tile tile_rows reduce words scratch log_scratch
    evaluated valid_x test_x""") + _reals("low0 width0 low1 width1"), align=True)
"""A stream of batches and its lanes, ``lane`` to ``lane + lanes``. Then places in shared memory, in
units of what lies there: inputs ``x`` and their logarithms ``log_x``, workspaces of the warps, subset
sums, drawn samples, one float64 a thread, and words; and places in global memory."""

LANE = np.dtype(_integers("""
    first second operation hidden_size parameters log_every adam tensor tensors weights
    w1 w2 gradients z dz log_z y dy gate1 gate2 partial gated wants_logs sparse1 sparse2
    valid_y test_y""") + _reals("""
    learning_rate momentum lambda_sparse lambda_start lambda_end"""), align=True)
"""A seed of a condition: its maps (`units`), tensors, sizes and settings; then the places of its
arrays in the workspace of a warp, and of its targets in global memory."""

TENSOR = np.dtype(_integers("kind free parameters weights size"), align=True)
"""One tensor of a lane: kind (`tensors`), whether unprojected, where its parameters and weights
begin, and how many weights it has."""
