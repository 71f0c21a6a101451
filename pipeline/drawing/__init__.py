"""From counts to pictures: a frame's own samples, or a zoom's bands, as the bytes of a picture."""
