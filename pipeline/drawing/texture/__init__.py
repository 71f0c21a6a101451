"""Textures: coloured bands with levels of detail, shared by all workers, and frames from them."""
