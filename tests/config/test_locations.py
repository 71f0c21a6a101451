"""Locations of other programs show what their program shows, pixel by pixel, or are refused.

Each program's way from a pixel to its point is written here once more, from its source, and the
counts of that are compared with those of the config that `import` writes.
"""

import json
import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from pipeline.cli.main import main
from pipeline.config.load import load_config
from pipeline.config.locations.any_format import location_from_file
from pipeline.config.locations.location import number_from
from pipeline.counts.compute import counts_of_rows
from pipeline.errors import UsageError
from pipeline.timeline.frames import FrameList

CASES = Path(__file__).parents[1] / "golden" / "imports"
EXPECTED = json.loads((CASES / "expected.json").read_text())
COLUMNS, ROWS = EXPECTED["size"]
# A place beside the cusp, unlike its mirror image; zoomed so that float64 is plenty.
RE, IM, ZOOM, MAXITER, ANGLE = 0.2759, 0.0068, 400, 500, 25


def counts_of_import(source: Path, folder: Path) -> np.ndarray:
    """Return the counts of the picture that a file becomes, through the config it is written to."""
    config = folder / "made.yaml"
    assert main(["import", str(source), str(config), "--still"]) == 0
    text = config.read_text().replace(
        "width: 1280, height: 720", f"width: {COLUMNS}, height: {ROWS}"
    )
    config.write_text(text)
    grid = FrameList(load_config(config))[0].grid(1)
    return counts_of_rows(grid, 0, ROWS).n.reshape(ROWS, COLUMNS)


def counts_at(points: np.ndarray, maxiter: int = MAXITER) -> np.ndarray:
    """Return the article's counts, in plain complex numbers."""
    n = np.full(points.shape, maxiter)
    z = points.copy()
    for k in range(maxiter):
        out = (np.abs(z) > 2) & (n == maxiter)
        n[out] = k
        z = np.where(n == maxiter, z * z + points, 0)
    return n


def pixels() -> tuple[np.ndarray, np.ndarray]:
    """Return how far right of the middle, and how far below it, each pixel lies."""
    right, below = np.meshgrid(np.arange(COLUMNS) + 0.5, np.arange(ROWS) + 0.5)
    return right - COLUMNS / 2, below - ROWS / 2


def kalles_fraktaler(up: bool, degrees: float) -> np.ndarray:
    """GetPixelCoordinates, v counted down; up, as Fraktaler 3's from_kfr_string has it."""
    u, v = pixels()
    turn = np.exp(1j * math.radians(degrees))
    return complex(RE, IM) + (u + (-1j if up else 1j) * v) * turn * (4 / ZOOM / ROWS)


def old_kalles_fraktaler(radians: float) -> np.ndarray:
    """fraktal_sft.cpp of 2.12: dbD0r = mr + C x + S y, dbD0i = mi - S x + C y."""
    u, v = pixels()
    c, s = math.cos(radians), math.sin(radians)
    return complex(RE, IM) + ((c * u + s * v) + 1j * (c * v - s * u)) * (4 / ZOOM / ROWS)


def rust_fractal(degrees: float) -> np.ndarray:
    """renderer.rs: i cos - j sin, i sin + j cos, j counted down."""
    i, j = pixels()
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return complex(RE, IM) + ((i * c - j * s) + 1j * (i * s + j * c)) * (4 / ZOOM / ROWS)


def fraktaler(reflect: bool, degrees: float) -> np.ndarray:
    """matrix.h and hybrid.cc: K (u, v), K = R(sign rotate) G; rows are saved the last first."""
    u, below = pixels()
    v = -below
    sign = -1 if reflect else 1
    r = math.radians(sign * degrees)
    x = math.cos(r) * u - math.sin(r) * sign * v
    y = math.sin(r) * u + math.cos(r) * sign * v
    return complex(RE, IM) + (x + 1j * y) * (4 / ZOOM / ROWS)


def deep_drill() -> np.ndarray:
    """DrillMap.cpp: centre + (x - W/2, y - H/2) pixelDelta, y counted down."""
    x, y = pixels()
    return complex(RE, IM) + (x + 1j * y) * (4 / ZOOM / ROWS)


def imagina(half_height: float) -> np.ndarray:
    """PixelManager.cpp: y is counted up, and the texture's first row is the lowest."""
    x, below = pixels()
    return complex(RE, IM) + (x - 1j * below) * (2 * half_height / ROWS)


def xaos(degrees: float, across: float, down: float) -> np.ndarray:
    """fractal.cpp: the centre is turned (my_rotate), then each pixel turned back (rotateback)."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    middle = complex(RE * c - IM * s, RE * s + IM * c)
    width = max(across, down * COLUMNS / ROWS)
    u, v = pixels()
    x, y = middle.real + u * width / COLUMNS, middle.imag + v * width / COLUMNS
    return (x * c + y * s) + 1j * (-x * s + y * c)


def hexadecimal(number: float, digits: int = 14) -> str:
    whole = int(number * 16**digits)
    return f"{whole >> (4 * digits):x}.{whole % 16**digits:0{digits}x}"


KFR = f"Re: {RE}\r\nIm: {IM}\r\nZoom: {ZOOM}\r\nIterations: {MAXITER}\r\n"
RUST = f'real = "{RE}"\nimag = "{IM}"\nzoom = "{ZOOM}E0"\niterations = {MAXITER}\n'
F3 = f"""program = "fraktaler-3"
location.real = \"\"\"
{str(RE)[:4]}\\
{str(RE)[4:]}\"\"\"
location.imag = "{IM}"
location.zoom = "{ZOOM}"
bailout.iterations = {MAXITER}
"""
F3_TABLES = f"""# by hand
[location]
real = "{RE}"  # the cusp
imag = "{IM}"
zoom = {ZOOM}.0
[bailout]
iterations = {MAXITER}
[transform]
reflect = true
rotate = {ANGLE}
[[formula]]
power = 2
[[formula]]
opcodes = "sqr add"
"""
INI = f'[location]\nreal = {RE} ; the cusp\nimag = "{IM}"  # a comment\nzoom = {ZOOM}\nDepth = {MAXITER}\n'
IMT = (
    f"Formula: Mandelbrot\nLocation: \n\tRe: {hexadecimal(RE)}\n\tIm: {hexadecimal(IM)}\n"
    f"\tSize: {hexadecimal(2 / ZOOM * 16**3)}@-3\n\tIterations: {MAXITER}\n"
)
XPF = f"(initstate)\n(formula 'mandel)\n(angle {ANGLE})\n(maxiter {MAXITER})\n"


@pytest.mark.parametrize(
    ("name", "text", "points"),
    [
        ("down.kfr", KFR, kalles_fraktaler(False, 0)),
        ("down.kfr", f"{KFR}RotateAngle: {ANGLE}\r\n", kalles_fraktaler(False, ANGLE)),
        ("up.kfr", f"{KFR}ImagPointsUp: 1\r\n", kalles_fraktaler(True, 0)),
        ("up.kfr", f"{KFR}ImagPointsUp: 1\r\nRotateAngle: {ANGLE}\r\n", kalles_fraktaler(True, ANGLE)),
        ("equals.kfr", KFR.replace(": ", " = "), kalles_fraktaler(False, 0)),
        ("old.kfr", f"{KFR}Rotate: 0.5\r\nRatio: 360.000000\r\n", old_kalles_fraktaler(0.5)),
        ("a.toml", RUST, rust_fractal(0)),
        ("a.toml", f"{RUST}rotate = {ANGLE}.0\n", rust_fractal(ANGLE)),
        ("a.f3.toml", F3, fraktaler(False, 0)),
        ("a.f3.toml", f"{F3}transform.rotate = {ANGLE}\n", fraktaler(False, ANGLE)),
        ("a.toml", F3_TABLES, fraktaler(True, ANGLE)),
        ("a.ini", INI, deep_drill()),
        ("a.imt", IMT, imagina(2 / ZOOM)),
        ("a.xpf", f"{XPF}(view {RE} {IM} 0.01 0.01)\n", xaos(ANGLE, 0.01, 0.01)),
        ("wide.xpf", f"{XPF}(view {RE} {IM} 0.01 0.001)\n", xaos(ANGLE, 0.01, 0.001)),
        ("plain.xpf", f"(view {RE} {IM} 1E-2 1E-2)(maxiter {MAXITER})", xaos(0, 0.01, 0.01)),
    ],
)  # fmt: skip
def test_every_pixel_counts_what_its_program_would_show_there(tmp_path, name, text, points):
    source = tmp_path / name
    source.write_bytes(text.encode())
    counts = counts_of_import(source, tmp_path)
    truth = counts_at(points)
    assert len(np.unique(truth)) > 20
    # Roundings differ: a few points at the boundary may.
    assert np.mean(counts == truth) > 0.999
    assert np.mean(counts[::-1] == truth) < 0.9


@pytest.mark.parametrize("name", list(EXPECTED["counts at row,column"]))
def test_counts_are_right_at_pixels(tmp_path, name):
    counts = counts_of_import(CASES / name, tmp_path)
    expected = EXPECTED["counts at row,column"][name]
    found = {place: int(counts[tuple(map(int, place.split(",")))]) for place in expected}
    assert found == expected


def test_a_location_of_fraktaler_3_is_read(tmp_path):
    location = location_from_file(CASES / "fraktaler-3.toml")
    assert location.center == (Decimal("0.352465816656845732"), Decimal("0.392188990843255425"))
    assert (location.zoom, location.maxiter, location.rotation) == (Decimal("4194302.1"), 2000, 0)
    (tmp_path / "all-defaults.toml").write_text('program = "fraktaler-3"\nversion = "3.1"\n')
    plain = location_from_file(tmp_path / "all-defaults.toml")
    assert (plain.center, plain.zoom, plain.maxiter) == ((0, 0), 1, 1024)


OTHERS = [
    *(
        ("a.kfr", KFR + line, line.partition(":")[0])
        for line in (
            "FractalType: 1", "FractalType: 53", "Power: 3", "UseHybridFormula: 1\r\nHybridFormula: 0",
            "SeedR: 0.1", "SeedI: -1e-3", "StretchAmount: 1.5\r\nStretchAngle: 20", "Ratio: 180",
            "ExponentialMap: 1", "JuliaR: 0.3", "RotateAngle: x", "SkewX: 2",
            "BailoutRadiusCustom: 1.5\r\nBailoutRadiusPreset: 3",
        )
    ),
    *(
        ("a.toml", f"{RUST}{line}\n", line.partition(" ")[0])
        for line in ('fractal_type = "burningship"', "fractal_power = 3", "julia_real = 0.1")
    ),
    *(
        ("a.toml", f"{F3}{line}\n", key)
        for line, key in (
            ("transform.stretch_amount = 3.5", "transform.stretch_amount"),
            ("transform.exponential_map = true", "transform.exponential_map"),
            ("transform.vertical_flip = true", "transform.vertical_flip"),
            ("transform.skew = 1", "transform.skew"),
            ("bailout.escape_radius = 1.5", "bailout.escape_radius"),
            ("[[formula]]\npower = 3", "formula.power"),
            ("[[formula]]\n[[formula]]\nabs_y = true", "formula.abs_y"),
            ('[[formula]]\nopcodes = "sqr store sqr mul add"', "formula.opcodes"),
            ("[[formula]]\nseed = 1", "formula.seed"),
            ("formula = 3", "formula"),
        )
    ),
    *(
        ("a.ini", INI + line, key)
        for line, key in (
            ("julia = yes", "julia"), ("0-10:imag = 1", "0-10:imag"), ("escape = 1", "escape"),
        )
    ),
    ("a.imt", IMT.replace("Mandelbrot", "Burning ship"), "Formula"),
    ("a.imt", IMT.replace("Mandelbrot", "z^3 + c"), "Formula"),
    *(
        ("a.xpf", f"{XPF}{line}(view {RE} {IM} 0.01 0.01)", key)
        for line, key in (
            ("(julia #t)", "julia"), ("(fastjulia #t)", "fastjulia"), ("(plane 1)", "plane"),
            ("(perturbation 0 0.1)", "perturbation"), ("(formula 'mandel3)", "formula"),
            ("(formula 'user)(usrform \"z^2+c+(1)\")", "formula"), ("(bailout 2)", "bailout"),
            ("(filter 'threed #t)", "filter threed"), ("(filter 'stereogram #t)", "filter stereogram"),
            ("(load \"other.xpf\")", "load"), ("(morphview 0 0 1 1)", "morphview"),
            ("(invert #t)", "invert"),
        )
    ),
    *(
        (name, (CASES / name).read_text(), key)
        for name, key in (
            ("kf-burning-ship.kfr", "FractalType"), ("kf-power-3.kfr", "Power"),
            ("kf-stretched.kfr", "StretchAmount"), ("xaos-plane-3.xpf", "plane"),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "key"), OTHERS)
def test_what_draws_something_else_is_refused_with_its_key(tmp_path, capsys, name, text, key):
    source = tmp_path / name
    source.write_text(text)
    assert main(["import", str(source), str(tmp_path / "made.yaml")]) == 2
    assert f"{source}: {key}: " in capsys.readouterr().err
    assert not (tmp_path / "made.yaml").exists()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.kfr", f"{KFR}ThreadsPerCore: 2\r\nNewKey: 1\r\nOther: x\r\n", "left out: NewKey, Other"),
        ("a.toml", f"{RUST}new_key = 1\n", "left out: new_key"),
        ("a.toml", f"{F3}colour.shader = 'x'\nimage.width = 9\nrender.new = 1\n", "render.new"),
        ("a.ini", f"{INI}[newsection]\njulia = 1\n[gpu]\ncolorizer = x\n", "[newsection]"),
        ("a.xpf", f"{XPF}(new 1)(cycling #t)(view {RE} {IM} 1 1)", "left out: new"),
        ("a.xpf", f"{XPF}(filter 'edge #t)(incoloring 4)(view {RE} {IM} 1 1)", "incoloring, filter edge"),
        ("a.kfr", KFR.replace(str(MAXITER), "99999999999"), "maxiter: auto"),
    ],
)  # fmt: skip
def test_what_changes_no_point_is_told_and_left_out(tmp_path, capsys, name, text, said):
    source = tmp_path / name
    source.write_text(text)
    assert main(["import", str(source), str(tmp_path / "made.yaml")]) == 0
    assert said in capsys.readouterr().err
    assert said in (tmp_path / "made.yaml").read_text()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.kfr", "Re: 0\nIm: 0\n", "has no Zoom"),
        ("a.kfr", "Im: 0\nZoom: 1\n", "has no Re"),
        ("a.kfr", "Re:\nIm: 0\nZoom: 1\n", "Re: has no value"),
        ("a.kfr", "Re: x\nIm: 0\nZoom: 1\n", 'Re: "x" is not a number'),
        ("a.kfr", "Re: 0\nIm: 0\nZoom: -1\n", "Zoom: should be above 0"),
        ("a.kfr", "Re: 0\nIm: 0\nZoom: 1e-9\n", "Zoom: is out of range"),
        ("a.kfr", "Re: 12345\nIm: 0\nZoom: 1\n", "Re: is out of range"),
        ("a.kfr", "Re: 0\nRe: 1\nIm: 0\nZoom: 1\n", "Re: stands twice"),
        ("a.kfr", "Re: 0\nIm: 0\nZoom: 1\nIterations: 0\n", "Iterations: 0 should be 1 or more"),
        ("a.kfr", "Re: 0\nIm: 0\nZoom: 1,234\n", "Zoom: 1,234 has a comma"),
        ("a.toml", "real = \n", "is not TOML: line 1"),
        ("a.toml", "a = 1\n", "neither the keys"),
        ("a.ini", "[other]\nreal = 0\n", "[location]"),
        ("a.ini", "real = 0\n", "has no section"),
        ("a.xpf", "(formula 'mandel)\n", "view: should be"),
        ("a.xpf", "(view 0 0 1)\n", "view: should be"),
        ("a.imt", "Re: 0\nIm: 0\nHalfH: 1\n", "has no block Location"),
        ("a.imt", IMT.replace("\tSize", "\tWidth"), "has no Location.Size"),
        ("a.im", "\xff", "has no block Location"),
        ("a.kfb", "", "save a .kfr"),
        ("a.xaf", "", "animation"),
        ("a.txt", "", ".kfr, .toml"),
    ],
)
def test_what_is_missing_or_wrong_is_told(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=r"^[^:]*a\.") as caught:
        location_from_file(tmp_path / name)
    assert said in str(caught.value)


def test_a_binary_file_of_imagina_is_refused_as_such(tmp_path):
    (tmp_path / "a.im").write_bytes(bytes.fromhex("ff494d50560d0a00") + bytes(1 << 21))
    with pytest.raises(UsageError, match="binary file of Imagina"):
        location_from_file(tmp_path / "a.im")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_any_encoding_and_line_end_of_windows_is_read(tmp_path, encoding, ends):
    text = ("﻿" if encoding == "utf-16-be" else "") + f"{KFR}TextureFile: Jürgen.png\r\n"
    (tmp_path / "a.kfr").write_bytes(text.replace("\r\n", ends).encode(encoding) + b"")
    location = location_from_file(tmp_path / "a.kfr")
    assert location.center == (Decimal(str(RE)), -Decimal(str(IM)))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("−0.75", "-0.75"), ("+.5", "0.5"), (" 0,2759 ", "0.2759"), ("0,275", "0.275"),
        ("1.5*^-30", "1.5e-30"), ("1.5 × 10^-30", "1.5e-30"), ("1.5e+10", "1.5e10"),
        ("0.25 5", "0.255"), ('"7"', "7"), ("1E4", "1e4"), ("-5.", "-5"), ("1e-0000000000005", "1e-5"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text, number):
    assert number_from(Path("a"), "Re", text) == Decimal(number)
