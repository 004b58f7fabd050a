"""Neural Arithmetic Units, reproduced as a library, a campaign and a book.

The units (:mod:`nalu.units`), the protocol by which the papers measure them
(:mod:`nalu.tasks`, :mod:`nalu.training`, :mod:`nalu.analysis.outcomes`) and the statistics
that turn a hundred seeds into a number with an interval (:mod:`nalu.analysis.statistics`).

Importing ``nalu`` loads none of them, so that reading results never waits for torch.
"""

__version__ = "0.1.0"
