"""From counts to pictures: the bytes of a frame, drawn from its own grid or from a zoom's bands."""
