"""Makes a video: finds what is missing, counts, draws and encodes it, and joins the segments."""
