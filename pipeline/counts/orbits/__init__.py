"""Reference orbits on disk: computed, extended, and shared by all workers."""
