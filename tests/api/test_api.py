"""The Python interface: what a user's program imports, with real workers and real files."""

import signal
import subprocess
import sys
from decimal import Decimal

import imageio.v3 as iio
import numpy as np
import pytest

import pipeline as mz
from tests.conftest import ROOT

pytest.importorskip("numba")

CENTER = ("-0.743643887037158704752", "0.131825904205311970493")
# The antenna's tip, where all sizes look alike: any depth is at hand.
DEEP = ("0", "1"), "1e-40"


def yaml_of(view, *lines):
    columns, rows = view.size
    re, im = view.center
    return "\n".join([
        f"video: {{width: {columns}, height: {rows}}}",
        "render: {workers: 2}",
        *lines,
        f'keyframes: [{{time: 0, center: ["{re}", "{im}"], width: "{view.width}", '
        f'rotation: "{view.rotation}"}}]\n',
    ])  # fmt: skip  # a line each


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    with mz.Session(tmp_path_factory.mktemp("api") / "cache", workers=2) as session:
        yield session


@pytest.mark.parametrize(
    ("center", "width", "rotation"), [(CENTER, "1e-3", 30), (*DEEP, 0)], ids=["float64", "deep"]
)
def test_counts_and_picture_are_those_of_the_still_command(cli, session, center, width, rotation):
    view = mz.View(center, width, size=(64, 36), rotation=rotation)
    config = cli.config(yaml_of(view, "maxiter: 900", "colour: {palette: ember, light: {}}"), "one")
    cli.done("still", config, "--raw", cli.folder / "raw.npz")
    raw = np.load(cli.folder / "raw.npz")
    counts = session.counts(view, 900)
    assert np.array_equal(counts.n, raw["n"])
    assert np.array_equal(counts.outcome, raw["outcome"])
    # Stored in steps of 1/4096.
    np.testing.assert_allclose(counts.smooth, raw["smooth"], rtol=0, atol=0.5 / 4096)
    picture = session.picture(view, mz.load_config(config).look, 900)
    assert np.array_equal(picture, iio.imread(cli.output / "one.png"))


def test_what_is_left_out_is_chosen_as_a_config_chooses_it(cli, session):
    view = mz.View(CENTER, 1e-3, size=(64, 36))
    config = cli.config(yaml_of(view, "maxiter: auto", "colour: {scale: histogram}"), "auto")
    cli.done("still", config, "--raw", cli.folder / "raw.npz")
    counts = session.counts(view)
    assert counts.maxiter == np.load(cli.folder / "raw.npz")["maxiter"]
    assert set(np.unique(counts.outcome)) <= {outcome.value for outcome in mz.Outcome}
    picture = session.picture(view, mz.load_config(config).look)
    assert np.array_equal(picture, iio.imread(cli.output / "auto.png"))
    assert not np.array_equal(picture, session.picture(view))


def test_stored_counts_are_read_without_a_worker(tmp_path):
    view = mz.View((-0.75, 0), 3.5, size=(40, 30))
    with mz.Session(tmp_path / "cache") as first:
        counts = first.counts(view, maxiter=200)
        assert counts.n.shape == (30, 40)
    with mz.Session(tmp_path / "cache") as again:
        stored = again.counts(view, maxiter=200)
        assert np.array_equal(stored.n, counts.n)
        # A smaller maxiter is among them.
        assert np.array_equal(again.counts(view, maxiter=50).n, np.minimum(counts.n, 50))
        assert again._session._pool._executor is None


def test_a_video_is_rendered_where_it_is_asked_for(cli, session):
    view = mz.View(CENTER, "1e-2", size=(32, 32))
    config = mz.load_config(cli.config(yaml_of(view, "maxiter: 100"), "one"))
    assert session.render(config) == session.folder / "one.mp4"
    assert session.render(config, cli.output) == cli.output / "one.mp4"
    assert (cli.output / "one.mp4").read_bytes() == (session.folder / "one.mp4").read_bytes()
    # It goes on with a pool of its own.
    assert session.counts(view, 100).n.max() == 100


def test_after_an_interruption_nothing_of_it_comes_back(session, tmp_path):
    # Beside the parabolic point -3/4, where orbits take millions of steps.
    slow = mz.View(("-0.75", "1e-8"), "1e-8", size=(640, 360))
    view = mz.View(CENTER, "1e-3", size=(640, 360))

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1.0)
        with pytest.raises(KeyboardInterrupt):
            session.counts(slow, 50_000_000)
    finally:
        signal.signal(signal.SIGALRM, before)
    with mz.Session(tmp_path / "other", workers=1) as other:
        expected = other.counts(view, 300).n
    assert np.array_equal(session.counts(view, 300).n, expected)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        ((("-0.7",), 1), {}, TypeError, r"center: \('-0.7',\) should be two numbers"),
        ((("a", 0), 1), {}, ValueError, r'center\[0\]: "a" is not a number'),
        (((0, 1001), 1), {}, ValueError, r"center\[1\]: 1001 is out of range"),
        (((0, float("nan")), 1), {}, ValueError, r'center\[1\]: "nan" is not a number'),
        (((0, 0), 0), {}, ValueError, "width: 0 is out of range"),
        (((0, 0), None), {}, TypeError, "width: None should be a number"),
        (((0, 0), 1), {"size": (640, 0)}, ValueError, r"size\[1\]: 0 is out of range"),
        (((0, 0), 1), {"size": (64.5, 9)}, ValueError, r"size\[0\]: 64.5 is not whole"),
        (((0, 0), 1), {"size": 64}, TypeError, "size: 64 should be two whole numbers"),
        (((0, 0), 1), {"rotation": True}, TypeError, "rotation: True should be a number"),
    ],
)  # fmt: skip  # one a line
def test_a_view_that_is_none_is_refused(arguments, options, error, words):
    with pytest.raises(error, match=words):
        mz.View(*arguments, **options)


def test_a_view_keeps_every_digit():
    view = mz.View(CENTER, "1e-400", size=(4, 3))
    assert view.center == tuple(map(Decimal, CENTER))
    assert view.width == Decimal("1e-400")
    assert mz.View(0.1 + 0.2j, np.float64(0.1)) == mz.View(("0.1", "0.2"), "0.1")


def test_other_arguments_are_refused_in_plain_words(session, tmp_path):
    view = mz.View((0, 0), 1, size=(4, 3))
    with pytest.raises(ValueError, match="maxiter: 0 is out of range"):
        session.counts(view, 0)
    with pytest.raises(TypeError, match="view: 'here' should be a View"):
        session.counts("here")
    with pytest.raises(ValueError, match=r'quality: "god" is not known, .* did you mean "good"'):
        session.picture(view, quality="god")
    with pytest.raises(TypeError, match="look: 'ember' should be a Look"):
        session.picture(view, "ember")
    with pytest.raises(TypeError, match=r"config: 'a\.yaml' should be what load_config"):
        session.render("a.yaml")
    with pytest.raises(ValueError, match="workers: 0 is out of range"):
        mz.Session(tmp_path, workers=0)
    with pytest.raises(TypeError, match="folder: None should be a path"):
        mz.Session(None)
    with pytest.raises(mz.errors.PipelineError, match="there is no such file"):
        mz.load_config(tmp_path / "none.yaml")


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    with (
        mz.Session(tmp_path / "photos") as session,
        pytest.raises(mz.errors.UsageError, match=r"holds cat\.jpg, which was not made here"),
    ):
        session.counts(mz.View((0, 0), 1, size=(4, 3)), 10)


def test_a_script_needs_no_guard_against_its_own_workers(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "print('begins', flush=True)\n"
        "import pipeline as mz\n"
        "session = mz.Session('cache', workers=2)\n"
        "print(session.counts(mz.View((-2, 0), 1, size=(8, 6)), 50).n.sum())\n"
    )
    result = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True,
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}, timeout=300,
    )  # fmt: skip  # one call
    assert result.returncode == 0, result.stderr
    assert result.stdout.split()[0] == "begins"
    assert result.stdout.count("begins") == 1
    assert "Traceback" not in result.stderr


def test_importing_the_package_imports_nothing_else():
    code = (
        "import sys, pipeline\n"
        "assert 'numpy' not in sys.modules and 'pydantic' not in sys.modules\n"
        "assert sorted(pipeline.__all__) == dir(pipeline)\n"
        "assert all(hasattr(pipeline, name) for name in pipeline.__all__)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_places_of_a_view_are_found_with_all_their_digits():
    view = mz.View(("-1.76", "0"), "0.05")
    nucleus = mz.find_nucleus(view)
    assert isinstance(nucleus, mz.Nucleus)
    assert nucleus.period == 3
    assert abs(nucleus.center[0] - Decimal("-1.75487766624669276004950889635852869")) < 1e-17
    tip = mz.find_misiurewicz(mz.View((-2, 0), 0.01))
    assert isinstance(tip, mz.Misiurewicz)
    assert (tip.preperiod, tip.period, round(tip.shrink, 6)) == (2, 1, 4.0)
    assert mz.find_nucleus(mz.View((1, 1), 0.1)) is None
    with pytest.raises(TypeError, match="should be a View"):
        mz.find_nucleus(CENTER)
