"""Our results beside the papers': what they print, the runs that test it, and the verdicts."""
