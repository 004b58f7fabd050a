"""Statistics: from a history to an outcome, and from outcomes to an estimate with its interval and a verdict."""
