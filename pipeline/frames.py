"""The frame list: keyframes expanded into one view and maxiter for every picture of the video."""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pipeline.canvas import Canvas
from pipeline.config.fault import ConfigError, Fault
from pipeline.config.load import Config, Keyframe
from pipeline.config.model import Ease
from pipeline.decimals import context, decimal_exponent, log2, short_text
from pipeline.kernels.choice import FLOAT64, HAVE_NUMBA, Kernel
from pipeline.references import References
from pipeline.target import Target, bits_for
from pipeline.view import View

# Digits of a width between keyframes, and of a centre beyond the width's own first digit: far
# finer than a pixel, and the same for every frame.
_WIDTH_DIGITS = 30
_CENTER_DIGITS = 25
# A target may lie so many octaves of the width beside a view, and a pixel's offset from it still
# has more than 30 bits below the pixel.
_FARTHEST_OCTAVES = 8
# With fewer roundings of float64 between them, pixels run together to blocks.
_ROUNDINGS_A_PIXEL = 3.0


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the video."""

    index: int
    time: Fraction
    """Seconds."""
    view: View
    maxiter: int
    kernel: Kernel
    target: Target | None
    """Whose reference orbit a deep kernel runs against."""

    def canvas(self, supersample: int, references: References | None = None) -> Canvas:
        """Return the grid of samples that this frame is drawn from."""
        columns, rows = self.view.columns * supersample, self.view.rows * supersample
        return self.sized(columns, rows, references)

    def sized(self, columns: int, rows: int, references: References | None = None) -> Canvas:
        """Return the frame's rectangle as a canvas of another size."""
        view = self.view.resized(columns, rows)
        return Canvas(view, self.maxiter, self.kernel, self.target, references)


@dataclass(frozen=True, slots=True)
class Limits:
    """maxiter over time, where a config leaves it open."""

    knots: tuple[tuple[Fraction, int], ...]
    """Times, increasing, and the limit at each."""

    def at(self, time: Fraction) -> int:
        """Return the limit at a time: between knots, even on a logarithmic scale."""
        after = bisect.bisect_right(self.knots, time, key=lambda knot: knot[0])
        if after == len(self.knots):
            return self.knots[-1][1]
        (start, low), (end, high) = self.knots[max(0, after - 1)], self.knots[after]
        return _log_between(low, high, (time - start) / (end - start) if after else Fraction(0))


class FrameList:
    """All frames of a config, each made when it is asked for.

    Frame i stands at i/fps seconds; the last is the last that is not later than the last
    keyframe. So a video of 12 s at 30 frames a second has 361, and one keyframe alone has one.

    Where a keyframe leaves maxiter open, it is that of `limits` on both sides of it.
    """

    def __init__(self, config: Config, limits: Limits | None = None) -> None:
        self._keyframes = config.keyframes
        self.limits = limits
        """What `maxiter: auto` has been found to be."""
        self._fps = config.encoding.fps
        self._size = (config.encoding.columns, config.encoding.rows)
        self._accuracy = config.accuracy
        self._targets = _targets(config)
        self._check_reach(config)

    def __len__(self) -> int:
        return int(self._keyframes[-1].time * self._fps) + 1

    def __iter__(self) -> Iterator[Frame]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Frame:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._frame(index, Fraction(index) / self._fps)

    def at(self, seconds: Fraction) -> Frame:
        """Return a frame at any time of the video; its index is that of the last one not later.

        Raises
        ------
        ValueError
            The time lies outside the video.
        """
        if not 0 <= seconds <= self._keyframes[-1].time:
            raise ValueError(seconds)
        return self._frame(int(seconds * self._fps), seconds)

    def _frame(self, index: int, time: Fraction) -> Frame:
        view, maxiter, deeper = _between(self._keyframes, time, self._size)
        if maxiter is None:
            assert self.limits is not None, "the limits are chosen before"
            maxiter = self.limits.at(time)
        kernel = view.kernel(self._accuracy) if HAVE_NUMBA else FLOAT64
        target = None
        if kernel.deep:
            target = self._targets[deeper.center]
            if not _near(view, target):
                target = Target(view.center, bits_for(view.spacing()))
        return Frame(index, time, view, maxiter, kernel, target)

    def _check_reach(self, config: Config) -> None:
        """Refuse deep keyframes where there is no numba to compute them."""
        faults = []
        for k, keyframe in enumerate(config.keyframes):
            view = View(keyframe.center, keyframe.width, keyframe.rotation, *self._size)
            if not HAVE_NUMBA and view.roundings_a_pixel() < _ROUNDINGS_A_PIXEL:
                faults.append(
                    Fault(
                        keyframe.place,
                        f"keyframes[{k}].width",
                        f"{short_text(keyframe.width)} is deeper than float64 can tell pixels "
                        "apart; deeper needs numba, which has wheels for 64-bit processors",
                    )
                )
        if faults:
            raise ConfigError(config.path, faults)


def _targets(config: Config) -> dict[tuple[Decimal, Decimal], Target]:
    """Return a target for every keyframe's centre, exact enough for the deepest there."""
    deepest: dict[tuple[Decimal, Decimal], Decimal] = {}
    for keyframe in config.keyframes:
        width = deepest.get(keyframe.center, keyframe.width)
        deepest[keyframe.center] = min(width, keyframe.width)
    samples = Decimal(config.encoding.columns * config.supersample)
    return {
        center: Target(center, bits_for(context(20).divide(width, samples)))
        for center, width in deepest.items()
    }


def _near(view: View, target: Target) -> bool:
    """Tell whether a target is so near that offsets from it leave the pixels all their digits."""
    return view.distance_exponent(target.center) < log2(view.width) + _FARTHEST_OCTAVES


def eased(ease: Ease, part: Fraction) -> Fraction:
    """Return how far the zoom has come after this part of the time, both 0 to 1, exactly.

    Notes
    -----
    in: s²; out: 1 - (1-s)²; in-out: 3s² - 2s³.
    """
    if ease == "in":
        return part * part
    if ease == "out":
        return 1 - (1 - part) ** 2
    if ease == "in-out":
        return part * part * (3 - 2 * part)
    return part


def _between(
    keyframes: tuple[Keyframe, ...], time: Fraction, size: tuple[int, int]
) -> tuple[View, int | None, Keyframe]:
    """Return view, maxiter and the deeper of the two keyframes at a time within the video."""
    after = bisect.bisect_right(keyframes, time, key=lambda keyframe: keyframe.time)
    start = keyframes[after - 1]
    deeper = min(keyframes[max(0, min(after, len(keyframes) - 1) - 1) :][:2], key=_width)
    if after == len(keyframes) or time == start.time:
        return View(start.center, start.width, start.rotation, *size), start.maxiter, deeper
    end = keyframes[after]
    progress = eased(start.ease, (time - start.time) / (end.time - start.time))
    width, center = _glide(start, end, progress)
    turning = context(40)
    rotation = turning.add(
        start.rotation,
        turning.multiply(end.rotation - start.rotation, _decimal(progress, 30)),
    )
    maxiter = None
    if start.maxiter is not None and end.maxiter is not None:
        maxiter = _log_between(start.maxiter, end.maxiter, progress)
    return View(center, width, rotation, *size), maxiter, deeper


def _width(keyframe: Keyframe) -> Decimal:
    return keyframe.width


def _glide(
    start: Keyframe, end: Keyframe, progress: Fraction
) -> tuple[Decimal, tuple[Decimal, Decimal]]:
    """Return width and centre between two keyframes.

    Notes
    -----
    For a zoom in, w(t) = w₀ (w₁/w₀)^e and c(t) = c₁ + (c₀ - c₁) · (w(t)/w₀) · (1 - e): the target
    glides evenly over the screen to the centre. For a zoom out the two keyframes change places.
    """
    deep, shallow, e = (
        (end, start, progress) if end.width <= start.width else (start, end, 1 - progress)
    )
    numbers = context(_WIDTH_DIGITS + 10)
    ratio = numbers.power(numbers.divide(deep.width, shallow.width), _decimal(e, _WIDTH_DIGITS))
    width = context(_WIDTH_DIGITS).multiply(shallow.width, ratio)
    if deep.width == shallow.width:
        width = deep.width
    decimals = _CENTER_DIGITS - decimal_exponent(width)
    exact = context(
        max(decimals, 0) + 10 + max(len(part.as_tuple().digits) for part in deep.center)
        + max(len(part.as_tuple().digits) for part in shallow.center)
    )  # fmt: skip  # a sum of digits
    offset = numbers.multiply(ratio, _decimal(1 - e, _WIDTH_DIGITS))
    quantum = Decimal((0, (1,), -decimals))
    real, imaginary = (
        exact.quantize(exact.add(to, exact.multiply(exact.subtract(of, to), offset)), quantum)
        for of, to in zip(shallow.center, deep.center, strict=True)
    )
    return width, (real, imaginary)


def _log_between(low: int, high: int, part: Fraction) -> int:
    """Return a limit between two, even on a logarithmic scale."""
    if low == high:
        return low
    numbers = context(30)
    power = numbers.power(numbers.divide(Decimal(high), Decimal(low)), _decimal(part, 30))
    return int(numbers.multiply(Decimal(low), power).to_integral_value())


def _decimal(fraction: Fraction, digits: int) -> Decimal:
    """Return a fraction as a decimal number of so many digits."""
    return context(digits).divide(Decimal(fraction.numerator), Decimal(fraction.denominator))
