"""Counts in float64, for views that it resolves."""
