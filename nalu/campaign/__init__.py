"""Launches trainings: one condition, conditions that share batches, the jobs of a cluster, a GPU that is lent."""
