"""The papers' second task, sequential MNIST: its tables of results, its thresholds, and its training.

The reading side: seconds, and no torch. `nalu.sequential.training` trains.
"""

from nalu.support import extras

extras.need("report", "pandas", "scipy")
