"""Errors of the YAML parser in plain words: what is wrong, where, and what would be right.

PyYAML parses with or without libyaml, and the messages of both change between versions. So ours
are made from the text around the position that they name, and only words that all versions use are
looked for in theirs.
"""

import re
from dataclasses import dataclass

import yaml

from pipeline.config.fault import Fault, Position, shortened

# Line breaks of YAML 1.1, as its parsers count lines.
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
# A comment that looks like a colour: # begins a comment after a space, a bracket or a comma.
_COLOUR_COMMENT = re.compile(r"(?:^|[\s\[{,:-])(#[0-9a-fA-F]{3,8})(?![0-9a-zA-Z])")
_CLOSERS = {"[": "]", "{": "}"}
_NEEDS_QUOTES = "@`%"
_ESCAPE = r"a backslash in double quotes begins an escape; write \\ for it, or use single quotes"
# Words in the messages of all versions, and ours for the position where the construct began.
_BY_WORD = {
    "quoted scalar": "this quote is never closed; close it on the same line",
    "alphabetic": "& and * begin a name for what is used twice; put a text with them in quotes",
    "tag": "! begins a tag, which is not used here; put a text with it in quotes",
    "block scalar": "| and > begin a text of many lines, which is not used here; leave them out",
    "directive": "a line cannot begin with %; a comment begins with #",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A list or mapping that was open where parsing failed."""

    position: Position
    bracket: str
    """Bracket that opened it; empty if indentation did."""


def lines_of(text: str) -> list[str]:
    """Return the lines of a text, as YAML counts them."""
    return _LINE_BREAK.split(text)


def colour_in_comment(
    lines: list[str], start: Position, end: Position
) -> tuple[Position, str] | None:
    """Return the first comment between two positions that looks like a colour, and its position."""
    for number in range(start.line, min(end.line, len(lines)) + 1):
        line = lines[number - 1]
        first = max(0, start.column - 2) if number == start.line else 0
        if match := _COLOUR_COMMENT.search(line, first):
            return Position(number, match.start(1) + 1), match[1]
    return None


def comment_hint(colour: str) -> str:
    """Return the hint for a colour that became a comment."""
    return f'# begins a comment, so a colour needs quotes: "{colour}"'


def fault_from_error(error: yaml.YAMLError, text: str, opened: list[Opened]) -> Fault:
    """Return a parser's error as a fault.

    Parameters
    ----------
    error
        What the parser raised.
    text
        The text that it parsed.
    opened
        The lists and mappings that were open there, the innermost last.
    """
    if not isinstance(error, yaml.MarkedYAMLError):
        return _fault(*_character(error, text))
    mark, context = error.problem_mark or error.context_mark, error.context_mark
    position = Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
    began = Position(context.line + 1, context.column + 1) if context else position
    problem = f"{error.context or ''}: {error.problem or ''}"
    lines = lines_of(text)
    return _fault(*_explained(problem, lines, position, began, opened))


def _fault(position: Position, message: str) -> Fault:
    return Fault(position, "", f"this is not YAML: {message}")


def _character(error: yaml.YAMLError, text: str) -> tuple[Position, str]:
    """Explain a character that YAML does not allow."""
    offset = getattr(error, "position", 0)
    offset = offset if isinstance(offset, int) else 0
    lines = lines_of(text[:offset])
    found = text[offset : offset + 1]
    name = f"the character U+{ord(found):04X}" if found else "a character"
    return Position(len(lines), len(lines[-1]) + 1), f"{name} is not allowed in it; remove it"


def _explained(
    problem: str, lines: list[str], position: Position, began: Position, opened: list[Opened]
) -> tuple[Position, str]:
    """Return the position of the mistake, and what is wrong there."""
    brackets = [each for each in opened if each.bracket]
    line = lines[position.line - 1] if position.line <= len(lines) else ""
    if colour := colour_in_comment(lines, brackets[0].position if brackets else position, position):
        return colour[0], comment_hint(colour[1])
    if tab := _tab(lines, position):
        return tab, "a tab stands in the indentation; use spaces, two for each level"
    if "escape" in problem:
        return position, _ESCAPE
    for word, message in _BY_WORD.items():
        if word in problem:
            return began, message
    found = line[position.column - 1 : position.column]
    if message := _by_character(found, brackets[-1] if brackets else None):
        return position, message
    if brackets:
        return _in_brackets(line, found, position, brackets[-1])
    return _in_block(problem, lines, line, position, began)


def _by_character(found: str, bracket: Opened | None) -> str:
    """Return what is wrong with a character here; nothing if it may be right."""
    if found == "\t":
        return "a tab stands here; use a space"
    if found and found in _NEEDS_QUOTES:
        return f'a value cannot begin with {found}; put it in quotes: "{found}…"'
    if found not in _CLOSERS.values():
        return ""
    if bracket is None:
        return f"{found} closes nothing; no {'[' if found == ']' else '{'} is open here"
    closer = _CLOSERS[bracket.bracket]
    return "" if found == closer else f"{found} stands where {_open(bracket)} needs {closer}"


def _tab(lines: list[str], position: Position) -> Position | None:
    """Return the position of a tab in the indentation of a line, or of the one above."""
    for number in (position.line, position.line - 1):
        if 1 <= number <= len(lines):
            line = lines[number - 1]
            indentation = line[: len(line) - len(line.lstrip(" \t"))]
            if "\t" in indentation:
                return Position(number, indentation.index("\t") + 1)
    return None


def _open(bracket: Opened) -> str:
    return f"the {bracket.bracket} of {bracket.position.line}:{bracket.position.column}"


def _in_brackets(
    line: str, found: str, position: Position, bracket: Opened
) -> tuple[Position, str]:
    closer = _CLOSERS[bracket.bracket]
    if not found:
        return position, f"{_open(bracket)} is never closed; add {closer}"
    if found == ",":
        return position, "a comma with nothing before it; remove it"
    if position.line > bracket.position.line and (found in ":-" or ": " in line):
        return position, (
            f"{_open(bracket)} is not closed before this line, or a comma is missing; "
            f"add {closer} where it ends"
        )
    return position, f"a comma or {closer} is missing before this, for {_open(bracket)}"


def _in_block(
    problem: str, lines: list[str], line: str, position: Position, began: Position
) -> tuple[Position, str]:
    """Explain a mistake outside all brackets: with colons, dashes or indentation."""
    if "expected ':'" in problem:
        key = lines[began.line - 1].strip() if began.line <= len(lines) else ""
        return began, f'"{shortened(key)}" has no colon; it should be key: value'
    before = line[: position.column - 1]
    if "mapping values" in problem or "mapping keys" in problem:
        return _colon(lines, before, position)
    if "sequence entries" in problem:
        return position, "a list that begins with - starts on a line of its own, below its key"
    if "document start" in problem and not before.strip() and position.line > 1:
        return position, _indentation(position)
    if before.strip():
        return position, (
            f'"{shortened(line[position.column - 1 :])}" follows a value that has ended; '
            "put the whole value in quotes, or remove it"
        )
    if line.startswith(":", position.column - 1):
        return position, "a colon without a key before it; it should be key: value"
    if any(word in problem for word in ("block", "document start", "key")):
        return position, _indentation(position)
    return position, "cannot be read from here on; check colons, quotes, brackets and indentation"


def _colon(lines: list[str], before: str, position: Position) -> tuple[Position, str]:
    """Explain a colon that cannot stand here."""
    above = next(
        (
            (number, lines[number - 1])
            for number in range(position.line - 1, 0, -1)
            if lines[number - 1].strip() and not lines[number - 1].lstrip().startswith("#")
        ),
        None,
    )
    if ": " in before:
        return position, (
            "a second colon in one line; put a text with colons in quotes, begin the next key on "
            "a line of its own, or put keys in { }"
        )
    if above is not None and not re.search(r":(\s|$)", above[1]):
        number, text = above
        start = Position(number, len(text) - len(text.lstrip()) + 1)
        key, colon, value = text.strip().lstrip("- ").partition(":")
        if colon:
            right = f"{shortened(key)}: {shortened(value)}"
            return start, f"a colon needs a space after it: {right}"
        return start, f'"{shortened(text)}" has no colon; it should be key: value'
    if above is not None and above[1].split("#")[0].rstrip()[-1:] != ":":
        column = len(before) - len(before.lstrip()) + 1
        return Position(position.line, column), (
            f"is indented deeper than line {above[0]}, whose key has its value already; "
            "begin both in the same column"
        )
    return position, "a colon cannot stand here; put a text with colons in quotes"


def _indentation(position: Position) -> str:
    return (
        f"begins in column {position.column}, where nothing of its kind above it begins; "
        "indent keys, and - items, of one level alike, and do not mix them"
    )
