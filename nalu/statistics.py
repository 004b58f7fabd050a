"""`nalu.analysis.statistics`, by the name that it has had from the beginning."""

from nalu.analysis.statistics import Interval, mean_t, shown, solved_at_mean, sparsity_error_mean, success_rate

__all__ = ["Interval", "mean_t", "shown", "solved_at_mean", "sparsity_error_mean", "success_rate"]
