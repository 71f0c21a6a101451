"""What every command begins with: a config read, its warnings shown."""

import sys
from dataclasses import replace
from pathlib import Path

from pipeline.config.engines import check_installed, engine_at
from pipeline.config.load import Config, load_config
from pipeline.errors import UsageError
from pipeline.kernels.choice import HAVE_NUMBA


def opened(path: Path, scheduler: str | None = None) -> Config:
    """Load a config and show its warnings; `scheduler` has a cluster count its rows.

    Raises
    ------
    ConfigError
        It cannot be used.
    UsageError
        Its look needs numba, or its engine Dask, and there is none.
    """
    config = load_config(path)
    if scheduler is not None:
        config = replace(config, engine=engine_at(scheduler, config.certificates))
    if config.engine is not None:
        check_installed(config.engine)
    for warning in config.warnings:
        print(f"warning: {warning.text(path)}", file=sys.stderr)
    if not HAVE_NUMBA and config.look.needs_compiler:
        raise UsageError(
            f"{path}: colour: a light, layers, interior_by or a property other than count needs "
            "numba, which has wheels for 64-bit processors"
        )
    if not HAVE_NUMBA:
        print(
            "numba is not installed (there is no wheel of it for 32-bit Arm): numpy computes, "
            "frame by frame, the same counts but many times slower",
            file=sys.stderr,
        )
    return config
