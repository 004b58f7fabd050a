"""What is to be learned: sampling, targets, exact solutions, success thresholds."""

from .arithmetic import OPERATIONS, Arithmetic
from .mnist import SequentialMNIST

__all__ = ["OPERATIONS", "Arithmetic", "SequentialMNIST"]
