"""The text of a film's config: as a person writes it, with the comments of the file it came from.

An opened file is edited, value by value. What results is read again: where it does not say exactly
what is meant (aliases, merged lines), it is written anew, and only the comments of its head stay.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from pipeline.config import yaml_tree
from pipeline.config.keys import SPELLINGS

SCHEMA_LINE = "# yaml-language-server: $schema=schema.json"
"""First line of the shipped configs: editors complete and explain the keys."""
_ORDER = ("video", "maxiter", "colour", "render", "keyframes")
_WIDTH = 96
# Larger files are written anew: composing them takes seconds.
_MOST_EDITED = 400_000
# Keys of which one takes the other's place.
_ALIKE = (("time", "speed"), ("speed", "time"), ("width", "zoom"), ("zoom", "width"))
# What needs no quotes anywhere: no sign of YAML's, no space at an end.
_PLAIN = re.compile(r"[\w.+/-][\w.+/%^-]*(?: [\w.+/-]+)*", re.ASCII)
_WORDS = ("null", "true", "false", "yes", "no", "on", "off", "y", "n", "-", "---")

Plain = str | list[Any] | dict[str, Any]


def text_of(
    plain: Mapping[str, Any], before: str = "", kept: Sequence[int | None] | None = None
) -> str:
    """Return the text of a config.

    Parameters
    ----------
    plain
        The config as texts, lists and mappings.
    before
        Text of the file that it came from; empty for a new one.
    kept
        For each keyframe the index of that keyframe in `before`; None for new ones.
    """
    if not before.strip():
        return f"{SCHEMA_LINE}\n{_written(plain)}"
    if len(before) <= _MOST_EDITED:
        edited = _edited(plain, before, kept or ())
        if edited is not None and plain_from(edited) == plain:
            return edited
    head = []
    for line in before.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            break
        head.append(line)
    return "\n".join([*head, _written(plain)])


def plain_from(text: str) -> Any:
    """Return a text's values as texts, lists and mappings; None where it cannot be read."""
    tree, faults = yaml_tree.tree_from_text(text)
    return None if tree is None or faults else _plain(tree)


def _plain(node: yaml_tree.Node) -> Any:
    if isinstance(node, yaml_tree.Scalar):
        return node.text
    if isinstance(node, yaml_tree.Sequence):
        return [_plain(item) for item in node.items]
    return {SPELLINGS.get(key, key): _plain(child) for key, child in node.values.items()}


def _written(plain: Mapping[str, Any]) -> str:
    keys = sorted(plain, key=lambda key: _ORDER.index(key) if key in _ORDER else -1)
    return "".join(f"{line}\n" for key in keys for line in _entry(key, plain[key], 0))


def _entry(key: str, value: Any, indent: int) -> Iterator[str]:
    """Yield the lines of a key and its value: one line where they fit."""
    start = f"{' ' * indent}{_scalar(key)}:"
    # Keyframes are tables: a key a line.
    if not _is_table(value) and len(line := f"{start} {_flow(value)}") <= _WIDTH:
        yield line
    elif isinstance(value, str):
        yield f"{start} {_scalar(value)}"
    else:
        yield start
        yield from _block(value, indent + 2)


def _block(value: Any, indent: int) -> Iterator[str]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _entry(key, child, indent)
        return
    for item in value:
        if isinstance(item, dict):
            yield from item_lines(item, indent)
        else:
            # Long digits are quoted, as other readers of YAML would round them.
            yield f"{' ' * indent}- {json.dumps(item) if isinstance(item, str) else _flow(item)}"


def item_lines(item: Mapping[str, Any], indent: int) -> list[str]:
    """Return the lines of a list's item, a key a line."""
    lines = [line for key, child in item.items() for line in _entry(key, child, indent + 2)]
    return (
        [f"{' ' * indent}- {lines[0].lstrip()}", *lines[1:]] if lines else [" " * indent + "- {}"]
    )


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and any(
        isinstance(item, dict) and "center" in item for item in value
    )


def _flow(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, dict):
        entries = (f"{_scalar(key)}: {_flow(child)}" for key, child in value.items())
        return f"{{{', '.join(entries)}}}"
    return _scalar(str(value))


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


class _Edit(NamedTuple):
    """Text in place of a stretch of a text."""

    start: int
    end: int
    text: str


class _UnfitError(Exception):
    """A text that is not edited."""


def _edited(plain: Mapping[str, Any], before: str, kept: Sequence[int | None]) -> str | None:
    try:
        root = yaml.compose(before, Loader=yaml.SafeLoader)
        if not isinstance(root, yaml.MappingNode):
            return None
        return _Editor(before, kept).changed(root, plain)
    except (yaml.YAMLError, _UnfitError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class _Editor:
    """Changes values of a text, and leaves all else as it is."""

    text: str
    kept: Sequence[int | None]

    def changed(self, root: yaml.MappingNode, plain: Mapping[str, Any]) -> str:
        """Return the text with other values."""
        return self._applied(list(self._mapping(root, plain, is_root=True)), 0, len(self.text))

    def _applied(self, edits: list[_Edit], start: int, end: int) -> str:
        """Return a stretch of the text with edits."""
        parts = []
        for edit in sorted(edits):
            if edit.start < start or edit.end > end:
                raise _UnfitError
            parts += [self.text[start : edit.start], edit.text]
            start = edit.end
        return "".join([*parts, self.text[start:end]])

    def _mapping(
        self, node: yaml.MappingNode, wanted: Mapping[str, Any], is_root: bool = False
    ) -> Iterator[_Edit]:
        there = {SPELLINGS.get(key.value, key.value): (key, value) for key, value in node.value}
        if node.flow_style and there.keys() != wanted.keys():
            yield _Edit(node.start_mark.index, node.end_mark.index, _flow(dict(wanted)))
            return
        for old, new in _ALIKE:
            if {old} == {old, new} & there.keys() and {new} == {old, new} & wanted.keys():
                key, value = there.pop(old)
                line = next(_entry(new, wanted[new], 0))
                yield _Edit(key.start_mark.index, _end(value), line)
                wanted = {name: each for name, each in wanted.items() if name != new}
        entries = list(there.items())
        for index, (name, (key, value)) in enumerate(entries):
            if name not in wanted:
                following = entries[index + 1][1][0] if index + 1 < len(entries) else None
                yield self._without(key, value, following)
            elif is_root and name == "keyframes":
                yield from self._keyframes(key, value, wanted[name])
            else:
                yield from self._value(key, value, wanted[name])
        yield from self._added(node, there, wanted, is_root)

    def _value(self, key: yaml.Node, value: yaml.Node, wanted: Any) -> Iterator[_Edit]:
        if _composed(value) == wanted:
            return
        if isinstance(value, yaml.MappingNode) and value.value and isinstance(wanted, dict):
            yield from self._mapping(value, wanted)
            return
        lines = list(_entry("k", wanted, key.start_mark.column))
        new = "\n".join([lines[0].strip()[3:], *lines[1:]])
        start = key.end_mark.index + self.text[key.end_mark.index :].index(":") + 1
        end = _end(value)
        # What a comment behind a key says stays there, where the value is on lines of its own.
        if (
            isinstance(value, yaml.SequenceNode) and not value.flow_style
            and isinstance(wanted, list) and all(isinstance(item, str) for item in wanted)
        ):  # fmt: skip  # two conditions
            indent = "\n" + " " * value.start_mark.column
            items = indent.join(f"- {json.dumps(item)}" for item in wanted)
            yield _Edit(value.start_mark.index, end, items)
        elif value.start_mark.line != key.start_mark.line or len(lines) > 1:
            yield _Edit(start, end, new if new.startswith("\n") else f" {new}")
        else:
            yield _Edit(value.start_mark.index, end, new)

    def _without(self, key: yaml.Node, value: yaml.Node, following: yaml.Node | None) -> _Edit:
        """Remove a key and its value, and the comment behind them."""
        start, end = key.start_mark.index, self._line_end(_end(value))
        line_start = start - key.start_mark.column
        if not self.text[line_start:start].strip():
            return _Edit(line_start, min(end + 1, len(self.text)), "")
        # Behind the dash of an item.
        if following is None:
            raise _UnfitError
        return _Edit(start, following.start_mark.index, "")

    def _added(
        self,
        node: yaml.MappingNode,
        there: Mapping[str, tuple[yaml.Node, yaml.Node]],
        wanted: Mapping[str, Any],
        is_root: bool,
    ) -> Iterator[_Edit]:
        new = [name for name in wanted if name not in there]
        if not new:
            return
        if not node.value:
            raise _UnfitError
        indent = node.value[0][0].start_mark.column
        before = {name for name in there if name in wanted and name != "keyframes"}
        # New sections of the whole come before the keyframes; else last.
        after = before if is_root else set(there) & set(wanted)
        lines = [line for name in new for line in _entry(name, wanted[name], indent)]
        if after:
            last = max(_end(there[name][1]) for name in after)
            at = self._line_end(last)
            yield _Edit(at, at, "".join(f"\n{line}" for line in lines))
        elif is_root:
            at = node.value[0][0].start_mark.index
            yield _Edit(at, at, "".join(f"{line}\n" for line in lines))
        else:
            raise _UnfitError

    def _keyframes(self, key: yaml.Node, node: yaml.Node, wanted: list[Any]) -> Iterator[_Edit]:
        """Put the lines of keyframes in order, each with the comments above it."""
        if _composed(node) == wanted and list(self.kept) == list(range(len(wanted))):
            return
        if not isinstance(node, yaml.SequenceNode) or node.flow_style or not node.value:
            yield from self._value(key, node, wanted)
            return
        items = [item for item in node.value if isinstance(item, yaml.MappingNode)]
        if len(items) != len(node.value) or any(item.flow_style for item in items):
            # A keyframe in braces, or none at all.
            yield from self._value(key, node, wanted)
            return
        ends = [self._line_end(_end(item)) for item in items]
        first = items[0].start_mark
        # Comments above a keyframe are about it, those above the first, too.
        begins = self._line_end(key.end_mark.index) + 1
        starts = [begins, *(end + 1 for end in ends[:-1])]
        if any(s > item.start_mark.index for s, item in zip(starts, items, strict=True)):
            raise _UnfitError
        line_start = first.index - first.column
        indent = self.text.index("-", line_start) - line_start
        left = dict(enumerate(items))
        blocks = []
        for k, each in enumerate(wanted):
            was = self.kept[k] if k < len(self.kept) else None
            item = left.pop(was, None) if was is not None else None
            if item is None or was is None:
                blocks.append("\n".join(item_lines(each, indent)))
            else:
                edits = list(self._mapping(item, each))
                blocks.append(self._applied(edits, starts[was], ends[was]).rstrip("\n"))
        yield _Edit(begins, ends[-1], "\n".join(blocks))

    def _line_end(self, index: int) -> int:
        end = self.text.find("\n", index)
        return len(self.text) if end < 0 else end


def _end(node: yaml.Node) -> int:
    """Return where a value ends: marks of a block reach to the next key, behind its comments."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _composed(node: yaml.Node) -> Any:
    """Return a node as texts, lists and mappings."""
    if isinstance(node, yaml.MappingNode):
        return {SPELLINGS.get(key.value, key.value): _composed(each) for key, each in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_composed(each) for each in node.value]
    return node.value
