"""Plain numbers: from a history to an outcome, from outcomes to an estimate with its interval and a verdict."""
