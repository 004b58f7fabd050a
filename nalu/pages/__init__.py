"""What a reader sees: figures, tables and formulas, drawn from numbers."""

from nalu.support import extras

extras.need("report", "pandas", "matplotlib")
