"""Benchmarks of the fused engine: prints a table and writes ``benchmarks/engines.csv``.

    python benchmarks/engines.py            less than six minutes, on a quiet machine
    python benchmarks/engines.py --quick    less than one; prints only

`README.md` explains what is measured and how.
"""

import argparse
import csv
import os
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path

import fresh
import scaling
import speed
from timing import Row, cores

from nalu.results import origin
from nalu.training.fused.warm import warm

CSV = Path(__file__).with_name("engines.csv")
COLUMNS = [*(field.name for field in fields(Row)), "met"]
MODELS = ("NMU", "NAU", "NAC_add", "NAC_mul", "Linear", "NALU", "Gated_NAU_NMU", "NAC_mul_sigma",
          "NAC_mul_NMU", "NALU_separate", "ReLU", "ReLU6")


def quick() -> Iterator[list[Row]]:
    """The smallest set that touches every part but the slow ones."""
    yield speed.against_plain_loop(("NMU", "NALU"), 3, 0.1)
    yield speed.against_random_numbers(("NMU",), 3, 0.1)
    yield scaling.with_threads(3, 0.1)
    yield scaling.with_sizes({"hidden_size": (2, 10), "input_size": (4, 300)}, 3, 0.05)
    yield scaling.of_logging(("NMU",), 5, 0.1)
    yield fresh.memory()


def full() -> Iterator[list[Row]]:
    """Everything."""
    sizes = {"hidden_size": scaling.HIDDEN_SIZES, "input_size": scaling.INPUT_SIZES}
    yield from (speed.against_plain_loop((model,), 5, 0.3) for model, row in MODELS.items() if row.recipe is None)
    yield speed.against_stacked(100, 10, 3)
    yield speed.against_random_numbers(("NMU", "Linear", "NALU"), 5, 0.2)
    yield scaling.with_threads(5, 0.3)
    yield scaling.with_seeds(5, 0.3)
    yield scaling.with_sizes(sizes, 5, 0.05)
    yield scaling.of_logging(("NMU", "NAC_mul", "NALU"), 9, 0.2)
    yield scaling.of_conditions(3, 0.05)
    yield fresh.start_up(cold=True)
    yield fresh.memory()


def machine() -> Row:
    """Where and with what it was measured."""
    here = origin.machine()
    versions = ", ".join(f"{name} {number}" for name, number in origin.versions().items())
    return Row("machine", f"{here['processor']}; {versions}; commit {origin.commit()}", cores(), "cores")


def records(rows: list[Row]) -> list[dict[str, str]]:
    """Rows as text: four digits, nothing where there is nothing."""
    return [{name: _text(value) for name, value in {**asdict(row), "met": row.met}.items()}
            for row in rows]


def _text(value) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def write(rows: list[Row], path: Path) -> None:
    """Write the table, or leave the old one as it is."""
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("w", encoding="utf8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records(rows))
    part.replace(path)


def show(rows: list[Row]) -> None:
    """Print some rows, without what is missing."""
    for line in records(rows):
        about = ", ".join(f"{name} {line[name]}" for name in COLUMNS[6:-2] if line[name])
        spread = f" ({line['lowest']} to {line['highest']})" if line["lowest"] else ""
        aim = f", {line['target']}: {'met' if line['met'] == 'True' else 'missed'}" if line["target"] else ""
        print(f"{line['part']:12}{line['what']}: {line['value']} {line['unit']}{spread}{aim}  {about}", flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--quick", action="store_true", help="less than a minute; prints only")
    short = parser.parse_args().quick
    warm()
    rows = [machine()]
    show(rows)
    for found in quick() if short else full():
        show(found)
        rows += found
    if not short:
        write(rows, CSV)


if __name__ == "__main__":
    main()
