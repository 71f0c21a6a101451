"""Sample grids, their counts and traces, and how these are cut, packed and stored."""
