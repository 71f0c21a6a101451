"""The player: a page in which a zoom is scrubbed and zoomed by hand, and the pictures it shows."""
