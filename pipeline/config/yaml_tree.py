"""YAML text to a tree of texts, lists and mappings, each with its position; nothing is executed.

Numbers stay text, so that no digit is lost. Equal keys, tags, deep nesting and large documents
are faults. Aliases are followed, and count towards the size each time they are used.
"""

import contextlib
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.config.fault import ConfigError, Fault, Position, shortened
from pipeline.config.yaml_faults import Opened, colour_in_comment, fault_from_error, lines_of
from pipeline.system.regular_files import bytes_of_file

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 8
MAX_NODES = 100_000
MAX_SCALAR_CHARACTERS = 110_000
MAX_CHARACTERS = MAX_BYTES
"""Largest length of all values together, those of aliases counted each time."""
TOO_DEEP = f"nested over {MAX_DEPTH} deep; a config needs 4"
# libyaml's, where PyYAML was built with it.
FASTEST_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value, as it was typed, without its quotes."""

    position: Position
    text: str
    colour_comment: str = ""
    """Comment after an empty value, if it looks like a colour."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    position: Position
    items: tuple["Node", ...]
    colour_comment: str = ""
    """Comment between the brackets, if it looks like a colour."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys, each with its position, and their values."""

    position: Position
    keys: dict[str, Position]
    values: dict[str, "Node"]


Node = Scalar | Sequence | Mapping


class _RefusedError(Exception):
    """Reading must stop here."""

    def __init__(self, position: Position, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(position, "", message)


def text_of_file(path: Path) -> str:
    """Return the text of a config's file.

    Raises
    ------
    ConfigError
        The file cannot be read, is too large, or is not UTF-8.
    """
    try:
        data = bytes_of_file(path, MAX_BYTES)
    except IsADirectoryError:
        raise ConfigError(path, [_whole("is a folder, and should be a YAML file")]) from None
    except FileNotFoundError:
        raise ConfigError(path, [_whole(f"there is no such file{_nearest_config(path)}")]) from None
    except OSError as error:
        raise ConfigError(path, [_whole(f"cannot be read: {error.strerror}")]) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        fault = Fault(Position(line, column), "", "is not UTF-8 text; save it as UTF-8")
        raise ConfigError(path, [fault]) from None


def _nearest_config(path: Path) -> str:
    """Return a hint at the config that was probably meant: beside it, here or in ``configs/``."""
    there = sorted(
        {
            str(other)
            for folder in (path.parent, Path(), Path("configs"))
            if folder.is_dir()
            for other in folder.glob("*.y*ml")
        }
    )
    stems = {Path(other).stem.lower(): other for other in reversed(there)}
    if path.stem.lower() in stems:
        return f'; did you mean "{stems[path.stem.lower()]}"?'
    if near := difflib.get_close_matches(path.stem.lower(), stems, n=1):
        return f'; did you mean "{stems[near[0]]}"?'
    return ""


def _whole(message: str) -> Fault:
    return Fault(Position(1, 1), "", message)


def tree_from_text(text: str, loader: Any = FASTEST_LOADER) -> tuple[Node | None, list[Fault]]:
    """Return the tree of one YAML document, and its faults; None if it cannot be read."""
    reader = _Reader(text, loader)
    try:
        node = reader.document()
    except _RefusedError as refused:
        return None, [*reader.faults, refused.fault]
    except yaml.YAMLError as error:
        return None, [*reader.faults, reader.fault_of(error)]
    return node, reader.faults


def _position(event: yaml.Event) -> Position:
    mark = event.start_mark
    # Only events that are made by hand have none.
    assert mark is not None
    return Position(mark.line + 1, mark.column + 1)


class _Reader:
    """Composes the tree from the parser's events, and checks the limits at each of them."""

    def __init__(self, text: str, loader: Any = FASTEST_LOADER) -> None:
        self._text = text
        self._lines = lines_of(text)
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=loader)
        # Each node, and the number of nodes and characters in it.
        self._anchors: dict[str, tuple[Node, int, int]] = {}
        self._opened: list[Opened] = []
        self._ended = Position(1, 1)
        self._index = 0
        self._nodes = self._characters = 0
        self.faults: list[Fault] = []

    def fault_of(self, error: yaml.YAMLError) -> Fault:
        """Return a parser's error as a fault, and a limit of the parser's as ours."""
        if self._looked_ahead_too_deep(error):
            with contextlib.suppress(yaml.YAMLError, RecursionError):
                try:
                    _Reader(self._text, yaml.SafeLoader).document()
                except _RefusedError as refused:
                    return refused.fault
            return Fault(self._opened[-1].position, "", TOO_DEEP)
        return fault_from_error(error, self._text, self._opened)

    def _looked_ahead_too_deep(self, error: yaml.YAMLError) -> bool:
        """Tell whether the parser met a limit of its own before our limit on nesting.

        It looks ahead for the colon of a key: libyaml since 0.2.6 through up to 1000 brackets.
        """
        mark = getattr(error, "problem_mark", None)
        if mark is None or not self._opened:
            return False
        ahead = self._text[self._index : mark.index]
        opened = sum(map(ahead.count, "[{")) - sum(map(ahead.count, "]}"))
        return opened > MAX_DEPTH

    def document(self) -> Node:
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise _RefusedError(Position(1, 1), "the file is empty, and should have keyframes")
        node = self._node(next(self._events), 0)
        next(self._events)
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise _RefusedError(_position(event), "a second document; a file is one video")
        return node

    def _count(self, nodes: int, characters: int, position: Position) -> None:
        self._nodes += nodes
        self._characters += characters
        if self._characters > MAX_CHARACTERS:
            raise _RefusedError(
                position, f"more than {MAX_CHARACTERS} characters, aliases followed"
            )
        if self._nodes > MAX_NODES:
            raise _RefusedError(position, f"more than {MAX_NODES} values; a config has fewer")

    def _node(self, event: yaml.Event, depth: int) -> Node:
        position = _position(event)
        if isinstance(event, yaml.AliasEvent):
            assert event.anchor is not None
            if event.anchor not in self._anchors:
                name = shortened(event.anchor)
                raise _RefusedError(position, f"*{name} stands for nothing above it")
            known, nodes, characters = self._anchors[event.anchor]
            self._count(nodes, characters, position)
            return known
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        before = self._nodes, self._characters
        self._index = event.start_mark.index if event.start_mark else 0
        self._count(1, len(event.value) if isinstance(event, yaml.ScalarEvent) else 0, position)
        if depth > MAX_DEPTH:
            raise _RefusedError(position, TOO_DEEP)
        if event.tag is not None and event.tag != "!":
            self.faults.append(
                Fault(
                    position, "", f"the tag {shortened(event.tag)} is not used here; leave it out"
                )
            )
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            if len(event.value) > MAX_SCALAR_CHARACTERS:
                raise _RefusedError(
                    position,
                    f"{len(event.value)} characters; a number may have 100000 digits at most",
                )
            comment = "" if event.value or event.style else self._colour_comment(position, position)
            node = Scalar(position, event.value, comment)
        else:
            start = "[" if isinstance(event, yaml.SequenceStartEvent) else "{"
            self._opened.append(Opened(position, start if event.flow_style else ""))
            if isinstance(event, yaml.SequenceStartEvent):
                node = self._sequence(position, depth)
            else:
                node = self._mapping(position, depth)
            self._opened.pop()
        if event.anchor is not None:
            self._name(event.anchor, position)
            self._anchors[event.anchor] = (
                node, self._nodes - before[0], self._characters - before[1],
            )  # fmt: skip  # one tuple
        return node

    def _name(self, anchor: str, position: Position) -> None:
        """Refuse an anchor that is taken: it would be ambiguous which value is meant."""
        if anchor in self._anchors:
            first = self._anchors[anchor][0].position.line
            self.faults.append(
                Fault(
                    position,
                    "",
                    f"&{shortened(anchor)} names another value on line {first}; "
                    "give one of them another name",
                )
            )

    def _colour_comment(self, start: Position, end: Position) -> str:
        found = colour_in_comment(self._lines, start, end)
        return found[1] if found else ""

    def _sequence(self, position: Position, depth: int) -> Sequence:
        items = tuple(self._items(depth))
        comment = ""
        if self._opened[-1].bracket:
            comment = self._colour_comment(position, self._ended)
        return Sequence(position, items, comment)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)
        self._ended = _position(event)

    def _mapping(self, position: Position, depth: int) -> Mapping:
        keys: dict[str, Position] = {}
        values: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, Scalar):
                self.faults.append(Fault(key.position, "", "a key must be a word"))
            elif key.text in keys:
                self.faults.append(
                    Fault(
                        key.position,
                        shortened(key.text),
                        f"stands here again; the first is on line {keys[key.text].line}, "
                        "keep one of them",
                    )
                )
            else:
                keys[key.text] = key.position
                values[key.text] = value
        return Mapping(position, keys, values)
