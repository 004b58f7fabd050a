"""Executes notebooks and records what their copies were made from."""
