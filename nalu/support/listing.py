"""Rows of text in columns, for a terminal and for Markdown."""

from collections.abc import Iterable, Sequence


def columns(rows: Iterable[Sequence[str]], indent: str = "") -> list[str]:
    """Return a line for each row; all rows have as many cells."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [(indent + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)))
            .rstrip() for row in rows]


def piped(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table with one line per row."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
