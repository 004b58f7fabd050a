"""Rows of text in columns, as a terminal shows them."""

from collections.abc import Iterable, Sequence


def columns(rows: Iterable[Sequence[str]], indent: str = "") -> list[str]:
    """Return a line for each row; all rows have as many cells."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [(indent + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)))
            .rstrip() for row in rows]
