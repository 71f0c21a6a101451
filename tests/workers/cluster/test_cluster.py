"""The same render on a Dask cluster: real schedulers and workers, the same bytes, whatever dies."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from pipeline.workers.cluster.remote_task import prune
from tests.clusters import DaskCluster
from tests.conftest import ROOT, SMALL, Cli
from tests.processes import LONGER, report, started

# Long enough for workers to come and go.
BUSY = LONGER.replace("workers: 2", "workers: 2, quality: best")
DEEP = """\
video: {width: 96, height: 54, fps: 10}
maxiter: 20000
render: {workers: 2}
keyframes:
  - time: 0
    center: &there ["-1.75981713080484781361082501056179823824480381", "-0.01259331079974986538374663184326485845065"]
    width: 1e-13
  - time: 2
    center: *there
    width: 1e-20
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with DaskCluster(tmp_path_factory.mktemp("cluster"), workers=2) as cluster:
        yield cluster


@pytest.fixture
def own_cluster(tmp_path_factory):
    with DaskCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Return the video and the counts of a config as this machine alone makes them."""

    def made(text: str, name: str = "small") -> tuple[bytes, dict[str, bytes]]:
        cli = Cli(tmp_path_factory.mktemp("alone"))
        cli.done("zoom", cli.config(text, name))
        return made_by(cli, name)

    known: dict[str, tuple[bytes, dict[str, bytes]]] = {}
    return lambda text: known[text] if text in known else known.setdefault(text, made(text))


def made_by(cli: Cli, name: str = "small") -> tuple[bytes, dict[str, bytes]]:
    counts = cli.output / name / "counts"
    return (
        (cli.output / f"{name}.mp4").read_bytes(),
        {path.name: path.read_bytes() for path in counts.iterdir()},
    )


@pytest.mark.parametrize(
    "text", [pytest.param(SMALL, marks=pytest.mark.slow), DEEP], ids=["float64", "deep"]
)
def test_a_cluster_makes_the_same_bytes(cli, cluster, alone, text):
    cli.done("zoom", cli.config(text), "--scheduler", cluster.address)
    assert made_by(cli) == alone(text)
    (machine,) = report(cli)["machines"]
    assert machine["workers"] == 2
    assert machine["blocks"] >= 8
    assert machine["received_bytes"] > 0.5 * sum(map(len, made_by(cli)[1].values()))
    assert report(cli)["retried"] == []


@pytest.mark.slow
def test_an_orbit_reaches_a_machine_once(cli, own_cluster, alone):
    own_cluster.add_worker("one")
    own_cluster.add_worker("one")
    own_cluster.add_worker("two", threads=2)
    cli.done("zoom", cli.config(DEEP), "--scheduler", own_cluster.address)
    (orbit,) = (cli.output / "small" / "references").iterdir()
    size = sum(path.stat().st_size for path in orbit.iterdir())
    sent = [machine["sent_bytes"] for machine in report(cli)["machines"]]
    assert sorted(sent)[-1] == size
    assert sum(sent) in (size, 2 * size)
    # Another run finds it there.
    again = Cli(cli.folder / "again")
    again.folder.mkdir()
    again.done("zoom", again.config(DEEP), "--scheduler", own_cluster.address)
    assert made_by(again) == alone(DEEP)
    for machine in report(again)["machines"]:
        assert machine["sent_bytes"] in (0, size if len(set(sent)) > 1 else 0)


@pytest.mark.slow
def test_what_is_stored_travels_with_a_block(cli, cluster, alone):
    """More maxiter computes what was open, and a light no count, from counts stored here."""
    lower = SMALL.replace("maxiter: 500", "maxiter: 100")
    higher = SMALL + "colour: {light: {azimuth: 135}}\n"
    config = cli.config(lower)
    cli.done("zoom", config, "--scheduler", cluster.address)
    first = report(cli)["pixels_computed"]
    cli.config(SMALL)
    cli.done("zoom", config, "--scheduler", cluster.address)
    assert 0 < report(cli)["pixels_computed"] < first / 2
    assert report(cli)["machines"][0]["sent_bytes"] > 1000
    cli.config(higher)
    cli.done("zoom", config, "--scheduler", cluster.address)
    assert report(cli)["pixels_computed"] == 0
    assert report(cli)["pixels_traced"] > 0
    # Its counts were made in two goes, which their files tell.
    assert made_by(cli)[0] == alone(higher)[0]


@pytest.mark.slow
def test_a_lost_worker_costs_nothing_but_its_blocks(cli, own_cluster, alone):
    lost = own_cluster.add_worker("one")
    own_cluster.add_worker("two")
    process = started(cli, cli.config(LONGER), 2, "--scheduler", own_cluster.address)
    own_cluster.kill(lost)
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert "is gone; its blocks go to others" in said
    assert made_by(cli) == alone(LONGER)
    assert report(cli)["retried"] == ["1 workers of the cluster lost"]
    assert sum(machine["lost"] for machine in report(cli)["machines"]) == 1


# What a worker with bad memory may send: Dask runs it before any of our functions.
BAD_MEMORY = """
from dataclasses import replace
from pipeline.counts.chunk_bytes import compressed, size_named
from pipeline.workers import row_block
# Dask runs it twice.
row_block.right = getattr(row_block, "right", row_block.count_chunks)
def wrong(*arguments):
    block = row_block.right(*arguments)
    return replace(block, chunks=[compressed(bytes([255]) * size_named(c)) for c in block.chunks])
row_block.count_chunks = wrong
"""


@pytest.mark.slow
def test_a_worker_that_sends_what_cannot_be_changes_no_byte_and_is_left_out(
    cli, own_cluster, alone
):
    bad = own_cluster.folder / "bad_memory.py"
    bad.write_text(BAD_MEMORY)
    own_cluster.add_worker("one", options=("--preload", str(bad)))
    own_cluster.add_worker("two")
    result = cli.run("zoom", cli.config(BUSY), "--scheduler", own_cluster.address)
    assert result.returncode == 0, result.stderr
    assert "sent what cannot be" in result.stderr
    assert "left out: look at its memory" in result.stderr
    assert made_by(cli) == alone(BUSY)
    (line,) = report(cli)["retried"]
    assert int(line.removesuffix(" blocks of the cluster that could not be right")) >= 3


@pytest.mark.slow
def test_a_new_worker_is_used_at_once(cli, own_cluster, alone):
    own_cluster.add_worker("one")
    process = started(cli, cli.config(BUSY), 1, "--scheduler", own_cluster.address)
    own_cluster.add_worker("two")
    # One that comes later and is of another version is left out, and stops nobody.
    own_cluster.add_worker("three", PYTHONPATH=another_version(own_cluster.folder))
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert "counts, too" in said
    assert "left out: the worker" in said
    assert "has version 9.9." in said
    assert made_by(cli) == alone(BUSY)
    blocks = [machine["blocks"] for machine in report(cli)["machines"]]
    assert len(blocks) == 2
    assert min(blocks) > 0


@pytest.mark.slow
def test_a_scheduler_that_comes_back_is_used_again(cli, own_cluster, alone):
    own_cluster.add_worker("one")
    process = started(cli, cli.config(BUSY), 3, "--scheduler", own_cluster.address)
    own_cluster.kill(own_cluster.scheduler)
    own_cluster.restart_scheduler()
    own_cluster.add_worker("two")
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert "is lost; waiting up to 30 s for it" in said
    assert "is back" in said
    assert made_by(cli) == alone(BUSY)


@pytest.mark.slow
def test_a_run_whose_scheduler_is_gone_stops_and_goes_on_here(cli, own_cluster, alone):
    own_cluster.add_worker("one")
    config = cli.config(BUSY)
    process = started(cli, config, 3, "--scheduler", own_cluster.address)
    own_cluster.kill(own_cluster.scheduler)
    _, said = process.communicate(timeout=200)
    assert process.returncode == 1
    assert "Traceback" not in said
    assert "run the same command, or with render.engine: local" in said
    assert report(cli)["outcome"].startswith("stopped")
    stored = len(list((cli.output / "small" / "counts").iterdir()))
    assert stored >= 3
    cli.done("zoom", config)
    assert made_by(cli) == alone(BUSY)
    assert report(cli)["pixels_reused"] > 0


@pytest.mark.slow
def test_a_machine_that_stands_still_holds_nobody_up(cli, own_cluster, alone):
    """As without power: nothing closes its connections, and Dask notices after minutes."""
    still = own_cluster.add_worker("one")
    process = started(cli, cli.config(BUSY), 2, "--scheduler", own_cluster.address)
    own_cluster.add_worker("two")
    still.send_signal(signal.SIGSTOP)
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert made_by(cli) == alone(BUSY)


def another_version(folder):
    """Return where a copy of this package lies that calls itself another version."""
    other = folder / "other"
    shutil.copytree(
        ROOT / "pipeline", other / "pipeline", ignore=shutil.ignore_patterns("__pycache__")
    )
    init = other / "pipeline" / "__init__.py"
    init.write_text(init.read_text().replace('__version__ = "', '__version__ = "9.9.'))
    return str(other)


def test_another_version_is_refused_with_both_named(cli, own_cluster):
    own_cluster.add_worker("one", PYTHONPATH=another_version(own_cluster.folder))
    result = cli.run("zoom", cli.config(), "--scheduler", own_cluster.address)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "has version 9.9." in result.stderr
    assert "and this machine 0." in result.stderr
    assert not list((cli.output / "small" / "counts").iterdir())


@pytest.mark.slow
def test_certificates_are_passed_through_and_stay_secret(cli, tmp_path_factory, alone):
    folder = tmp_path_factory.mktemp("secure")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=a",
         "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip  # one command
    files = [
        f"--tls-{option}={folder / name}.pem"
        for option, name in (("ca-file", "cert"), ("cert", "cert"), ("key", "key"))
    ]
    text = SMALL.replace(
        "workers: 2",
        f"workers: 2, security: {{ca: {folder}/cert.pem, certificate: {folder}/cert.pem, key: {folder}/key.pem}}",
    )
    with DaskCluster(folder, *files, protocol="tls") as cluster:
        cluster.add_worker()
        assert cluster.address.startswith("tls://")
        cli.done("zoom", cli.config(text), "--scheduler", cluster.address)
        assert made_by(cli) == alone(SMALL)
    for path in (cli.output / "small").rglob("*"):
        if path.suffix in (".json", ".txt", ".html"):
            assert "PRIVATE" not in path.read_text()
            assert "key.pem" not in path.read_text()


@pytest.mark.slow
def test_a_local_cluster_needs_no_scheduler(cli, alone):
    text = SMALL.replace("workers: 2", "workers: 2, engine: dask, scheduler: local-cluster")
    cli.done("zoom", cli.config(text))
    assert made_by(cli) == alone(SMALL)
    # Its workers are no encoders.
    assert report(cli)["stages"]["encode"]["cpu_s"] < report(cli)["wall_s"]


@pytest.mark.slow
def test_ctrl_c_leaves_the_cluster_and_says_how_to_go_on(cli, cluster, alone):
    config = cli.config(LONGER)
    process = started(cli, config, 3, "--scheduler", cluster.address)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command carries on" in said
    cli.done("zoom", config, "--scheduler", cluster.address)
    assert made_by(cli) == alone(LONGER)


def test_the_oldest_orbits_make_room(tmp_path):
    for number in range(4):
        folder = tmp_path / f"orbit-{number}"
        folder.mkdir()
        (folder / "values").write_bytes(bytes(1000))
        os.utime(folder, (number, number))
    prune(tmp_path, tmp_path / "orbit-0", 2500)
    assert {path.name for path in tmp_path.iterdir()} == {"orbit-0", "orbit-3"}
    prune(tmp_path, tmp_path / "orbit-0", 10)
    assert {path.name for path in tmp_path.iterdir()} == {"orbit-0"}


def test_without_dask_it_says_what_installs_it(cli):
    # As on a machine where it was never installed.
    script = "import sys, importlib.util as u; find = u.find_spec\n" + (
        "u.find_spec = lambda name, *a: None if name == 'distributed' else find(name, *a)\n"
        f"from pipeline.cli.main import main; sys.exit(main({cli.arguments('zoom', cli.config())[3:]!r}"
        " + ['--scheduler', 'local-cluster']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "make setup-dask" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_address_on_the_command_line_is_checked(cli):
    result = cli.run("zoom", cli.config(), "--scheduler", "pi0")
    assert result.returncode == 2
    assert "should be like tcp://pi0:8786" in result.stderr


@pytest.mark.slow
def test_the_page_and_the_plan_tell_of_the_cluster(cli, cluster, alone):
    config = cli.config(
        SMALL.replace("workers: 2", f"engine: dask, scheduler: '{cluster.address}'")
    )
    assert f"{cluster.address} counts, too" in cli.done("plan", config)
    said = cli.done("zoom", config)
    assert made_by(cli) == alone(SMALL)
    (machine,) = report(cli)["machines"]
    assert f"row blocks by machine: {machine['machine']} {machine['blocks']}" in said
    page = (cli.output / "small" / "index.html").read_text()
    assert "<h2>Machines</h2>" in page
    assert f"<td>{machine['blocks']}<div" in page
    assert (
        json.loads((cli.output / "small" / "report.json").read_text())["config"]["render"]["engine"]
        == f"dask {cluster.address}"
    )


@pytest.mark.slow
def test_an_export_counts_on_the_cluster_and_a_missing_one_is_told(cli):
    text = SMALL.replace("1e-6", "1e-1").replace("workers: 2", "workers: 2, reuse: bands")
    cli.done("export", cli.config(text))
    alone = {path.name: path.read_bytes() for path in (cli.output / "small-exr").iterdir()}
    local = text.replace("reuse: bands", "reuse: bands, engine: dask, scheduler: local-cluster")
    cli.done("export", cli.config(local, "local"))
    assert {path.name: path.read_bytes() for path in (cli.output / "local-exr").iterdir()} == alone
    missing = cli.run(
        "export", cli.config(local.replace("local-cluster", "'tcp://127.0.0.1:9'"), "no")
    )
    assert missing.returncode == 1
    assert "tcp://127.0.0.1:9: no scheduler answers" in missing.stderr
