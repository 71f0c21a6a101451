"""YAML text to a tree of texts, lists and mappings, each with its place; nothing is executed.

Numbers stay text, so that no digit is lost. Equal keys, tags, deep nesting and large documents
are faults; aliases are followed, but count against the size each time they are used.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from pipeline.config.fault import ConfigError, Fault, Place, nearest, shortened
from pipeline.regular_files import bytes_of_file

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 8
MAX_NODES = 100_000
MAX_SCALAR_CHARACTERS = 110_000
MAX_CHARACTERS = MAX_BYTES
"""Of all values together, those of an alias counted each time."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value, as it was typed but for its quotes."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    place: Place
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys, each with its place, and their values."""

    place: Place
    keys: dict[str, Place]
    values: dict[str, "Node"]


Node = Scalar | Sequence | Mapping


class _RefusedError(Exception):
    """The text cannot be read further."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(place, "", message)


def text_of_file(path: Path) -> str:
    """Return the text of a config's file.

    Raises
    ------
    ConfigError
        It cannot be read, is too large, or is not text.
    """
    try:
        data = bytes_of_file(path, MAX_BYTES)
    except IsADirectoryError:
        raise ConfigError(path, [_whole("is a folder, and should be a YAML file")]) from None
    except FileNotFoundError:
        siblings = [str(other) for other in path.parent.glob("*.y*ml")]
        raise ConfigError(
            path, [_whole(f"there is no such file{nearest(str(path), siblings)}")]
        ) from None
    except OSError as error:
        raise ConfigError(path, [_whole(f"cannot be read: {error.strerror}")]) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        fault = Fault(Place(line, column), "", "is not UTF-8 text; save it as UTF-8")
        raise ConfigError(path, [fault]) from None


def _whole(message: str) -> Fault:
    return Fault(Place(1, 1), "", message)


def tree_from_text(text: str) -> tuple[Node | None, list[Fault]]:
    """Read one YAML document; None where nothing of it can be used."""
    reader = _Reader(text)
    try:
        node = reader.document()
    except _RefusedError as refused:
        return None, [*reader.faults, refused.fault]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "cannot be read"
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        return None, [*reader.faults, Fault(place, "", f"this is not YAML: {problem}")]
    except yaml.YAMLError as error:
        problem = getattr(error, "reason", str(error))
        position = getattr(error, "position", 0)
        before = text[:position] if isinstance(position, int) else ""
        place = Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
        return None, [*reader.faults, Fault(place, "", f"this is not YAML: {problem}")]
    return node, reader.faults


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    # Events that come from a text have one.
    assert mark is not None
    return Place(mark.line + 1, mark.column + 1)


class _Reader:
    """Composes the tree from the parser's events, so that limits hold before anything grows."""

    def __init__(self, text: str) -> None:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=loader)
        # Each node with how many nodes and characters it counts.
        self._anchors: dict[str, tuple[Node, int, int]] = {}
        self._nodes = self._characters = 0
        self.faults: list[Fault] = []

    def document(self) -> Node:
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise _RefusedError(Place(1, 1), "the file is empty, and should have keyframes")
        node = self._node(next(self._events), 0)
        next(self._events)
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise _RefusedError(_place(event), "a second document; a file is one video")
        return node

    def _count(self, nodes: int, characters: int, place: Place) -> None:
        self._nodes += nodes
        self._characters += characters
        if self._characters > MAX_CHARACTERS:
            raise _RefusedError(place, f"more than {MAX_CHARACTERS} characters, aliases followed")
        if self._nodes > MAX_NODES:
            raise _RefusedError(place, f"more than {MAX_NODES} values; a config has fewer")

    def _node(self, event: yaml.Event, depth: int) -> Node:
        place = _place(event)
        if isinstance(event, yaml.AliasEvent):
            assert event.anchor is not None
            if event.anchor not in self._anchors:
                name = shortened(event.anchor)
                raise _RefusedError(place, f"*{name} stands for nothing above it")
            known, nodes, characters = self._anchors[event.anchor]
            self._count(nodes, characters, place)
            return known
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        before = self._nodes, self._characters
        self._count(1, len(event.value) if isinstance(event, yaml.ScalarEvent) else 0, place)
        if depth > MAX_DEPTH:
            raise _RefusedError(place, f"nested over {MAX_DEPTH} deep; a config needs 4")
        if event.tag is not None and event.tag != "!":
            self.faults.append(
                Fault(place, "", f"the tag {shortened(event.tag)} is not used here; leave it out")
            )
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            if len(event.value) > MAX_SCALAR_CHARACTERS:
                raise _RefusedError(
                    place,
                    f"{len(event.value)} characters; a number may have 100000 digits at most",
                )
            node = Scalar(place, event.value)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Sequence(place, tuple(self._items(depth)))
        else:
            node = self._mapping(place, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = (
                node, self._nodes - before[0], self._characters - before[1],
            )  # fmt: skip  # one tuple
        return node

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _mapping(self, place: Place, depth: int) -> Mapping:
        keys: dict[str, Place] = {}
        values: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, Scalar):
                self.faults.append(Fault(key.place, "", "a key must be a word"))
            elif key.text in keys:
                self.faults.append(
                    Fault(
                        key.place,
                        shortened(key.text),
                        f"stands here again; the first is on line {keys[key.text].line}, "
                        "keep one of them",
                    )
                )
            else:
                keys[key.text] = key.place
                values[key.text] = value
        return Mapping(place, keys, values)
