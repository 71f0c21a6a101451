"""The one shared pool of a run: processes of this machine, with or without a cluster."""
