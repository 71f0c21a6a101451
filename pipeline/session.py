"""A session: a config at work, with its frames, one pool, its reference orbits and its counts."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from importlib.util import find_spec
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.tones import ZoomTones
from pipeline.config.cluster import check_installed
from pipeline.config.load import Config
from pipeline.counts.codec_counts import StoredCounts
from pipeline.counts.orbits.orbit_state import OrbitState
from pipeline.counts.orbits.tables import References
from pipeline.counts.orbits.target import Target
from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.stored_grid import StoredGrid
from pipeline.drawing.finish import Finish
from pipeline.drawing.frame import draw_rgb
from pipeline.drawing.texture.still import rgb_from_bands
from pipeline.errors import UsageError
from pipeline.geometry.projection import FLAT
from pipeline.kernels.choice import AUTO, CPU, GPU, HAVE_NUMBA
from pipeline.plan.frame_plan import plan_of
from pipeline.plan.outputs import Outputs
from pipeline.plan.reuse import zooms_of
from pipeline.prepare.auto_maxiter import resolve_frames
from pipeline.prepare.reference_orbits import compute_orbits, steps_wanted
from pipeline.prepare.stored import read_stored
from pipeline.prepare.tones import tones_of
from pipeline.system.invocation import program
from pipeline.system.machine import lower_priority, usable_cores
from pipeline.system.terminal import say
from pipeline.timeline.frames import Frame, FrameList
from pipeline.workers.open_pool import shared_pool
from pipeline.workers.pool import SharedPool


class Session:
    """A config at work, or an output folder without one.

    Everything is opened when it is first used: a session that finds all it needs on disk starts no
    worker. Closing it ends the workers; after an exception without waiting for what they do.

    Parameters
    ----------
    outputs : Outputs
        The files of the config.
    config : Config, optional
        What is at work. `render.nice` holds for this process, too, from here on.
    workers : int, optional
        Processes of this machine; as the config says, or one for each usable core, if left out.
    cluster : bool
        Whether the cluster that the config names counts, or this machine alone.
    device : str
        Device that counts where there is no config.
    say : callable
        Called with messages for people.

    Raises
    ------
    UsageError
        The config needs a package that is not installed.
    """

    def __init__(
        self,
        outputs: Outputs,
        config: Config | None = None,
        *,
        workers: int | None = None,
        cluster: bool = True,
        device: str = CPU,
        say: Callable[[str], object] = say,
    ) -> None:
        self.outputs = outputs
        self.workers = workers or (config and config.workers) or usable_cores()
        if config is not None:
            check_usable(config)
            config = replace(config, numbers=numbers_of(config))
        self._config = config
        self._cluster = config.cluster if config is not None and cluster else None
        self._device = device if config is None else config.device
        self._say = say
        self._open = ExitStack()
        self._pool: SharedPool | None = None
        if config is not None:
            lower_priority(config.nice)

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(kill=kind is not None)

    def close(self, kill: bool = False) -> None:
        """End all workers, and remove what is needed only while they run."""
        try:
            self.close_pool(kill)
        finally:
            self.__dict__.pop("references", None)
            self._open.close()

    @property
    def config(self) -> Config:
        """The config as it was read; `resolved` has found what it leaves open."""
        assert self._config is not None, "a session without a config"
        return self._config

    @property
    def pool(self) -> SharedPool:
        """The pool; its workers start with the first task."""
        if self._pool is None:
            nice = 0 if self._config is None else self._config.nice
            self._pool = shared_pool(self.workers, nice, self._cluster, self.card)
        return self._pool

    @cached_property
    def card(self) -> str | None:
        """Name of the graphics processor that counts beside the processes; None for none.

        Raises
        ------
        UsageError
            The config wants one, and there is none, or wgpu is not installed.
        """
        return card_of(self._device)

    def close_pool(self, kill: bool = False) -> None:
        """End all workers, without waiting for what they do if `kill`; `pool` opens another."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close(kill)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Close the pool after an exception, whose tasks would else come back to somebody else."""
        try:
            yield
        except BaseException:
            self.close_pool(kill=True)
            raise

    @cached_property
    def references(self) -> References:
        """The reference orbits, and a place for their tables while the session lasts."""
        return self._open.enter_context(self.outputs.references())

    @cached_property
    def frames(self) -> FrameList:
        """The frames of the config; where it says `maxiter: auto`, that is chosen before."""
        return resolve_frames(self.config, self.outputs, self.pool, self.references, self._say)

    @cached_property
    def tones(self) -> ZoomTones:
        """The tones of the zoom, found from small views of it if they are not stored."""
        return tones_of(
            self.config, self.frames, self.outputs, self.pool, self.references, self._say
        )

    @cached_property
    def resolved(self) -> Config:
        """The config with the tones of its look, if that needs any."""
        if not self.config.look.needs_tones:
            return self.config
        return replace(self.config, look=replace(self.config.look, tones=self.tones))

    def compute_orbits(self, grids: list[SampleGrid]) -> dict[Target, OrbitState]:
        """Compute the reference orbits that some sample grids need, as far as they are missing."""
        return compute_orbits(steps_wanted(grids), self.references, self.pool, say=self._say)

    def counts(self, grid: SampleGrid, name: str) -> StoredCounts:
        """Return the counts of a sample grid, shape (rows, columns); computed if not stored.

        `name` says in messages what it is.
        """
        store = self.outputs.store

        def read() -> StoredCounts:
            with StoredGrid.open(store.path(grid), grid) as stored:
                return stored.counts_of(np.arange(grid.rows))

        self.compute_orbits([grid])
        grid = grid.with_references(self.references)
        return read_stored([grid], name, store, self.pool, read, self._say)

    def picture(self, frame: Frame, config: Config, name: str) -> NDArray[np.uint8]:
        """Return a frame as 8-bit sRGB, shape (rows, columns, 3); counts are computed if missing.

        Parameters
        ----------
        config
            Look and quality, resolved.
        name
            What it is, in messages.
        """
        store, look = self.outputs.store, config.look
        if config.encoding.projection != FLAT:
            return self._projected(frame, config, name)
        supersample = config.quality.supersample
        grid = frame.grid(supersample)
        self.compute_orbits([grid])
        grid = grid.with_references(self.references)
        grids = [grid] if look.tracing is None else [grid, grid.traced(look.tracing)]
        return read_stored(
            grids,
            name,
            store,
            self.pool,
            lambda: draw_rgb(
                store, grid, supersample, look, frame.time, Finish.of(look, frame.index)
            ),
            self._say,
        )

    def _projected(self, frame: Frame, config: Config, name: str) -> NDArray[np.uint8]:
        """Return a frame of the config, which is not flat, from the bands of the video."""
        store, look = self.outputs.store, config.look
        zoom = zooms_of(config, self.frames)[frame.leg]
        plan = plan_of(frame, zoom, config, self.frames)
        assert plan.zoom is not None
        counted = plan.zoom.grids_for(plan.needed)
        self.compute_orbits(list(counted))
        grids = [grid.with_references(self.references) for grid in counted]
        if look.tracing is not None:
            grids += [grid.traced(look.tracing) for grid in grids]
        return read_stored(
            grids,
            name,
            store,
            self.pool,
            lambda: rgb_from_bands(plan, store, look, Finish.of(look, frame.index)),
            self._say,
        )


def card_of(device: str) -> str | None:
    """Return the name of the graphics processor that `render.device` has count; None for none.

    Raises
    ------
    UsageError
        It is to be one, and there is none that works.
    """
    if device not in (GPU, AUTO) or (device == AUTO and find_spec("wgpu") is None):
        return None
    # Loaded only here: most runs have none.
    from pipeline.workers.card.ability import abilities

    found = abilities()
    if device == AUTO:
        return found.best.name if found.best is not None and found.pays() else None
    if found.best is None:
        raise UsageError(
            f"render.device: gpu: {found.why_none}; render.device: cpu does without; "
            f"{program()} devices tests again"
        )
    return found.best.name


def numbers_of(config: Config) -> str:
    """Return the name of the numbers that the config's device counts deep views in.

    Raises
    ------
    UsageError
        It is a graphics processor, and wgpu is not installed.
    """
    if config.device != GPU:
        return config.numbers
    from pipeline.workers.card.ability import abilities

    return abilities().numbers_for(config.accuracy.name)


def check_usable(config: Config) -> None:
    """Refuse a config that needs a package which is not installed here.

    Raises
    ------
    UsageError
        Its look or its projection needs numba, or its cluster Dask.
    """
    if config.cluster is not None:
        check_installed(config.cluster)
    if not HAVE_NUMBA and config.encoding.projection != FLAT:
        raise UsageError(
            f"{config.path}: video.projection: {config.encoding.projection} needs numba, which has "
            "wheels for 64-bit processors; flat does not"
        )
    if not HAVE_NUMBA and config.look.needs_compiler:
        raise UsageError(
            f"{config.path}: colour: a light, layers, interior_by or a property other than count "
            "needs numba, which has wheels for 64-bit processors"
        )
