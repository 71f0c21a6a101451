"""The frame list: keyframes expanded into one view and maxiter for every picture of the video."""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pipeline.config.fault import ConfigError, Fault
from pipeline.config.load import Config
from pipeline.counts.orbits.tables import References
from pipeline.counts.orbits.target import Target, bits_for
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.band import Band
from pipeline.geometry.decimals import context, log2, short_text
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from pipeline.kernels.choice import (
    HAVE_NUMBA,
    Arithmetic,
    band_arithmetic,
    planned_device,
    view_arithmetic,
)
from pipeline.timeline.leg import log_between
from pipeline.timeline.legs import legs_of

# A target may lie 2**8 widths away from a view: offsets of pixels from it then still have more than
# 30 bits below the size of a pixel.
_FARTHEST_OCTAVES = 8
# With fewer float64 numbers than this between neighbouring pixels, pixels merge into blocks.
_ROUNDINGS_A_PIXEL = 3.0


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the video."""

    index: int
    time: Fraction
    """Seconds."""
    leg: int
    """Index of its leg."""
    progress: Fraction
    """Progress along that leg, 0 to 1."""
    view: View
    maxiter: int
    arithmetic: Arithmetic
    target: Target | None
    """The point of the reference orbit, where the arithmetic needs one."""
    device: str
    """Name of the device that computes it."""

    def grid(self, supersample: int, references: References | None = None) -> SampleGrid:
        """Return the frame's own grid of samples."""
        columns, rows = self.view.columns * supersample, self.view.rows * supersample
        return self.sized(columns, rows, references)

    def sized(self, columns: int, rows: int, references: References | None = None) -> SampleGrid:
        """Return the frame's rectangle as a sample grid of another size."""
        view = self.view.resized(columns, rows)
        return SampleGrid(
            view, self.maxiter, self.arithmetic, self.target, references, device=self.device
        )


@dataclass(frozen=True, slots=True)
class AutoMaxiter:
    """maxiter over the length of a video, where a config leaves it to the renderer."""

    knots: tuple[tuple[Fraction, int], ...]
    """Rising positions, and maxiter at each; a position is a leg's index plus the progress."""

    def at(self, position: Fraction) -> int:
        """Return maxiter at a position, interpolated on a logarithmic scale between knots."""
        after = bisect.bisect_right(self.knots, position, key=lambda knot: knot[0])
        if after == len(self.knots):
            return self.knots[-1][1]
        (start, low), (end, high) = self.knots[max(0, after - 1)], self.knots[after]
        return log_between(low, high, (position - start) / (end - start) if after else Fraction(0))


class FrameList:
    """All frames of a config, each made when it is asked for.

    Frame i is shown at i/fps seconds; the last one is the last that is not later than the last
    keyframe and its hold. So a video of 12 s at 30 frames a second has 361 frames, and a single
    keyframe gives one. A video that loops goes back from there to the frame after the first.

    Where a keyframe leaves maxiter open, `auto_maxiter` gives it on both sides of that keyframe.
    """

    def __init__(self, config: Config, auto_maxiter: AutoMaxiter | None = None) -> None:
        self.auto_maxiter = auto_maxiter
        """Values found for `maxiter: auto`; None where there are none, or not yet."""
        self.legs = legs_of(config.keyframes)
        """Legs between the keyframes."""
        self._end = config.keyframes[-1].time + config.keyframes[-1].hold
        self._fps = config.encoding.fps
        self._forward_frames = int(self._end * self._fps) + 1
        self._loops = config.loops and self._forward_frames > 2
        self._size = (config.encoding.columns, config.encoding.rows)
        self._accuracy = config.accuracy
        self._device = planned_device(config.device, config.numbers)
        self._targets = _targets(config)
        self._check_reach(config)

    def __len__(self) -> int:
        # Back without both ends: the last frame is there already, the first begins the next loop.
        return 2 * self._forward_frames - 2 if self._loops else self._forward_frames

    @property
    def seconds(self) -> Fraction:
        """Length of the video, once forwards: the time at which the last keyframe ends."""
        return self._end

    def __iter__(self) -> Iterator[Frame]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Frame:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._frame(index, self._time(index))

    def at(self, seconds: Fraction) -> Frame:
        """Return the frame at a time in seconds; its index is that of the last one not later.

        Raises
        ------
        ValueError
            The time lies outside the video.
        """
        if not 0 <= seconds <= self._end:
            raise ValueError(seconds)
        return self._frame(int(seconds * self._fps), seconds)

    def maxiter(self, leg: int, progress: Fraction) -> int:
        """Return maxiter at any progress along a leg."""
        maxiter = self.legs[leg].maxiter(progress)
        if maxiter is None:
            assert self.auto_maxiter is not None, "maxiter: auto is resolved first"
            maxiter = self.auto_maxiter.at(leg + progress)
        return maxiter

    def view(self, leg: int, time: Fraction) -> View:
        """Return the view at a time within a leg."""
        way = self.legs[leg]
        return way.view(way.progress(time), *self._size, way.turned(time))

    def target(self, leg: int) -> Target:
        """Return the target of a leg, exact enough for all of its pixels."""
        return self._targets[self.legs[leg].deep.center]

    def probe(
        self, leg: int, progress: Fraction, columns: int, rows: int, limit: int
    ) -> SampleGrid:
        """Return the view at any progress, without rotation, as a sample grid of another size."""
        view = self.legs[leg].view(progress, *self._size)
        view = View(view.center, view.width, Decimal(0), columns, rows)
        return SampleGrid(view, limit, *self._arithmetic(leg, view), device=self._device.name)

    def shared_grid(self, geometry: View | Band, maxiter: int, target: Target) -> SampleGrid:
        """Return a sample grid around a target, from which many frames are drawn."""
        roundings = geometry.roundings_a_sample()
        arithmetic = band_arithmetic(roundings, self._accuracy, self._device)
        own_target = target if arithmetic.needs_orbit else None
        return SampleGrid(geometry, maxiter, arithmetic, own_target, device=self._device.name)

    def leg_of(self, index: int) -> int:
        """Return the index of the leg that a frame belongs to."""
        return self._leg_at(self._time(index))

    def _time(self, index: int) -> Fraction:
        return Fraction(index if index < self._forward_frames else len(self) - index) / self._fps

    def _leg_at(self, time: Fraction) -> int:
        return bisect.bisect_right(self.legs, time, key=lambda leg: leg.start.time) - 1

    def _frame(self, index: int, time: Fraction) -> Frame:
        leg = self._leg_at(time)
        progress = self.legs[leg].progress(time)
        view = self.legs[leg].view(progress, *self._size, self.legs[leg].turned(time))
        maxiter = self.maxiter(leg, progress)
        arithmetic, target = self._arithmetic(leg, view)
        return Frame(
            index, time, leg, progress, view, maxiter, arithmetic, target, self._device.name
        )

    def _arithmetic(self, leg: int, view: View) -> tuple[Arithmetic, Target | None]:
        """Return the arithmetic that serves a view on a leg, and the target that it needs."""
        arithmetic = view_arithmetic(
            float(view.width),
            view.largest_coordinate(),
            self._accuracy,
            self._device,
        )
        if not arithmetic.needs_orbit:
            return arithmetic, None
        target = self.target(leg)
        if not _near(view, target):
            target = Target(view.center, bits_for(view.spacing()))
        return arithmetic, target

    def _check_reach(self, config: Config) -> None:
        """Refuse keyframes that are too deep for the device."""
        if self._device.any_depth:
            return
        cure = "deeper needs numba, which has wheels for 64-bit processors"
        if HAVE_NUMBA:
            cure = f"render.device: {self._device.name} goes no deeper, cpu does"
        faults = []
        for k, keyframe in enumerate(config.keyframes):
            view = View(keyframe.center, keyframe.width, keyframe.rotation, *self._size)
            if view.roundings_a_sample() < _ROUNDINGS_A_PIXEL:
                faults.append(
                    Fault(
                        keyframe.position,
                        f"keyframes[{k}].width",
                        f"{short_text(keyframe.width)} is deeper than float64 can tell pixels "
                        f"apart; {cure}",
                    )
                )
        if faults:
            raise ConfigError(config.path, faults)


def _targets(config: Config) -> dict[Point, Target]:
    """Return a target for every keyframe's centre, exact enough for the deepest there."""
    deepest: dict[Point, Decimal] = {}
    for keyframe in config.keyframes:
        width = deepest.get(keyframe.center, keyframe.width)
        deepest[keyframe.center] = min(width, keyframe.width)
    samples = Decimal(config.encoding.columns * config.quality.supersample)
    return {
        center: Target(center, bits_for(context(20).divide(width, samples)))
        for center, width in deepest.items()
    }


def _near(view: View, target: Target) -> bool:
    """Tell whether a target is so near that pixels' offsets from it keep all their digits."""
    return view.distance_exponent(target.center) < log2(view.width) + _FARTHEST_OCTAVES
