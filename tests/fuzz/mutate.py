"""Bad files out of good ones, by their structure first and their bytes last."""

import re
import struct
import zlib
from random import Random
from typing import Any

import yaml

from tests.fuzz.corpus import Seed, png_chunks, png_from_chunks
from tests.fuzz.nasty import BYTES, NUMBERS, WORDS

MOST_BYTES = 6 << 20
_TOKENS = re.compile(r"""[\s,:=(){}\[\]"';]+""")


class _Plain(
    yaml.emitter.Emitter,
    yaml.serializer.Serializer,
    yaml.representer.SafeRepresenter,
    yaml.resolver.BaseResolver,
):
    """Writes texts without quotes wherever it can, as people do."""

    def __init__(self, stream: Any, **options: Any) -> None:
        yaml.emitter.Emitter.__init__(self, stream, allow_unicode=True, width=1000)
        yaml.serializer.Serializer.__init__(self)
        yaml.representer.SafeRepresenter.__init__(
            self, default_flow_style=options["default_flow_style"], sort_keys=False
        )
        yaml.resolver.BaseResolver.__init__(self)


def mutated(seed: Seed, others: list[Seed], random: Random) -> bytes:
    """Return a file like a good one, but for what was done to it."""
    data = seed.data
    if seed.kind == "config":
        data = (
            _mutated_yaml(data, random) if random.random() < 0.8 else _mutated_lines(data, random)
        )
    elif seed.ending == ".png":
        data = _mutated_png(data, random)
    else:
        data = _mutated_lines(data, random)
    if random.random() < 0.3:
        for _ in range(random.choice((1, 1, 2, 10))):
            data = _mutated_bytes(data, others, random)
    return data[:MOST_BYTES]


def _nasty(random: Random) -> str:
    return random.choice(NUMBERS if random.random() < 0.5 else WORDS)


# Trees


def _nodes(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    items = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree if isinstance(tree, list) else ())
    )
    for key, child in items:
        found += _nodes(child, (*path, key))
    return found


def _at(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def _nested(random: Random, inner: Any) -> Any:
    for _ in range(random.choice((1, 2, 9, 60))):
        inner = [inner] if random.random() < 0.5 else {random.choice(("a", "time", "<<")): inner}
    return inner


def _mutated_yaml(data: bytes, random: Random) -> bytes:
    tree = yaml.load(data, yaml.BaseLoader)  # texts alone come of it
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        tree = _mutated_tree(tree, random)
    style = random.choice((None, True, False))
    try:
        text = yaml.dump(tree, Dumper=_Plain, default_flow_style=style)
    except (yaml.YAMLError, RecursionError):
        text = yaml.dump(tree, default_flow_style=style)
    return text.encode("utf-8", "surrogatepass")


def _mutated_tree(tree: Any, random: Random) -> Any:
    paths = _nodes(tree)[1:]
    if not paths:
        return tree
    path = random.choice(paths)
    holder, key = _at(tree, path[:-1]), path[-1]
    other = _at(tree, random.choice(paths))
    action = random.randrange(9)
    if action <= 2:
        holder[key] = _nasty(random)
    elif action == 3:
        del holder[key]
    elif action == 4:
        # Twice the same object: an anchor and an alias.
        holder[key] = (
            other
            if other is not holder
            else [other[0] if isinstance(other, list) and other else "x"]
        )
    elif action == 5:
        holder[key] = _nested(random, holder[key])
    elif action == 6 and isinstance(holder, list):
        holder += [holder[key]] * random.choice((1, 2, 1000))
    elif action == 7 and isinstance(holder, dict):
        holder[_nasty(random)] = holder[key]
    elif action == 8 and isinstance(holder, dict):
        others = list(holder)
        first = random.choice(others)
        holder[key], holder[first] = holder[first], holder[key]
    else:
        holder[key] = random.choice(([], {}, [[]], {"": ""}, ["x"] * 2000, "x"))
    return tree if not _has_circle(tree) else _nasty(random)


def _has_circle(tree: Any) -> bool:
    def walk(node: Any, above: set[int]) -> bool:
        if not isinstance(node, dict | list):
            return False
        if id(node) in above:
            return True
        children = node.values() if isinstance(node, dict) else node
        return any(walk(child, above | {id(node)}) for child in children)

    return walk(tree, set())


# Lines and words


def _mutated_lines(data: bytes, random: Random) -> bytes:
    lines = data.decode("utf-8", "replace").split("\n")
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(lines))
        action = random.randrange(9)
        if action <= 3:
            lines[at] = _mutated_line(lines[at], random)
        elif action == 4:
            del lines[at]
            lines = lines or [""]
        elif action == 5:
            other = random.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif action == 6:
            most = MOST_BYTES // (len(lines[at]) + 1) + 1
            lines[at:at] = [lines[at]] * min(most, random.choice((1, 2, 1000, 50_000)))
        elif action == 7:
            lines.insert(at, _nasty(random))
        else:
            opening = random.choice(
                ("{", "[", "(", "a = [", "[a.", "x {\ngradient:", "- ", "a:\n ")
            )
            lines[at] = opening * random.choice((2, 100, 100_000)) + lines[at]
    joint = random.choice(("\n", "\n", "\n", "\r\n", "\r", "\r\r\n", "\u2028", "\\\n"))
    text = joint.join(lines)
    encoding = "utf-16" if random.random() < 0.03 else "utf-8"
    return text.encode(encoding, "surrogatepass")


def _mutated_line(line: str, random: Random) -> str:
    gaps = [match.span() for match in _TOKENS.finditer(line)]
    starts = [0, *(end for _, end in gaps)]
    ends = [*(start for start, _ in gaps), len(line)]
    k = random.randrange(len(starts))
    before, word, after = line[: starts[k]], line[starts[k] : ends[k]], line[ends[k] :]
    action = random.randrange(5)
    if action <= 1:
        word = _nasty(random)
    elif action == 2:
        word = word * random.choice((0, 2, 1000))
    elif action == 3:
        word = random.choice(("-", "+", "e", ".", "'", '"')) + word
    else:
        after = random.choice(("", after * 2, after[::-1], " = " + after, ":" + after))
    return before + word + after


# Bytes


def _mutated_bytes(data: bytes, others: list[Seed], random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    action = random.randrange(6)
    if action == 0 and data:
        at = random.randrange(len(data))
        return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]
    if action == 1:
        return data[:at]
    if action == 2:
        return data[:at] + random.choice(BYTES) * random.choice((1, 2, 100)) + data[at:]
    if action == 3:
        other = random.choice(others).data
        return data[:at] + other[random.randrange(len(other) + 1) :]
    if action == 4:
        end = min(len(data), at + random.choice((1, 10, 100)))
        return data[:end] + data[at:end] * random.choice((1, 3, 500)) + data[end:]
    return data[:at] + random.randbytes(random.choice((1, 4, 50))) + data[at + 4 :]


# Pictures


def _mutated_png(data: bytes, random: Random) -> bytes:
    chunks = png_chunks(data)
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(chunks))
        name, content = chunks[at]
        action = random.randrange(7)
        if action == 0 and len(chunks) > 1:
            del chunks[at]
        elif action == 1:
            chunks.insert(random.randrange(len(chunks) + 1), chunks[at])
        elif action == 2:
            other = random.randrange(len(chunks))
            chunks[at], chunks[other] = chunks[other], chunks[at]
        elif action == 3:
            chunks[0] = b"IHDR", _nasty_header(random)
        elif action == 4:
            bomb = zlib.compress(bytes(random.choice((10, 1_000_000, 30_000_000))))
            kind = random.choice((b"iCCP", b"zTXt", b"iTXt", b"IDAT", b"eXIf", b"fdAT"))
            chunks.insert(at, (kind, b"x\0\0" + bomb if kind != b"IDAT" else bomb))
        elif action == 5:
            kind = random.choice(
                (b"tRNS", b"PLTE", b"gAMA", b"acTL", b"fcTL", b"sRGB", b"pHYs", b"xxxx")
            )
            chunks.insert(at, (kind, random.randbytes(random.choice((0, 1, 4, 26, 768, 3000)))))
        else:
            chunks[at] = name, content[: random.randrange(len(content) + 1)]
    return png_from_chunks(chunks)


def _nasty_header(random: Random) -> bytes:
    sides = (0, 1, 2, 5, 4096, 5000, 13_000, 65_536, 65_537, 1 << 24, (1 << 31) - 1, (1 << 32) - 1)
    return struct.pack(
        ">IIBBBBB",
        random.choice(sides), random.choice(sides), random.choice((0, 1, 2, 4, 8, 16, 32)),
        random.choice((0, 2, 3, 4, 6, 7)), random.choice((0, 0, 1)), 0, random.choice((0, 1)),
    )  # fmt: skip  # the fields
