"""The tables of the kernel, and the header that gives them to its source. What Python and the kernel share is written once, here."""

from __future__ import annotations

import numpy as np

from nalu.tasks import OPERATIONS
from nalu.training.fused import bodies, kernels, weights
from nalu.training.history import MEASURES, RUNNING
from nalu.training.plan import ADAM_EPSILON, BETA1, BETA2
from nalu.training.streams import COIN, INPUT, KEY

TWISTER = 624
"""Words of the Mersenne Twister."""

CHUNK = 128
"""Samples that are evaluated together, as in the fused engine."""

GAP = 4
"""Rows of products are longer than a multiple of 32 by this many numbers, so that neighbours begin in different banks of shared memory."""

PLACES = "x0 x1 y0 y1 l z w ring sums_at drawn dw P m v kept before slopes running now each errors left"
"""Arrays of a block. A place counts bytes from the beginning of its shared memory or, as a complement, of its part of the scratch."""

BLOCK = np.dtype([(name, np.int64) for name in f"""
    plans slots rows operations subsets lanes number_of_slots number_of_operations number_of_subsets first
    sums logs factors by_x by_l by_factors stride x_stride z_stride columns weights numbers input_size evaluated
    drawers seed words parameters scratch valid_x test_x valid_y test_y begin span {PLACES}""".split()]
    + [(name, np.float64) for name in ("low0", "width0", "low1", "width1", "two")])
"""A stream and the lanes that learn from it.

The fields say where its rows of the other tables, its state and its evaluation data begin, and how many there are. `first`
is the number of its first lane. `sums`, `logs` and `factors` are rows of first layers, `by_x`, `by_l` and `by_factors` rows of `ROW`.
`drawers` warps draw a batch while the others learn from the batch before it; if there are none, all warps do both in turn."""

ROW = np.dtype([(name, np.int64) for name in "lane slot z also at to copy".split()])
"""A row of a first layer's weights: its lane and slot, the row of its products, and the row of a second use or -1; then the
places of its parameters, of its weights, and of their copy or -1."""

ARGUMENTS = np.dtype([(name, np.uint64) for name in """
    blocks plans slots rows operations subsets P m v words position evaluation targets values stopped corrections
    scratch""".split()]
    + [(name, np.int64) for name in "first start stop every batch_size logged authors".split()])
"""The addresses of all arrays, and the launch: its first block, its iterations, and how many rows of the history it writes."""


def _struct(name: str, record: np.dtype) -> str:
    kinds = {"i": "long long", "u": "unsigned long long", "f": "double"}
    fields = " ".join(f"{kinds[record[field].kind]} {field};" for field in record.names)
    return f"struct {name} {{ {fields} }};\nstatic_assert(sizeof({name}) == {record.itemsize}, \"{name}\");\n"


def _codes(prefix: str, names) -> str:
    return "enum { " + ", ".join(f"{prefix}{name.upper().replace(' ', '_')}" for name in names) + " };\n"


def header() -> str:
    """The text of ``records.cuh``."""
    values = {"BETA1": BETA1, "BETA2": BETA2, "ADAM_EPSILON": ADAM_EPSILON, "EPSILON": bodies.EPSILON}
    whole = {"CHUNK": CHUNK, "MEASURES": len(MEASURES), "RUNNING": RUNNING, "INPUT": INPUT, "COIN": COIN, "KEY": KEY}
    activations = {name: getattr(kernels, name) for name in ("LINEAR", "RELU", "RELU6", "NOTHING", "LOGARITHMS", "FACTORS")}
    return "#pragma once\n" + "".join(
        [_struct(name, record) for name, record in {"Block": BLOCK, "Lane": bodies.LANE, "Slot": weights.SLOT, "Row": ROW,
                                                   "Arguments": ARGUMENTS}.items()]
        + [_codes("TO_", OPERATIONS)]
        + [f"constexpr double {name} = {value!r};\n" for name, value in values.items()]
        + [f"constexpr int {name} = {value};\n" for name, value in (whole | activations).items()])
