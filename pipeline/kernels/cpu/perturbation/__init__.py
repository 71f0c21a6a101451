"""Counts at any depth, by perturbation of one reference orbit."""
