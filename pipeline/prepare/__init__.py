"""What has to be computed before frames can be planned, drawn or estimated."""
