"""Results on disk: the tables of results, the folders of trainings, their origin and their progress."""

from nalu.support import extras

extras.need("report", "pandas", "scipy")
