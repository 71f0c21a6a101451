"""Damage on disk is noticed at every byte, and never believed."""

import json
import os
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.counts import codec_counts as counts_packing
from pipeline.counts.block_check import fault_of
from pipeline.counts.chunk_bytes import compressed, decompressed
from pipeline.counts.codec_counts import counts_from_packed, packed_from_counts
from pipeline.counts.codec_traces import traces_from_packed
from pipeline.counts.compute import count_chunks
from pipeline.counts.orbits.orbit import Orbit
from pipeline.counts.orbits.tables import References, _loaded
from pipeline.counts.store import Store
from pipeline.counts.stored_grid import StoredGrid
from pipeline.drawing.arena import ArenaMap
from pipeline.drawing.texture.paint import paint
from pipeline.errors import DamagedError, NotStoredError
from pipeline.kernels.results import Counts, Outcome, Traces
from pipeline.kernels.tracing import Tracing
from pipeline.system.state_file import read_state, write_state
from pipeline.video.encoder import Encoder
from pipeline.video.ffmpeg import count_frames, join
from pipeline.video.segment_checksum import is_whole
from tests.counts.orbits.test_orbit import TARGET
from tests.counts.test_store import grid, packed
from tests.video.test_video import encoding_of, picture


@pytest.fixture(scope="module", autouse=True)
def _unflushed():
    """Nothing here is about power cuts, and thousands of files are written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def flipped(data: bytes, position: int, rng: random.Random) -> bytes:
    changed = bytearray(data)
    changed[position] ^= 1 << rng.randrange(8)
    return bytes(changed)


def flips(data: bytes):
    """Yield copies with one bit flipped, one in each byte."""
    rng = random.Random(len(data))
    return (flipped(data, position, rng) for position in range(len(data)))


def flips_in(path: Path, most: int = 1 << 30):
    """Flip a bit of each byte of a file, or of so many, one after the other; yield while it is."""
    size = path.stat().st_size
    rng = random.Random(size)
    with path.open("r+b", buffering=0) as file:
        for position in sorted(rng.sample(range(size), min(most, size))):
            (byte,) = os.pread(file.fileno(), 1, position)
            os.pwrite(file.fileno(), bytes([byte ^ 1 << rng.randrange(8)]), position)
            yield position
            os.pwrite(file.fileno(), bytes([byte]), position)


# Segments


@pytest.mark.parametrize(("codec", "most"), [("h264", 1 << 30), ("prores", 300), ("ffv1", 300)])
def test_a_flipped_bit_anywhere_in_a_segment_is_noticed(tmp_path, codec, most):
    of = encoding_of(codec=codec)
    path = tmp_path / f"segment{of.segment_ending}"
    encoder = Encoder(of, lambda _: None)
    for level in (50, 60, 70):
        encoder.put(path, level, picture(of, level), level == 70)
    encoder.finish()
    assert is_whole(path)
    data = path.read_bytes()
    for position in flips_in(path, most):
        assert not is_whole(path), position
    # With the checksum's own bytes, each of them.
    for position in range(len(data) - 24, len(data)):
        path.write_bytes(flipped(data, position, random.Random(position)))
        assert not is_whole(path)
    for spoiled in (b"", data[:-1], data[:-24], data[: len(data) // 2], data + b"x"):
        path.write_bytes(spoiled)
        assert not is_whole(path)
    path.unlink()
    assert not is_whole(path)


@pytest.mark.parametrize("codec", ["h264", "prores", "ffv1"])
def test_the_checksum_of_a_segment_does_not_get_into_the_video(tmp_path, codec):
    of = encoding_of(codec=codec)
    path = tmp_path / f"segment{of.segment_ending}"
    encoder = Encoder(of, lambda _: None)
    for level in (50, 60):
        encoder.put(path, level, picture(of, level), level == 60)
    encoder.finish()
    join([path, path], tmp_path / "with", of)
    assert count_frames(tmp_path / "with") == 4
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"crc32 ") - (2 if codec == "ffv1" else 8)])
    join([path, path], tmp_path / "without", of)
    assert (tmp_path / "with").read_bytes() == (tmp_path / "without").read_bytes()


# Small state


def test_a_flipped_bit_anywhere_in_small_state_is_noticed(tmp_path):
    path = tmp_path / "state.json"
    facts = {"key": "abc", "knots": [["0", 1000], ["1/3", 2000]], "low": -0.25, "none": None}
    write_state(path, facts)
    assert read_state(path, lambda said: said) == facts
    # People and other programs read it as JSON.
    assert json.loads(path.read_text())["knots"] == facts["knots"]
    data = path.read_bytes()
    for spoiled in (
        *flips(data),
        b"",
        data[:-1],
        data[:9],
        data + b"\n",
        data.decode().encode("utf-16"),
    ):
        path.write_bytes(spoiled)
        with pytest.raises(DamagedError):
            read_state(path, lambda said: said)
    path.unlink()
    with pytest.raises(NotStoredError):
        read_state(path, lambda said: said)


@pytest.mark.parametrize("body", [b"[1]", b"7", b"null", b'"text"', b"{", b"[" * 100_000, b"\xff"])
def test_what_is_no_object_is_damaged_however_well_checksummed(tmp_path, body):
    path = tmp_path / "state.json"
    path.write_bytes(b'{"crc32": "' + f"{zlib.crc32(body):08x}".encode() + b'",\n' + body)
    with pytest.raises(DamagedError):
        read_state(path, lambda said: said["key"])


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([-1, 2**31, 2**63, 10**400])
    | st.floats()
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def orbit(tmp_path_factory):
    orbit = Orbit(tmp_path_factory.mktemp("orbit"), TARGET)
    orbit.extend(500, 1e9)
    return orbit


def test_a_flipped_bit_anywhere_in_an_orbit_is_noticed(orbit):
    whole = orbit.state()
    assert whole.steps == 500
    for path in (orbit.state_file, orbit.values_file):
        for position in flips_in(path):
            assert orbit.state().steps == 0, (path, position)
    assert orbit.state() == whole


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_state_that_cannot_be_is_never_believed_and_never_crashes(orbit, data):
    """Though its checksum is right: of another program, or of a fault of this one."""
    facts = json.loads(orbit.state_file.read_text())
    before = orbit.state_file.read_bytes()
    del facts["crc32"]
    name = data.draw(st.sampled_from(sorted(facts)))
    was, facts[name] = facts[name], data.draw(anything)
    try:
        write_state(orbit.state_file, facts)
        state = orbit.state()
    finally:
        orbit.state_file.write_bytes(before)
    if facts[name] != was and name in ("version", "key", "steps", "checksum", "last"):
        assert state.steps == 0
    assert state.suffices(0)


def test_an_orbit_of_the_version_before_is_taken_as_it_is(tmp_path):
    orbit = Orbit(tmp_path, TARGET)
    state = orbit.extend(800, 1e9)
    facts = json.loads(orbit.state_file.read_text())
    del facts["crc32"], facts["margins"]
    facts["version"] = 2
    facts["cpu_s"] = 1234.5
    orbit.state_file.write_text(json.dumps(facts))
    assert orbit.state().steps == 800
    whole = Orbit(tmp_path / "whole", TARGET)
    whole.extend(2000, 1e9)
    assert orbit.extend(2000, 1e9).cpu_s >= 1234.5
    assert orbit.values_file.read_bytes() == whole.values_file.read_bytes()
    assert state.steps == 800


def test_a_table_that_is_not_what_was_written_is_built_again(tmp_path):
    references = References(tmp_path / "orbits", tmp_path / "tables")
    references.orbit(TARGET).extend(500, 1e9)
    _, whole = references.loaded(TARGET, 500, -30, -40)
    (path,) = (tmp_path / "tables").glob("*.table")
    nodes, data = np.array(whole.nodes), path.read_bytes()
    some = [flipped(data, at, random.Random(at)) for at in range(0, len(data), len(data) // 20)]
    for spoiled in (*some, data[:-1], b"", data + b"x"):
        path.write_bytes(spoiled)
        # As another process, which has none mapped.
        _loaded.cache_clear()
        _, again = references.loaded(TARGET, 500, -30, -40)
        np.testing.assert_array_equal(again.nodes, nodes)
        assert path.read_bytes() == data


# Counts


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_counts_whose_header_cannot_be_are_damaged_whatever_it_says(tmp_path_factory, data):
    of = grid(64, 40)
    store = Store(tmp_path_factory.mktemp("counts"))
    chunks = packed(of)
    store.save(of, chunks, 0, 0)
    path = store.path(of)
    whole = path.read_bytes()
    start = whole.index(b"\n") + 9
    (length,) = struct.unpack("<I", whole[start - 8 : start - 4])
    facts = json.loads(whole[start : start + length])
    name = data.draw(st.sampled_from(["key", "maxiter", "unresolved", "chunk_rows", "chunks"]))
    was = facts.pop(name)
    if data.draw(st.booleans()):
        facts[name] = data.draw(anything | st.lists(st.tuples(anything, anything), max_size=2))
    header = json.dumps(facts).encode()
    path.write_bytes(
        whole[: start - 8]
        + struct.pack("<II", len(header), zlib.crc32(header))
        + header
        + b"".join(chunks)
    )
    if name == "unresolved" and type(facts.get(name)) is int and 0 <= facts[name] <= of.samples:
        return
    if facts.get(name) != was or type(facts[name]) is not type(was):
        assert not store.is_whole(of)


def counts_of(n, smooth, outcome) -> Counts:
    return Counts(np.array(n, np.int32), np.array(smooth, float), np.array(outcome, np.uint8), 0)


IMPOSSIBLE = {
    "escaped at maxiter": counts_of([200, 3], [201, 4], [0, 0]),
    "negative": counts_of([-1, 3], [1, 4], [0, 0]),
    "open before maxiter": counts_of([199, 3], [np.nan, 4], [Outcome.UNRESOLVED, 0]),
    "interior before maxiter": counts_of([7, 3], [np.nan, 4], [Outcome.INTERIOR, 0]),
    "far below its count": counts_of([150, 3], [-1000, 4], [0, 0]),
}


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_counts_that_cannot_be_are_refused(monkeypatch, what, compiled):
    monkeypatch.setattr(counts_packing, "HAVE_NUMBA", compiled)
    chunk = packed_from_counts(IMPOSSIBLE[what], 1, 2)
    with pytest.raises(ValueError, match="1 of 2 counts cannot be"):
        counts_from_packed(chunk, 1, 2, 200)


def test_an_outcome_that_is_none_is_refused():
    part = np.array([-(2**30) - 2, 0], np.int32)
    n = np.array([200, 0], np.int32)
    folded = [(values << 1) ^ (values >> 31) for values in (n - [0, 200], part - [0, part[0]])]
    planes = b"".join(v.astype("<i4").reshape(-1, 1).view(np.uint8).T.tobytes() for v in folded)
    with pytest.raises(ValueError, match="cannot be"):
        counts_from_packed(compressed(planes), 1, 2, 200)


def test_traces_that_cannot_be_are_refused():
    rows = np.zeros((5, 1, 2), np.int16)
    for plane, value in ((0, 30721), (0, -30721), (1, -1), (3, 1025), (4, 30000)):
        planes = rows.copy()
        planes[plane, 0, 1] = value
        folded = (planes << 1) ^ (planes >> 15)
        chunk = compressed(folded.reshape(-1, 1).view(np.uint8).T.tobytes())
        with pytest.raises(ValueError, match="cannot be"):
            traces_from_packed(chunk, 1, 2)
    assert isinstance(traces_from_packed(compressed(bytes(20)), 1, 2), Traces)


# Zstandard's frame header (RFC 8878): a content size of eight bytes, here of 3 GB.
BOMB = b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", 3 << 30) + b"\x01\x00\x00"


def test_a_frame_that_names_gigabytes_is_refused_by_its_header():
    with pytest.raises(ValueError, match="names 3221225472 bytes, a chunk has 800"):
        decompressed(BOMB, 800)
    # Nor what goes on behind its end.
    with pytest.raises(ValueError, match="unused data"):
        decompressed(compressed(bytes(800)) + b"x", 800)


def test_samples_left_open_that_the_header_does_not_tell_of_are_found(tmp_path):
    of = grid(64, 40, maxiter=20)
    store = Store(tmp_path)
    store.save(of, packed(of), 0, 0)
    higher = grid(64, 40, maxiter=50)
    assert store.holds(higher)
    with (
        StoredGrid.open(store.path(higher), higher) as stored,
        pytest.raises(DamagedError, match="unresolved samples"),
    ):
        stored.smooth_rows(0, 40)
    assert not store.is_whole(higher)


def test_what_is_missing_but_counts_is_not_taken_for_lost_counts(tmp_path):
    """As where the system has no /proc: nobody could ever make it good."""
    nowhere = ArenaMap(str(tmp_path / "none"), 1, 10_000)
    with pytest.raises(FileNotFoundError, match="none"):
        paint(None, None, nowhere)


# Row blocks


def test_a_block_that_cannot_be_right_is_told():
    of = grid(640, 120)
    assert of.chunks > 2
    block = count_chunks(of, 0, 2)
    traced = of.traced(Tracing())
    trace_block = count_chunks(traced, 0, 2)
    for right, about in ((block, of), (trace_block, traced)):
        assert fault_of(right, about, 0, 2) is None
        assert fault_of(right, about, 0, 2, thorough=True) is None
        assert "chunks" in fault_of(right, about, 0, 3)
    assert "instead of a row block" in fault_of(None, of, 0, 2)
    assert fault_of(trace_block, of, 0, 2) is not None

    def spoiled(**changes):
        facts = {name: getattr(block, name) for name in block.__slots__}
        return fault_of(type(block)(**{**facts, **changes}), of, 0, 2, True)

    wrong = packed_from_counts(
        counts_of([10**6] * 640 * 51, [10**6] * 640 * 51, [0] * 640 * 51), 51, 640
    )
    for changes, about in (
        ({"chunks": [block.chunks[0], b"x"]}, "frame"),
        ({"chunks": [block.chunks[0], BOMB]}, "instead of"),
        ({"chunks": [block.chunks[0], None]}, ""),
        ({"chunks": 7}, ""),
        ({"chunks": [wrong, block.chunks[1]]}, "counts cannot be"),
        ({"unresolved": block.unresolved + 1}, "said to be"),
        ({"unresolved": -1}, "number"),
        ({"computed": 10**9}, "number"),
        ({"iterations": "many"}, "number"),
        ({"chunk_cpu_s": [0.1, float("nan")]}, "number"),
    ):
        assert about in spoiled(**changes), changes
