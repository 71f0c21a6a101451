"""Legs: view and maxiter between one keyframe and the next, by the progress of the zoom."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pipeline.config.load import Keyframe
from pipeline.config.model import Ease
from pipeline.geometry.decimals import context, decimal_exponent, log2
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from pipeline.timeline.glide import EVEN, Glide
from pipeline.timeline.pace import Pace

# Digits of a width between keyframes, and digits of a centre beyond the first one of the width: far
# finer than a pixel, and the same for every frame.
_WIDTH_DIGITS = 30
_CENTER_DIGITS = 25


@dataclass(frozen=True, slots=True)
class Leg:
    """Two consecutive keyframes; for a still, one keyframe twice.

    A frame's progress, 0 to 1, tells where between them it is. Only the progress depends on times;
    width and centre depend on the progress alone.
    """

    start: Keyframe
    end: Keyframe
    zooming: Pace | None = None
    """Pace of the zoom; None where the keyframe names an easing."""
    turning: Pace | None = None
    """Pace of the rotation; None where it turns with the zoom."""
    glide: Glide = EVEN
    """Way of the target to the middle of the picture."""

    @property
    def deep(self) -> Keyframe:
        """The deeper keyframe, whose centre is the leg's target; the later one if equal."""
        return self.end if self.end.width <= self.start.width else self.start

    @property
    def shallow(self) -> Keyframe:
        """The other keyframe."""
        return self.start if self.end.width <= self.start.width else self.end

    @property
    def octaves(self) -> float:
        """Number of times that the width doubles or halves."""
        return log2(self.shallow.width) - log2(self.deep.width)

    @property
    def leaves(self) -> Fraction:
        """Time at which it leaves its first keyframe, in seconds, after that is held."""
        return self.start.time + self.start.hold

    @property
    def seconds(self) -> Fraction:
        """Time from leaving the first keyframe to reaching the second."""
        return self.end.time - self.leaves

    def progress(self, time: Fraction) -> Fraction:
        """Return the progress of the zoom at a time of the video, in seconds, exactly."""
        return self._progress(time, self.zooming)

    def turned(self, time: Fraction) -> Fraction:
        """Return the progress of the rotation at a time of the video, in seconds, exactly."""
        return self._progress(time, self.turning)

    def _progress(self, time: Fraction, pace: Pace | None) -> Fraction:
        if time <= self.leaves:
            return Fraction(0)
        if time >= self.end.time:
            return Fraction(1)
        if pace is not None:
            return pace.progress(time - self.leaves)
        return eased(self.start.ease, (time - self.leaves) / self.seconds)

    def octaves_a_second(self, time: Fraction) -> float:
        """Return the speed of the zoom, in or out, at a time between the keyframes."""
        since = time - self.leaves
        if not 0 <= since <= self.seconds or not self.seconds:
            return 0.0
        if self.zooming is not None:
            return self.octaves * float(self.zooming.speed(since))
        return self.octaves * float(slope(self.start.ease, since / self.seconds) / self.seconds)

    def view(
        self, progress: Fraction, columns: int, rows: int, turned: Fraction | None = None
    ) -> View:
        """Return the view at a progress, with a size in pixels.

        The progress of the rotation is that of the zoom if left out.
        """
        rotation = self._rotation(progress if turned is None else turned)
        if progress in (0, 1):
            keyframe = self.end if progress else self.start
            return View(keyframe.center, keyframe.width, rotation, columns, rows)
        width, center = self._glide(progress)
        return View(center, width, rotation, columns, rows)

    def _rotation(self, turned: Fraction) -> Decimal:
        if turned in (0, 1):
            return (self.end if turned else self.start).rotation
        numbers = context(40)
        return numbers.add(
            self.start.rotation,
            numbers.multiply(self.end.rotation - self.start.rotation, _decimal(turned, 30)),
        )

    def maxiter(self, progress: Fraction) -> int | None:
        """Return maxiter at a progress; None where one of the keyframes leaves it open."""
        if progress in (0, 1):
            return (self.end if progress else self.start).maxiter
        if self.start.maxiter is None or self.end.maxiter is None:
            return None
        return log_between(self.start.maxiter, self.end.maxiter, progress)

    def _glide(self, progress: Fraction) -> tuple[Decimal, Point]:
        """Return width and centre between the keyframes.

        Notes
        -----
        For a zoom in, w(t) = w₀ (w₁/w₀)^e and c(t) = c₁ + (c₀ - c₁) · (w(t)/w₀) · g(e), with the
        glide g: 1 - e for named easings, so that the target moves evenly across the screen to its
        middle. For a zoom out the two keyframes are swapped.
        """
        deep, shallow = self.deep, self.shallow
        e = progress if deep is self.end else 1 - progress
        numbers = context(_WIDTH_DIGITS + 10)
        ratio = numbers.power(numbers.divide(deep.width, shallow.width), _decimal(e, _WIDTH_DIGITS))
        width = context(_WIDTH_DIGITS).multiply(shallow.width, ratio)
        if deep.width == shallow.width:
            width = deep.width
        decimals = _CENTER_DIGITS - decimal_exponent(width)
        exact = context(
            max(decimals, 0) + 10 + max(len(number.as_tuple().digits) for number in deep.center)
            + max(len(number.as_tuple().digits) for number in shallow.center)
        )  # fmt: skip  # a sum of digits
        factor = numbers.multiply(ratio, _decimal(self.glide.at(e), _WIDTH_DIGITS))
        quantum = Decimal((0, (1,), -decimals))
        real, imaginary = (
            exact.quantize(
                exact.add(target, exact.multiply(exact.subtract(number, target), factor)), quantum
            )
            for number, target in zip(shallow.center, deep.center, strict=True)
        )
        return width, Point(real, imaginary)


def eased(ease: Ease, s: Fraction) -> Fraction:
    """Return the progress after a fraction `s` of a leg's time, both 0 to 1, exactly.

    Notes
    -----
    in: s²; out: 1 - (1-s)²; in-out: 3s² - 2s³.
    """
    if ease == "in":
        return s * s
    if ease == "out":
        return 1 - (1 - s) ** 2
    if ease == "in-out":
        return s * s * (3 - 2 * s)
    return s


def slope(ease: Ease, s: Fraction) -> Fraction:
    """Return the speed of a named easing after a fraction `s` of a leg's time; its mean is 1."""
    if ease == "in":
        return 2 * s
    if ease == "out":
        return 2 * (1 - s)
    if ease == "in-out":
        return 6 * s * (1 - s)
    return Fraction(1)


def log_between(low: int, high: int, fraction: Fraction) -> int:
    """Return the maxiter at a fraction of the distance between two, on a logarithmic scale."""
    if low == high:
        return low
    numbers = context(30)
    power = numbers.power(numbers.divide(Decimal(high), Decimal(low)), _decimal(fraction, 30))
    return int(numbers.multiply(Decimal(low), power).to_integral_value())


def _decimal(fraction: Fraction, digits: int) -> Decimal:
    """Return a fraction as a decimal number, rounded to this number of digits."""
    return context(digits).divide(Decimal(fraction.numerator), Decimal(fraction.denominator))
