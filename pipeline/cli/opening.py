"""What every command begins with: a config read, its warnings shown."""

from dataclasses import replace
from pathlib import Path

from pipeline.config.engines import check_installed, engine_at
from pipeline.config.load import Config, load_config
from pipeline.config.names import name_fault
from pipeline.errors import UsageError
from pipeline.kernels.choice import HAVE_NUMBA
from pipeline.system.terminal import say


def opened(path: Path, name: str | None = None, scheduler: str | None = None) -> Config:
    """Load a config and show its warnings; `scheduler` has a cluster count its rows.

    Its outputs are called as its file, or by another `name`.

    Raises
    ------
    ConfigError
        It cannot be used.
    UsageError
        The name cannot be one; its look needs numba, or its engine Dask, and there is none.
    """
    if name is not None and (fault := name_fault(name)):
        raise UsageError(f"--name: {fault}")
    config = load_config(path, name=name)
    if scheduler is not None:
        config = replace(config, engine=engine_at(scheduler, config.certificates))
    if config.engine is not None:
        check_installed(config.engine)
    for warning in config.warnings:
        say(f"warning: {warning.text(path)}")
    if not HAVE_NUMBA and config.look.needs_compiler:
        raise UsageError(
            f"{path}: colour: a light, layers, interior_by or a property other than count needs "
            "numba, which has wheels for 64-bit processors"
        )
    if not HAVE_NUMBA:
        say(
            "numba is not installed (there is no wheel of it for 32-bit Arm): numpy computes, "
            "frame by frame, the same counts but many times slower",
        )
    return config
