"""Training: all seeds of a condition side by side, one loop, several engines."""

from nalu.training.driver import Fit, fit, train
from nalu.training.plan import Plan

__all__ = ["Fit", "Plan", "fit", "train"]
