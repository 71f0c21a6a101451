"""``python -m pipeline COMMAND CONFIG``, and the console script ``mandelzoom``."""

import os

from pipeline.cli.main import main
from pipeline.system.temporary import remove_run_folder
from pipeline.system.terminal import end_streams


def run() -> None:
    """Run the command line, and end the process with its exit status."""
    status = main()
    end_streams()
    if status:
        remove_run_folder()
        # Not waiting for threads of the pool, which may wait for workers that were killed.
        os._exit(status)


if __name__ == "__main__":
    run()
