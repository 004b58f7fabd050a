"""What is to be learned: sampling, targets, exact solutions, success thresholds."""

from .arithmetic import OPERATIONS, Arithmetic

__all__ = ["OPERATIONS", "Arithmetic"]
