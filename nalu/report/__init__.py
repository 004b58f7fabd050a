"""Executes notebooks and records what their copies were made from."""

from nalu.support import extras

extras.need("report", "nbformat", "papermill")
