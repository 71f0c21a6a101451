"""Cores, memory and disk of this machine, and how much of them is free or in use."""

import ctypes
import math
import os
import resource
import shutil
import sys
from pathlib import Path

PROC = Path("/proc")
"""Linux's folder of processes; other systems have none, and every function here does without."""
_CGROUP = Path("/sys/fs/cgroup")
# asm-generic/mman-common.h, since Linux 5.4; others refuse it, which does no harm.
_MADV_PAGEOUT = 21
# glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def _text(path: Path) -> str:
    """Return the text of a system file; names in it may be in any encoding."""
    return path.read_text("utf-8", errors="replace")


def usable_cores() -> int:
    """Return the number of cores this process may use by affinity and cgroup, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    quota = _cgroup_quota()
    return max(1, min(cores, math.ceil(quota)) if quota else cores)


def _cgroup_quota() -> float | None:
    """Return the cgroup's limit in cores (version 2, then 1), or None without one."""
    try:
        own = _text(PROC / "self/cgroup").strip().rsplit(":", 1)[-1].lstrip("/")
    except OSError:
        return None
    quotas = []
    # The limits of all parent groups apply too.
    for folder in [_CGROUP / own, *(_CGROUP / own).parents]:
        if not folder.is_relative_to(_CGROUP):
            break
        try:
            limit, period = _text(folder / "cpu.max").split()
            if limit != "max":
                quotas.append(int(limit) / int(period))
        except (OSError, ValueError):
            continue
    try:
        limit = _text(_CGROUP / "cpu/cpu.cfs_quota_us")
        period = _text(_CGROUP / "cpu/cpu.cfs_period_us")
        if int(limit) > 0:
            quotas.append(int(limit) / int(period))
    except (OSError, ValueError):
        pass
    return min(quotas, default=None)


def lower_priority(nice: int) -> None:
    """Give this process, and those it starts, at least this niceness.

    A process that has a higher one already, as under the command `nice`, keeps it.
    """
    os.setpriority(os.PRIO_PROCESS, 0, max(nice, os.getpriority(os.PRIO_PROCESS, 0)))


def available_memory_bytes() -> int | None:
    """Return the memory available without swapping; None where the system does not tell."""
    try:
        for line in _text(PROC / "meminfo").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def disk_space(folder: Path) -> tuple[int, int] | None:
    """Return the total and free bytes of the disk where a folder is, or will be made.

    None where the file system does not tell, as some network file systems do not.
    """
    try:
        usage = shutil.disk_usage(_existing(folder))
    except OSError:
        return None
    return (usage.total, usage.free) if usage.total else None


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def memory_of_tree_bytes() -> int:
    """Return the memory of this process and its descendants, shared pages counted once.

    Where the system does not tell, the peak of this process plus that of its largest ended child.
    """
    total = 0
    waiting = [os.getpid()]
    while waiting:
        process = waiting.pop()
        try:
            for line in _text(PROC / f"{process}/smaps_rollup").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
            for task in (PROC / f"{process}/task").iterdir():
                waiting += [int(child) for child in _text(task / "children").split()]
        except OSError:
            # The process has ended meanwhile, or this system has no such files.
            continue
    if total:
        return total
    # In KiB, on a Mac in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    who = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return unit * sum(resource.getrusage(each).ru_maxrss for each in who)


def children_cpu_s() -> float:
    """Return the CPU seconds of the children that have ended, which are encoders."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def encoders_cpu_s() -> float:
    """Return the CPU seconds of the children that encode, both ended and running."""
    total = children_cpu_s()
    ticks = os.sysconf("SC_CLK_TCK")
    try:
        for task in (PROC / "self/task").iterdir():
            for child in _text(task / "children").split():
                stat = _text(PROC / f"{child}/stat")
                name, _, rest = stat.partition("(")[2].rpartition(")")
                if name.startswith("ffmpeg"):
                    user, system = rest.split()[11:13]
                    total += (int(user) + int(system)) / ticks
    except OSError:
        # A process has ended meanwhile, or this system has no such files.
        pass
    return total


def page_out(library: str) -> None:
    """Have the kernel drop the pages of a loaded library; it reads them again when needed."""
    madvise = getattr(ctypes.CDLL(None), "madvise", None)
    try:
        maps = _text(PROC / "self/maps").splitlines()
    except OSError:
        return
    for line in maps:
        if madvise is not None and library in line:
            start, end = (int(address, 16) for address in line.split(maxsplit=1)[0].split("-"))
            madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_PAGEOUT)


def keep_freed_memory(most: int) -> None:
    """Have the C library keep freed blocks of up to `most` bytes, and return larger ones at once.

    Otherwise it adapts: after a block was freed it keeps those of its size, up to 32 MB.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, most)
        mallopt(_M_MMAP_THRESHOLD, most)
        # Otherwise each thread has its own heap, and keeps what it freed there.
        mallopt(_M_ARENA_MAX, 1)
