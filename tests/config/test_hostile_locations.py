"""Whatever a location's file holds, reading it is over soon, in little memory, by a refusal."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.config.locations.any_format import location_from_file
from pipeline.config.locations.location import number_from
from pipeline.errors import UsageError
from tests.conftest import ROOT

NUMERALS = st.text("0123456789.,eE+-−^*× _nafi@", max_size=30)


@given(NUMERALS)
@example("1e1000000")
@example("1e999999999")
@example("-1e-99999999999999999999")
@example("٣")
@example("nan")
@example("_1")
@example("9" * 100_001)
@example("0." + "9" * 2_000_000)
def test_any_text_is_a_number_within_limits_or_refused(text):
    with contextlib.suppress(UsageError):
        number = number_from(Path("a.kfr"), "Re", text)
        assert number.is_finite()
        assert abs(number.adjusted()) <= 100_000
        assert len(number.as_tuple().digits) <= 100_000


HOSTILE = """
import sys, time
from pathlib import Path
from pipeline.config.locations.any_format import location_from_file
from pipeline.errors import UsageError

def loaded():
    # Not of getrusage, which begins with what the process had that started this one.
    (line,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024

folder = Path(sys.argv[1])
million = 1 << 20
numbers = ["1e1000000", "1e999999999", "-1e-99999999999999999999", "9" * 5000 + "x", "9" * million,
           "0." + "1" * (million - 200), "1" + " " * (million // 2) + "x", "1@999999", "f" * 99999]
bodies = {
    ".kfr": ["Re: {}\\nIm: 0\\nZoom: 1\\n", "Re: 0\\nIm: {}\\nZoom: 1\\n", "Re: 0\\nIm: 0\\nZoom: {}\\n",
             "Re: 0\\nIm: 0\\nZoom: 1\\nIterations: {}\\n", "Re: 0\\nIm: 0\\nZoom: 1\\nRotateAngle: {}\\n",
             "Re: 0\\nIm: 0\\nZoom: 1\\nColors: 0,0,0,1,1,1\\nIterDiv: {}\\n",
             "Re: 0\\nIm: 0\\nZoom: 1\\nColors: {},0,0,1,1,1\\n", "Re: 0\\nIm: 0\\nZoom: 1\\nFractalType: {}\\n",
             "Re: 0\\nIm: 0\\nZoom: 1\\nRotate: {}\\n"],
    ".toml": ["real = '{}'\\nimag = '0'\\nzoom = '1'", "real = '0'\\nimag = '0'\\nzoom = '1'\\niterations = {}",
              "location.zoom = {}", "transform.rotate = '{}'", "real = {}"],
    ".ini": ["[location]\\nreal = {}\\nimag = 0\\nzoom = 1\\n", "[location]\\nreal=0\\nimag=0\\nzoom={}\\n"],
    ".imt": ["Location:\\n\\tRe: {}\\n\\tIm: 0\\n\\tSize: 1\\n", "Location:\\n\\tRe: 0\\n\\tIm: 0\\n\\tSize: {}\\n"],
    ".xpf": ["(view {} 0 1 1)", "(view 0 0 {} 1)", "(angle {})(view 0 0 1 1)", "(bailout {})(view 0 0 1 1)"],
}
texts = [(ending, body.format(number)) for ending, each in bodies.items() for body in each for number in numbers]
texts += [(".toml", text) for text in (
    "real = 0\\nimag = 0\\nzoom = 1\\niterations = " + "9" * 5000, "a = " + "[" * 100_000,
    "a = " + "{a=" * 100_000, "a" + ".a" * (million // 2 - 9) + " = 1", "[a" + ".a" * 19_000 + "]\\nb=1",
    "[location" + ".a" * 19_000 + "]\\nb=1", "".join(f"[a{k}]\\n" for k in range(120_000)),
    "a = [" + "1," * 200_000 + "]", "a = '''" + "\\n" * 100_000, "location = " + "[" * 500 + "]" * 500,
    "real = 0\\nimag = 0\\nzoom = 1\\niterations = 0x" + "f" * 900_000, "real = 0b" + "1" * 900_000,
    "real = 1e400\\nimag = 0\\nzoom = 1e99999999", "real = 0xffff\\nimag = inf\\nzoom = nan")]
texts += [(ending, junk) for ending in bodies for junk in (
    "\\0", "Re: 0\\0", "(" * million, "a:" * 500_000, "a=\\n" * 349_000, '"' * million,
    '"' + "x\\\\" * 300_000, ";" * million, "\\n" * million, " " * million, "[" * million, "#" * million,
    "x" * (million + 1), "\\x1b[31m: 1\\n", "".join(f"k{k}=\\n" for k in range(130_000)))]
before = loaded()
slowest = 0.0
for number, (ending, text) in enumerate(texts):
    path = folder / f"hostile{ending}"
    path.write_text(text)
    began = time.process_time()
    try:
        location_from_file(path)
    except UsageError as error:
        assert str(error).isprintable() and len(str(error)) < 400, str(error)[:400]
    slowest = max(slowest, time.process_time() - began)
print(len(texts), slowest, loaded() - before, before)
"""


@pytest.mark.slow
def test_hostile_files_are_refused_in_bounded_time_and_memory(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", HOSTILE, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    files, slowest, more, before = map(float, done.stdout.split())
    assert files > 200
    assert slowest < 5
    assert more + before < 500


def test_no_file_is_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.kfr")
    (tmp_path / "b.kfr").mkdir()
    for name in ("a.kfr", "b.kfr", "nothing.kfr", "x" * 300 + ".kfr", "a\0.kfr"):
        with pytest.raises(UsageError):
            location_from_file(tmp_path / name)
