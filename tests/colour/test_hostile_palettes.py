"""Palette files that were made to do harm: refused in bounded time and memory."""

import contextlib
import io
import os
import socket
import struct
import time
import tracemalloc
import zlib

import pytest
from PIL import Image

from pipeline.colour.palette_files import MOST_FILES, PaletteFileError
from pipeline.config.fault import ConfigError
from pipeline.config.load import load_config
from tests.colour.test_palette_files import GGR, colours_from_file, write


def png(
    columns: int, rows: int, data: bytes, *chunks: tuple[bytes, bytes], indexed: bool = False
) -> bytes:
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3 if indexed else 2, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in parts
    )


def test_pictures_that_are_no_png_or_cost_too_much_are_refused_unread(tmp_path):
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(x) run\n%%EOF\n"
    gif = io.BytesIO()
    Image.new("P", (2, 2)).save(gif, "GIF")
    for data, said in (
        (eps, "no PNG"), (gif.getvalue(), "no PNG"), (b"\xff\xd8\xff\xe0" * 9, "no PNG"),
        (png(13_000, 13_000, b""), "13000×13000"), (png(1 << 31, 1, b""), "2147483648×1 pixels"),
        (png(0, 5, b""), "0×5"), (png(2, 2, b"\0" * 3), "no whole PNG"),
        (png(2, 2, b"\0" * 14)[:-30], "no whole PNG"),
        # More alphas than a palette can have colours.
        (png(2, 1, b"\0" * 3, (b"PLTE", bytes(768)), (b"tRNS", bytes(3000)), indexed=True), "no whole PNG"), (b"\x89PNG\r\n\x1a\n", "no PNG"),
    ):  # fmt: skip  # a file a line
        (tmp_path / "a.png").write_bytes(data)
        with pytest.raises(PaletteFileError, match=said):
            colours_from_file(tmp_path / "a.png")


def test_what_is_packed_beside_a_picture_is_not_unpacked_without_end(tmp_path):
    bomb = zlib.compress(b"\0" * 80_000_000, 9)
    for name in (b"iCCP", b"zTXt"):
        (tmp_path / "a.png").write_bytes(png(2, 1, b"\0" * 7, (name, b"x\0\0" + bomb)))
        tracemalloc.start()
        with contextlib.suppress(PaletteFileError):
            assert colours_from_file(tmp_path / "a.png") == ((0, 0, 0),) * 2
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20_000_000


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("a.ugr", "gradient:"), ("a.ugr", "x{gradient:"), ("a.ugr", "a"), ("a.ugr", "a="),
        ("a.ugr", " "), ("a.ugr", '"'), ("a.ugr", "{"), ("a.ugr", "index=1 "), ("a.ugr", "\\\n"),
        ("a.map", "\n"), ("a.map", "9"), ("a.kfp", "Colors:"), ("a.gpl", "GIMP Palette"),
        ("a.ggr", "GIMP Gradient\n"),
    ],
)  # fmt: skip  # a table
def test_time_grows_with_the_size_alone(tmp_path, name, piece):
    # A pattern that goes back over all that it has read would take minutes for these.
    write(tmp_path, name, piece * ((1 << 20) // len(piece)))
    start = time.process_time()
    with pytest.raises(PaletteFileError):
        colours_from_file(tmp_path / name)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.map", f"{'9' * 5000} 1 1\n1 1 1\n", "line 1"),
        ("a.map", "1 1 1\n-1 1 1\n", "line 2"),
        ("a.map", "0.5 0.5 0.5\n1 1 1\n", "line 1"),
        ("a.map", "\0" * 50, "which no text does"),
        ("a.map", "\x1b[31m 1 1\n", "line 1"),
        ("a.kfr", "Re: 0\nIm: 0\nZoom: 1\n", "holds no colours"),
        ("a.kfp", "Colors: 1,2,3,4\n", "three a colour"),
        ("a.ugr", f"x {{gradient: index=0 color={'9' * 5000} }}", "color=9999"),
        ("a.ugr", f"x {{gradient: index={'9' * 5000} color=1 }}", "index=9999"),
        ("a.ugr", "x {gradient: }", "line 1"),
        ("a.ggr", GGR.replace("0.250000", "nan"), "line 4"),
        ("a.ggr", GGR.replace("0.250000", "inf"), "line 4"),
        ("a.ggr", GGR.replace("0.250000", "1e308"), "line 4"),
        ("a.ggr", GGR.replace("0.000000 0.25", "-1e308 0.25"), "line 4"),
        ("a.ggr", GGR.replace("0.500000 0.75", "0.2 0.75"), "line 5"),
        ("a.map", "1 2 3\n" * 200_000, "1 MiB"),
    ],
)  # fmt: skip  # a file a line
def test_numbers_beyond_all_bounds_are_refused_with_their_place(tmp_path, name, text, said):
    path = write(tmp_path, name, text)
    with pytest.raises(PaletteFileError, match=said) as error:
        colours_from_file(path)
    assert len(str(error.value)) < 400
    assert "\x1b" not in str(error.value)


def test_colours_beyond_what_is_seen_are_taken_to_the_nearest(tmp_path):
    for model in (0, 1, 2):
        line = f"0 0.5 1 -1 -2 -3 1 1e308 1e308 -1e308 1 0 {model}"
        colours = colours_from_file(write(tmp_path, "a.ggr", f"GIMP Gradient\n1\n{line}\n"))
        assert (colours[0], colours[255]) == ((0, 0, 0), (255, 255, 0))


def test_a_palette_that_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.map")
    (tmp_path / "folder.map").mkdir()
    (tmp_path / "device.map").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as there:
        there.bind(str(tmp_path / "socket.map"))
        for name, said in (
            ("pipe.map", "is a pipe"), ("folder.map", "is a folder"), ("device.map", "is a device"),
            ("socket.map", "is a socket"), ("none.map", "No such file"), ("x" * 5000 + ".map", "too long"),
            ("a\0b.map", "no file's name has"), ("\ud800.map", "no file's name has"),
        ):  # fmt: skip  # a file a line
            with pytest.raises(PaletteFileError, match=said) as error:
                colours_from_file(tmp_path / name)
            assert len(str(error.value)) < 400
            str(error.value).encode()


def test_a_config_reads_each_palette_once_and_only_so_many(tmp_path):
    os.mkfifo(tmp_path / "never.map")
    for k in range(MOST_FILES + 1):
        write(tmp_path, f"{k}.map", "1 2 3\n4 5 6\n")
    moments = ", ".join(f"{{time: {k}, palette: {k}.map}}" for k in range(MOST_FILES + 1))
    text = (
        "keyframes: [{time: 0, center: [0, 0], width: 4}]\n"
        f"colour: {{palette: 0.map, keyframes: [{moments}]}}\n"
    )
    with pytest.raises(ConfigError, match=f"a config may name {MOST_FILES}"):
        load_config(write(tmp_path, "zoom.yaml", text))
