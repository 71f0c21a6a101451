"""Makes a video: finds what is missing, has it counted, drawn and encoded, and joins it."""
