"""Tells how a run goes on: a bar, a log, a status page, a report."""
