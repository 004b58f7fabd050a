"""Launches trainings: one condition, conditions that share batches, the jobs of a cluster, a GPU that is lent."""

from nalu.support import extras

extras.need("report", "pandas", "papermill")
