"""What networks learn: inputs, targets, exact solutions, success thresholds; pictures of digits."""

from nalu.tasks.arithmetic import Arithmetic
from nalu.tasks.mnist import SequentialMNIST
from nalu.tasks.operations import OPERATIONS
from nalu.tasks.single_module import SingleModule

__all__ = ["OPERATIONS", "Arithmetic", "SequentialMNIST", "SingleModule"]
