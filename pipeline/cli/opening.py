"""The start of every command: a config is read, its warnings are shown, a session is opened."""

from dataclasses import replace
from pathlib import Path

from pipeline.config.cluster import cluster_at
from pipeline.config.load import Config, load_config
from pipeline.config.names import name_fault
from pipeline.config.places import check_length, config_for
from pipeline.errors import UsageError
from pipeline.kernels.choice import HAVE_NUMBA
from pipeline.plan.outputs import Outputs
from pipeline.session import Session, check_usable
from pipeline.system.terminal import say
from pipeline.timeline.frames import FrameList


def opened(
    path: Path,
    name: str | None = None,
    scheduler: str | None = None,
    place: str | None = None,
    device: str | None = None,
) -> Config:
    """Load a config, and show its warnings.

    Parameters
    ----------
    name
        What its outputs are called, if not as the file.
    scheduler
        Address of a Dask scheduler whose cluster counts the rows.
    place
        Name of the place that the video is for; the usual video if left out.
    device
        Name of the device that counts, if not as the config says.

    Raises
    ------
    ConfigError
        It cannot be used.
    UsageError
        The name cannot be used, a package that the config needs is not installed, or the place
        does not take a video of this length.
    """
    if name is not None and (fault := name_fault(name)):
        raise UsageError(f"--name: {fault}")
    config = load_config(path, name=name)
    if scheduler is not None:
        config = replace(config, cluster=cluster_at(scheduler, config.certificates))
    if device is not None:
        config = replace(config, device=device)
    if place is not None:
        config = config_for(config, place)
        check_length(config, len(FrameList(config)))
    check_usable(config)
    for warning in config.warnings:
        say(f"warning: {warning.text(path)}")
    if not HAVE_NUMBA:
        say(
            "numba is not installed (there is no wheel of it for 32-bit Arm): numpy computes, "
            "frame by frame, the same counts but many times slower",
        )
    return config


def open_session(
    path: Path,
    root: Path,
    name: str | None = None,
    cluster: bool = True,
    place: str | None = None,
    device: str | None = None,
) -> Session:
    """Load a config, show its warnings, and open a session for it.

    Parameters
    ----------
    root
        Where the outputs go.
    cluster
        Whether a cluster counts if the config names one, or this machine alone.
    place
        Name of the place that the video is for; the usual video if left out.
    device
        Name of the device that counts, if not as the config says.

    Raises
    ------
    ConfigError, UsageError
        As `opened` does.
    """
    config = opened(path, name, place=place, device=device)
    return Session(Outputs.of(config, root), config, cluster=cluster)
