"""`nalu.analysis.outcomes`, by the name that it has had from the beginning."""

from nalu.analysis.outcomes import WINDOW, best_step, solved, solved_at, sparsity_error, summarise

__all__ = ["WINDOW", "best_step", "solved", "solved_at", "sparsity_error", "summarise"]
