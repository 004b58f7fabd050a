"""A condition's results beside what the papers print of it, on either task."""

from nalu.experiments import Case, Entry, SequenceExperiment
from nalu.paper import matched, sequences


def lines(entry: Entry, case: Case) -> list[tuple[str, str, str]]:
    """Return rows of text: what is measured, here, in the paper; none if there is nothing to compare."""
    of_task = sequences if isinstance(entry, SequenceExperiment) else matched
    return of_task.lines(entry, case)
