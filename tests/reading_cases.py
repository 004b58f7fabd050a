"""Tiny results and published tables whose summaries can be done by hand."""

from math import nan

import pandas as pd

MODELS = ["NMU", "NALU", "NAC_mul"]

ROWS = pd.DataFrame({
    "operation": "mul", "iterations": 9000,
    "model": ["NMU"] * 4 + ["NALU"] * 2,
    "seed": [0, 1, 2, 3, 0, 1],
    "solved": [True, True, False, True, False, False],
    "solved_at": [1000.0, 2000.0, nan, 6000.0, nan, nan],
    "sparsity_error": [1e-8, 2e-8, nan, 3e-8, nan, nan],
})
"""NMU: 3 of 4 runs solved; NALU: none of 2; NAC_mul: not run."""

NO_ROWS = ROWS.iloc[:0]

PRINTED = pd.DataFrame(
    [("mul", "NALU", "success_rate", 0.26, 0.18, 0.35, 100),
     ("mul", "NALU", "solved_at_median", 70000.0, nan, nan, 100),
     ("mul", "NALU", "solved_at_mean", 78000.0, 69400.0, 84200.0, 100),
     ("mul", "NALU", "sparsity_error_mean", 9.2e-6, 7.5e-6, 1.09e-5, 100),
     ("mul", "NMU", "success_rate", 0.94, 0.88, 0.97, 100),
     ("mul", "NMU", "solved_at_median", 14000.0, nan, nan, 100),
     ("mul", "NMU", "solved_at_mean", 14000.0, 13790.0, 14220.0, 100),
     ("mul", "NMU", "sparsity_error_mean", 2.6e-8, 1.96e-8, 3.24e-8, 100)],
    columns=["operation", "model", "metric", "value", "ci_lower", "ci_upper", "n_seeds"])
