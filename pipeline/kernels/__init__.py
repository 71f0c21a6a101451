"""Escape-time kernels: numbers in, counts out; they know no files, YAML or progress bars."""
