"""The shared pool: real processes, really killed."""

import mmap
import os
import signal
import threading
import time
from multiprocessing import forkserver
from pathlib import Path

import pytest

from pipeline.errors import RenderError
from pipeline.system.machine import memory_of_tree_bytes, usable_cores
from pipeline.workers.pool import Task
from pipeline.workers.processes import ProcessPool


def double(number):
    return 2 * number


def double_but_die_once(number, marker):
    path = Path(marker)
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def large_but_die_once_while_sending(marker, delay_s):
    path = Path(marker)
    if not path.exists():
        path.touch()
        threading.Timer(delay_s, os.kill, (os.getpid(), signal.SIGKILL)).start()
    return bytes(200_000_000)


def who():
    return os.getpid()


def fail():
    raise ValueError("a fault of the task's own")


def starve():
    return bytearray(1 << 62)


def starve_once(marker):
    path = Path(marker)
    if not path.exists():
        path.touch()
        starve()
    return "fed"


def all_results(pool, tasks):
    return {task.tag: result for task, result in pool.results(tasks)}


def test_every_task_comes_back_once():
    with ProcessPool(2) as pool:
        tasks = [Task("double", double, (k,), k) for k in range(50)]
        assert all_results(pool, tasks) == {k: 2 * k for k in range(50)}


def test_a_killed_worker_costs_only_its_tasks(tmp_path):
    with ProcessPool(2) as pool:
        tasks = [Task("double", double, (k,), k) for k in range(20)]
        tasks.insert(7, Task("dies", double_but_die_once, (100, str(tmp_path / "dead")), 100))
        results = all_results(pool, tasks)
        assert results == {**{k: 2 * k for k in range(20)}, 100: 200}
        assert pool.deaths == 1


@pytest.mark.parametrize(
    "delay_s",
    [
        0.16,
        *(pytest.param(delay_s, marks=pytest.mark.slow) for delay_s in (0.05, 0.08, 0.12, 0.2)),
    ],
)
def test_a_worker_killed_while_it_sends_its_result_stops_nothing(tmp_path, delay_s):
    with ProcessPool(2) as pool:
        marker = str(tmp_path / "dead")
        tasks = [Task("double", double, (k,), k) for k in range(6)]
        sends = Task("sends", large_but_die_once_while_sending, (marker, delay_s), "large")
        results = all_results(pool, [*tasks[:3], sends, *tasks[3:]])
        assert len(results.pop("large")) == 200_000_000
        assert results == {k: 2 * k for k in range(6)}


def test_closing_does_not_wait_for_a_result_that_is_half_sent(tmp_path):
    for delay_s in (0.05, 0.1, 0.15):
        pool = ProcessPool(1)
        marker = tmp_path / "alive"
        marker.touch()
        pool.submit(Task("sends", large_but_die_once_while_sending, (str(marker), 0)))
        pool.finished(delay_s)
        pool.close(kill=True)


def server_of_workers() -> int:
    """Return the process that workers are forked from."""
    return forkserver._forkserver._forkserver_pid


# Every day it is killed twice, in the test below.
@pytest.mark.slow
def test_a_killed_server_of_workers_is_started_again():
    with ProcessPool(2) as pool:
        assert all_results(pool, [Task("double", double, (4,), 0)]) == {0: 8}
    os.kill(server_of_workers(), signal.SIGKILL)
    with ProcessPool(2) as pool:
        tasks = [Task("double", double, (k,), k) for k in range(6)]
        assert all_results(pool, tasks) == {k: 2 * k for k in range(6)}


def test_a_server_of_workers_killed_while_it_starts_is_started_again():
    """Its preloading takes a second: within that the kill must not end the run."""
    with ProcessPool(2) as pool:
        assert all_results(pool, [Task("double", double, (4,), 0)]) == {0: 8}
    first = server_of_workers()
    os.kill(first, signal.SIGKILL)

    def kill_the_next():
        while (server := server_of_workers()) in (first, None):
            time.sleep(0.001)
        os.kill(server, signal.SIGKILL)

    killer = threading.Thread(target=kill_the_next)
    killer.start()
    with ProcessPool(2) as pool:
        tasks = [Task("double", double, (k,), k) for k in range(6)]
        assert all_results(pool, tasks) == {k: 2 * k for k in range(6)}
        assert pool.deaths >= 1
    killer.join()


def test_a_task_that_kills_every_worker_is_named_and_the_others_are_not_blamed():
    with ProcessPool(2) as pool:
        tasks = [Task("double", double, (k,), k) for k in range(6)]
        tasks.insert(2, Task("frame 7, rows 20 to 40", die, ()))
        with pytest.raises(RenderError, match="frame 7, rows 20 to 40: every worker"):
            all_results(pool, tasks)


def test_a_task_that_finds_no_memory_goes_again_and_is_named_in_the_end(tmp_path):
    with ProcessPool(2) as pool:
        tasks = [Task("double", double, (k,), k) for k in range(6)]
        tasks.insert(2, Task("once", starve_once, (str(tmp_path / "marker"),), "once"))
        assert all_results(pool, tasks)["once"] == "fed"
        assert (pool.starved, pool.deaths) == (1, 0)
        with pytest.raises(RenderError, match=r"greedy: every worker .* ran out of memory"):
            all_results(pool, [Task("greedy", starve, ())])


def test_a_task_s_own_error_comes_to_the_caller():
    with ProcessPool(1) as pool, pytest.raises(ValueError, match="own"):
        all_results(pool, [Task("fails", fail, ())])


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    # A parent of its own, so that it can be killed.
    import subprocess
    import sys

    script = tmp_path / "parent.py"
    script.write_text(
        "import time\n"
        "from pipeline.workers.processes import ProcessPool\n"
        "from pipeline.workers.pool import Task\n"
        "from tests.workers.test_pool import who\n"
        "if __name__ == '__main__':\n"
        "    pool = ProcessPool(1)\n"
        "    pool.submit(Task('who', who, ()))\n"
        "    print(pool.finished(60)[0][1], flush=True)\n"
        "    time.sleep(600)\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as parent:  # fmt: skip  # one call
        worker = int(parent.stdout.readline())
        os.kill(worker, 0)
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                os.kill(worker, 0)
            except ProcessLookupError:
                return
            if "State:\tZ" in Path(f"/proc/{worker}/status").read_text():
                return
            time.sleep(0.05)
    pytest.fail("the worker lives on")


def test_cores_and_memory_are_what_this_process_may_use():
    assert 1 <= usable_cores() <= len(os.sched_getaffinity(0))
    before = memory_of_tree_bytes()
    # Memory that is certainly new: an allocator may have as much at hand.
    with mmap.mmap(-1, 50_000_000) as ballast:
        for page in range(0, len(ballast), mmap.PAGESIZE):
            ballast[page] = 1
        assert memory_of_tree_bytes() - before > 40_000_000
