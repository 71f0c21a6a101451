"""What must be found by computing before frames can be planned, or a video be estimated."""
