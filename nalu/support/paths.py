"""Where things lie, resolved from this file so that every caller's directory works.

papermill executes a notebook in the caller's directory, Jupyter in the notebook's own,
pytest in the root: a relative path would be right in one of them only.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

RUNS = Path(os.environ.get("NALU_RUNS") or ROOT / "runs").resolve()
"""Results, one folder per experiment; the environment variable ``NALU_RUNS`` moves it."""

EXECUTED = RUNS / "notebooks"
"""Executed copies of the report notebooks: what the book shows."""

NOTEBOOKS = ROOT / "notebooks"
"""Notebook sources, without outputs."""

BOOK = ROOT / "book"
"""Configuration and prose of the Jupyter Book."""

CHECKOUT = (NOTEBOOKS / "train.ipynb").is_file()
"""Whether the package lies in its repository; one that was installed from a wheel lies among other packages."""
