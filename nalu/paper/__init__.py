"""Our results beside the papers': what they print, the runs that test it, and the verdicts."""

from nalu.support import extras

extras.need("report", "pandas", "scipy")
