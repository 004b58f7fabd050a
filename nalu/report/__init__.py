"""Executing notebooks, and knowing what their copies were made from."""
