"""Coloured bands with levels of detail, shared by all workers, and pictures drawn from them."""
