"""``python -m pipeline COMMAND CONFIG``."""

import os
import sys

from pipeline.cli import main
from pipeline.temporary import remove_run_folder

if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    if status:
        remove_run_folder()
        # Not waiting for threads of the pool, which may wait for workers that were killed.
        os._exit(status)
