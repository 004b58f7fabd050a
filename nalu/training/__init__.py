"""Training: all seeds of a condition side by side, one loop, several engines."""

from nalu.training.driver import Fit, fit, train
from nalu.training.plan import Plan
from nalu.training.together import fit_together

__all__ = ["Fit", "Plan", "fit", "fit_together", "train"]
