"""Events of a run, and those who listen to them: progress bar, log, status page, report."""
