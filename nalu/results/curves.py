"""Learning curves that a figure needs, thinned and committed: ``history.csv.gz``.

Full histories stay in the work folders, out of git.
"""

import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd

from nalu import experiments
from nalu.experiments.conditions import Experiment
from nalu.report.provenance import note_read
from nalu.results.runs import merge_lock
from nalu.support import files, paths

CURVES = ("condition", "seed", "step", "train_loss", "valid_mse", "test_mse", "penalty",
          "sparsity_error", "gate")
"""Columns of the file; ``condition`` is the id within the experiment."""


def thinned_history(experiment: str) -> pd.DataFrame:
    """Return the committed learning curves of an experiment, no rows before it was run.

    Columns `CURVES`; one row per seed and kept step.

    Raises
    ------
    ValueError
        If the experiment is unknown or keeps no curves, or the file is not what it
        should be.
    """
    entry = experiments.get(experiment)
    if not entry.curves:
        raise ValueError(f"experiment {experiment!r} keeps no learning curves")
    path = _file(entry)
    note_read(path)
    return _read_curves(path)


def merge(experiment: str, condition: str, history: pd.DataFrame) -> None:
    """Keep the learning curves of newly trained seeds, if the experiment keeps any.

    Of the logged steps, the first of every bin of width 1 / ``curves`` in the decimal
    logarithm stays, so that what is kept does not depend on how long a run lasted.
    Curves that these seeds have from an earlier training are replaced.

    Raises
    ------
    ValueError
        If the existing file is not what it should be; it is left as it is.
    OSError
        If the new file cannot be written; the old one is still there.
    """
    entry = experiments.get(experiment)
    if not entry.curves:
        return
    path = _file(entry)
    new = _thin(history, entry.curves).assign(condition=condition)[list(CURVES)]
    with files.locked(merge_lock(entry)):
        known = _read_curves(path)
        again = (known["condition"] == condition) & known["seed"].isin(new["seed"])
        curves = pd.concat([known[~again], new]) if len(known) else new
        place = {case.id: k for k, case in enumerate(entry.conditions)}
        curves = curves.sort_values(
            list(CURVES[:3]), key=lambda x: x.map(place) if x.name == "condition" else x)
        files.write(path, _compressed(curves.to_csv(index=False, lineterminator="\n")))


def _file(experiment: Experiment) -> Path:
    """Path of an experiment's committed learning curves."""
    return paths.RUNS / experiment.name / "history.csv.gz"


def _thin(history: pd.DataFrame, per_decade: int) -> pd.DataFrame:
    steps = np.unique(history["step"])
    bins = np.floor(np.round(per_decade * np.log10(np.maximum(steps, 1)), 9))
    bins[steps == 0] = -1  # before the first update: a point of its own
    kept = steps[np.unique(bins, return_index=True)[1]]
    return history[history["step"].isin(kept)]


def _read_curves(path: Path) -> pd.DataFrame:
    if not path.exists():
        return pd.DataFrame({name: pd.Series(dtype={"condition": "str", "seed": "int64",
                                                    "step": "int64"}.get(name, "float64"))
                             for name in CURVES})
    with files.intact(f"{path} is no table of learning curves, or cut off"):
        curves = pd.read_csv(path)
    if list(curves) != list(CURVES):
        raise ValueError(f"{path} has other columns; allowed: {', '.join(CURVES)}")
    return curves


def _compressed(text: str) -> bytes:
    """Without name and time, so that the same curves are the same bytes."""
    file = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        packed.write(text.encode())
    return file.getvalue()
