"""The command line: one file per command, with a function that takes its parsed arguments."""
