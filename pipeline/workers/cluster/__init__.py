"""Workers of a Dask cluster: reached, kept busy with row blocks, done without when lost."""
