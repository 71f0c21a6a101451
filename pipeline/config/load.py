"""Loading a config: a path in, a checked config or all of its faults out."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.colour.look import Look
from pipeline.colour.palette_files import PaletteFiles
from pipeline.config.cluster import Certificates, Cluster, cluster_faults, cluster_from
from pipeline.config.colours import look_from
from pipeline.config.fault import ConfigError, Fault, Position, shortened
from pipeline.config.keyframes import (
    beat_faults,
    digit_warnings,
    keyframe_faults,
    time_faults,
    times_of,
    width_of,
)
from pipeline.config.keys import MISSING, SPELLINGS, dotted, known_keys, unknown
from pipeline.config.limits import limit_fault
from pipeline.config.model import ConfigModel, Ease, Keep, KeyframeModel, RenderSection, Reuse
from pipeline.config.names import name_fault
from pipeline.config.palettes import palette_faults, palette_remarks
from pipeline.config.projections import projection_faults
from pipeline.config.quality import QUALITIES, Quality
from pipeline.config.sounds import SoundFiles, names_bpm, sound_faults, sound_from, tempo_from
from pipeline.config.videos import encoding_from, video_faults
from pipeline.config.whole_text import whole_text
from pipeline.config.yaml_faults import comment_hint
from pipeline.config.yaml_tree import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    text_of_file,
    tree_from_text,
)
from pipeline.geometry.point import Point
from pipeline.kernels.choice import ACCURACIES, FLOAT64_NUMBERS, Accuracy
from pipeline.video.encoding import Encoding
from pipeline.video.sound import Sound

MAX_FAULTS = 1000
KeyPath = tuple[str | int, ...]
"""Keys and indices that lead to a value."""


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A keyframe of the view."""

    time: Fraction
    """Seconds from the start of the video."""
    center: Point
    width: Decimal
    rotation: Decimal
    """Degrees."""
    maxiter: int | None
    """Maximum iterations per pixel; None if it is chosen from the counts."""
    ease: Ease
    """Easing of the way to the next keyframe."""
    hold: Fraction
    """Seconds for which the picture stands still."""
    position: Position
    """Position of its width in the config."""


@dataclass(frozen=True, slots=True)
class Config:
    """A checked config."""

    path: Path
    name: str
    """Name of the outputs."""
    encoding: Encoding
    loops: bool
    """Whether the video plays forwards and then backwards."""
    sound: Sound | None
    look: Look
    workers: int | None
    cluster: Cluster | None
    """The cluster that counts rows; None where this machine does."""
    certificates: Certificates | None
    device: str
    """Name of the device that computes counts, or auto."""
    numbers: str
    """Name of the numbers that deep counts are computed in, as the device has them."""
    quality: Quality
    reuse: Reuse
    motion_blur: Decimal
    """Fraction of a frame's time during which the shutter is open."""
    accuracy: Accuracy
    keep: Keep
    nice: int
    pause_above_c: float | None
    """Temperature above which rendering pauses, in degrees Celsius."""
    keyframes: tuple[Keyframe, ...]
    warnings: tuple[Fault, ...]
    text: str
    """Text of a config that makes the same video on any machine."""
    place: str = ""
    """Place that the video is made for, part of the name of its file; "" for the usual video."""

    @property
    def title(self) -> str:
        """Name in UTF-8; in a locale without it the name itself has other letters."""
        return os.fsencode(self.name).decode()

    def plain(self) -> dict[str, Any]:
        """Return the resolved config in plain values, numbers of any precision as text."""
        return {
            "path": str(self.path),
            "video": {
                **self.encoding.key(),
                "loop": self.loops,
                **({} if self.sound is None else {"audio": self.sound.facts()}),
            },
            "colour": {key: value for key, value in asdict(self.look).items() if key != "tones"},
            "render": {
                "workers": self.workers,
                "engine": "local" if self.cluster is None else f"dask {self.cluster.scheduler}",
                "device": self.device,
                "quality": self.quality.name,
                "reuse": self.reuse,
                "motion_blur": str(self.motion_blur),
                "accuracy": self.accuracy.name,
                "keep": self.keep,
                "nice": self.nice,
                "pause_above_temperature": self.pause_above_c,
            },
            "keyframes": [
                {
                    "time": str(keyframe.time),
                    "center": [str(part) for part in keyframe.center],
                    "width": str(keyframe.width),
                    "rotation": str(keyframe.rotation),
                    "maxiter": "auto" if keyframe.maxiter is None else keyframe.maxiter,
                    "ease": keyframe.ease,
                    "hold": str(keyframe.hold),
                }
                for keyframe in self.keyframes
            ],
        }


def load_config(path: Path, text: str | None = None, name: str | None = None) -> Config:
    """Read and check a config.

    Parameters
    ----------
    path
        The config's file.
    text
        What to read instead of the file's contents.
    name
        Name of its outputs, if not the file's.

    Raises
    ------
    ConfigError
        The config has faults; the error holds all of them.
    """
    node, faults = tree_from_text(text_of_file(path) if text is None else text)
    if name is None and (fault := name_fault(path.stem)):
        message = f"the file's name, which its outputs would bear: {fault}; give another by --name"
        faults.append(Fault(Position(1, 1), "", message))
    if node is None:
        raise ConfigError(path, faults)
    if not isinstance(node, Mapping):
        faults.append(Fault(node.position, "", "should be keys and values, such as keyframes: […]"))
        raise ConfigError(path, faults)
    checker = _Checker(node, faults, path.parent)
    model = checker.model()
    if model is None:
        raise ConfigError(path, checker.faults)
    return checker.config(path, path.stem if name is None else name, model)


def _picture(render: RenderSection) -> dict[str, str]:
    """Return the values of a section that change the picture."""
    return {
        "quality": render.quality,
        "reuse": render.reuse,
        "motion_blur": str(render.motion_blur),
        "accuracy": render.accuracy,
    }


class _Checker:
    """Checks a tree section by section, and knows the position of each value."""

    def __init__(self, root: Mapping, faults: list[Fault], folder: Path) -> None:
        self.faults = faults
        self._folder = folder
        self._palettes = PaletteFiles(folder)
        self._sounds = SoundFiles(folder)
        self._positions: dict[KeyPath, Position] = {(): root.position}
        self._key_positions: dict[KeyPath, Position] = {}
        self._colour_comments: dict[KeyPath, str] = {}
        self._plain = self._plain_from(root, ())
        self._tempo = tempo_from(self._plain.get("video"))

    def _plain_from(self, node: Node, path: KeyPath) -> Any:
        self._positions[path] = node.position
        if isinstance(node, Scalar | Sequence) and node.colour_comment:
            self._colour_comments[path] = node.colour_comment
        if isinstance(node, Scalar):
            return node.text
        if isinstance(node, Sequence):
            return [self._plain_from(item, (*path, k)) for k, item in enumerate(node.items)]
        plain = {}
        for typed, child in node.values.items():
            key = SPELLINGS.get(typed, typed)
            if key in plain:
                first = self._key_positions[*path, key].line
                self._fault(
                    node.keys[typed],
                    (*path, typed),
                    f"stands here again; the first is on line {first}, keep one of them",
                )
                continue
            self._key_positions[*path, key] = node.keys[typed]
            plain[key] = self._plain_from(child, (*path, key))
        return plain

    def _fault(self, position: Position, path: KeyPath, message: str) -> None:
        self.faults.append(Fault(position, dotted(path), message))

    def _position(self, *path: str | int) -> Position:
        """Return the position of a value, or of the innermost one that contains it."""
        while path not in self._positions:
            path = path[:-1]
        return self._positions[path]

    def model(self) -> ConfigModel | None:
        """Check each value, and rules between values; None if there are faults."""
        model = None
        try:
            model = ConfigModel.model_validate(self._plain)
        except ValidationError as error:
            # Not all of many thousands: each takes a search for the nearest key.
            for detail in error.errors(include_url=False, include_input=False)[:MAX_FAULTS]:
                self._refuse(detail["loc"], detail["type"], detail["msg"])
        self._check_keyframes()
        self._check_video()
        self._check_cluster()
        self._check_colour()
        return None if self.faults else model

    def _refuse(self, path: KeyPath, kind: str, message: str) -> None:
        """Add one of pydantic's errors as a fault, in our words."""
        if kind == "extra_forbidden":
            known = known_keys(path[:-1])
            key = str(path[-1])
            self._fault(
                self._key_positions.get(path, self._position(*path)),
                (*path[:-1], shortened(key)),
                unknown(key, known),
            )
        elif kind == "missing":
            self._fault(self._position(*path), path, MISSING.get(str(path[-1]), "is missing"))
        elif kind in ("model_type", "model_attributes_type", "dict_type"):
            keys = ", ".join(known_keys(path))
            self._fault(self._position(*path), path, f"should be keys and values; the keys: {keys}")
        else:
            lost = (c for at, c in self._colour_comments.items() if at[: len(path)] == path)
            hint = next((f"; {comment_hint(colour)}" for colour in lost), "")
            self._fault(self._position(*path), path, message + hint)

    def _check_keyframes(self) -> None:
        keyframes = self._plain.get("keyframes")
        for path, message in keyframe_faults(keyframes, self._tempo):
            path = ("keyframes", *path)
            self._fault(self._key_or_position(path), path, message)
        self._check_beats(keyframes, ("keyframes",))

    def _check_beats(self, keyframes: Any, section: KeyPath) -> None:
        if not names_bpm(self._plain.get("video")):
            for path, message in beat_faults(keyframes):
                self._fault(self._position(*section, *path), (*section, *path), message)

    def _key_or_position(self, path: KeyPath) -> Position:
        extra = path[-1] in ("zoom", "speed")
        return self._key_positions[path] if extra else self._position(*path)

    def _check_video(self) -> None:
        video = self._plain.get("video")
        if isinstance(video, dict):
            for key, message in video_faults(video):
                self._fault(self._position("video", key), ("video", key), message)
            for key, message in sound_faults(video, self._sounds):
                path = ("video", "audio", key)
                self._fault(self._position(*path), path, message)

    def _check_cluster(self) -> None:
        render = self._plain.get("render")
        if isinstance(render, dict):
            for path, message in cluster_faults(render, self._folder):
                self._fault(self._position("render", *path), ("render", *path), message)

    def _check_colour(self) -> None:
        colour = self._plain.get("colour")
        if not isinstance(colour, dict):
            return
        for path, message in time_faults(colour.get("keyframes"), "colour keyframe", self._tempo):
            path = ("colour", "keyframes", *path)
            self._fault(self._position(*path), path, message)
        self._check_beats(colour.get("keyframes"), ("colour", "keyframes"))
        for path, message in palette_faults(colour, self._palettes):
            path = ("colour", *path)
            self._fault(self._position(*path), path, message)

    def config(self, path: Path, name: str, model: ConfigModel) -> Config:
        """Return the config of a model without faults, after checking the limits of the whole."""
        encoding = encoding_from(model.video)
        widths = [width_of(each, encoding.columns, encoding.rows) for each in model.keyframes]
        times, faults = times_of(model.keyframes, widths, self._tempo)
        for at, message in faults:
            at = ("keyframes", *at)
            self._fault(self._key_or_position(at), at, message)
        for whole_path, message in projection_faults(model, widths):
            self._fault(self._position(*whole_path), whole_path, message)
        if self.faults:
            raise ConfigError(path, self.faults)
        keyframes = tuple(
            self._keyframe(k, keyframe, model, times[k], widths[k])
            for k, keyframe in enumerate(model.keyframes)
        )
        seconds = times[-1] + keyframes[-1].hold
        if fault := limit_fault(model, seconds * encoding.fps, widths):
            self._fault(self._position(*fault[0]), *fault)
            raise ConfigError(path, self.faults)
        cluster, certificates = cluster_from(model.render, self._folder)
        return Config(
            path=path,
            name=name,
            encoding=encoding,
            loops=model.video.loop == "there-and-back",
            sound=sound_from(model.video.audio, self._sounds),
            look=look_from(model.colour, self._palettes, self._tempo),
            workers=model.render.workers,
            cluster=cluster,
            certificates=certificates,
            device=model.render.device,
            numbers=FLOAT64_NUMBERS,
            quality=QUALITIES[model.render.quality],
            reuse=model.render.reuse,
            motion_blur=model.render.motion_blur,
            accuracy=ACCURACIES[model.render.accuracy],
            keep=model.render.keep,
            nice=model.render.nice,
            pause_above_c=float(pause) if (pause := model.render.pause_above_temperature) else None,
            keyframes=keyframes,
            warnings=tuple(self._warnings(keyframes, encoding.columns)),
            text=whole_text(self._plain, _picture(model.render), self._palettes),
        )

    def _keyframe(
        self, k: int, keyframe: KeyframeModel, model: ConfigModel, time: Fraction, width: Decimal
    ) -> Keyframe:
        maxiter = model.maxiter if keyframe.maxiter is None else keyframe.maxiter
        return Keyframe(
            time=time,
            center=Point(*keyframe.center),
            width=width,
            rotation=keyframe.rotation,
            maxiter=None if maxiter == "auto" else maxiter,
            ease=keyframe.ease,
            hold=Fraction(keyframe.hold),
            position=self._position("keyframes", k, "zoom" if keyframe.width is None else "width"),
        )

    def _warnings(self, keyframes: tuple[Keyframe, ...], columns: int) -> Iterator[Fault]:
        views = [(keyframe.center, keyframe.width) for keyframe in keyframes]
        for path, message in digit_warnings(views, columns):
            path = ("keyframes", *path)
            yield Fault(self._position(*path), dotted(path), message)
        for path, remark in palette_remarks(self._plain.get("colour"), self._palettes):
            path = ("colour", *path)
            yield Fault(self._position(*path), dotted(path), remark)
