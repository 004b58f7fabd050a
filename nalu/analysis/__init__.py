"""Statistics: from a history to an outcome, and from outcomes to an estimate with its interval and a verdict."""

from nalu.support import extras

extras.need("report", "pandas", "scipy")
