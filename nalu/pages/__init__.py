"""What a reader sees: figures, tables and formulas, drawn from numbers."""
