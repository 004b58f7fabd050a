"""Training: one loop with all seeds of a condition side by side, and several engines that run it."""

from nalu.training.driver import Fit, fit, train
from nalu.training.plan import Plan
from nalu.training.together import fit_together

__all__ = ["Fit", "Plan", "fit", "fit_together", "train"]
