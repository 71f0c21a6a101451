"""The command line: one command a file, each takes its parsed arguments and does its work."""
