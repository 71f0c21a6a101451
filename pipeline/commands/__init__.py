"""The commands, one a module: each takes its parsed arguments and does its work."""
