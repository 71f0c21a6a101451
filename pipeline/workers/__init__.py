"""The one shared pool of a run: processes of this machine, or a cluster's workers beside them."""
