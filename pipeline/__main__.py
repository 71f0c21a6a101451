"""``python -m pipeline COMMAND CONFIG``."""

import os
import sys

from pipeline.cli import main

if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    if status:
        # Not waiting for threads of the pool, which may wait for workers that were killed.
        os._exit(status)
