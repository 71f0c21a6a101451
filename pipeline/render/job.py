"""A render: what is missing of a video is found, made and joined."""

import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.config.load import Config
from pipeline.counts.orbits.orbit_state import spent_cpu_s
from pipeline.counts.orbits.tables import References
from pipeline.counts.sample_grid import SampleGrid
from pipeline.errors import (
    DamagedError,
    EncoderError,
    NotStoredError,
    OrbitError,
    RenderError,
    os_error_text,
)
from pipeline.monitor.events import (
    Began,
    Done,
    Ended,
    Finished,
    Listener,
    Listeners,
    OrbitAdvanced,
    OrbitsComputed,
    Prepared,
    Retried,
    Said,
    Started,
    Stopped,
    Warned,
)
from pipeline.monitor.report import Report
from pipeline.monitor.run_progress import RunProgress
from pipeline.monitor.status_writer import StatusWriter
from pipeline.plan.estimate import check_free_disk, check_room
from pipeline.plan.outputs import Outputs
from pipeline.plan.work_plan import WorkPlan
from pipeline.prepare.dead_end_search import dead_ends
from pipeline.prepare.reference_orbits import compute_orbits, described, steps_wanted
from pipeline.prepare.survey import estimated
from pipeline.render.join import drop_damaged, join, make_sound
from pipeline.render.loop import encode_missing
from pipeline.render.rehearsal import rehearse
from pipeline.session import Session
from pipeline.system.checksums import crc32_of
from pipeline.system.invocation import command_for
from pipeline.system.machine import children_cpu_s, keep_freed_memory
from pipeline.system.state_file import read_state, whole_number, write_state
from pipeline.system.terminal import say
from pipeline.timeline.too_fast import too_fast
from pipeline.units import duration
from pipeline.video.ffmpeg import count_frames
from pipeline.workers.pool import SharedPool

_TRIES = 3
# Freed memory that this process keeps: what workers send is megabytes at a time, and soon written.
_KEPT_BYTES = 64 << 10
_LARGEST_CRC = (1 << 32) - 1


def render_video(
    config: Config,
    outputs: Outputs,
    report: Report,
    stored_only: bool = False,
    workers: int | None = None,
    listeners: Iterable[Listener] = (),
) -> None:
    """Make what is missing of a config's video.

    Parameters
    ----------
    report
        Filled on the way.
    stored_only
        Whether nothing is computed: the video is made from stored counts, or not at all.
    workers
        Processes of this machine, if not as the config says.
    listeners
        Sent all events, besides the progress on the terminal and the status page.

    Raises
    ------
    ConfigError
        A keyframe is out of reach.
    RenderError
        Something failed; what was finished is on disk.
    """
    start = time.monotonic()
    keep_freed_memory(_KEPT_BYTES)
    with (
        outputs.locked(outputs.video),
        Session(outputs, config, workers=workers, say=report.say_again) as session,
    ):
        orbits_before_s = spent_cpu_s(outputs.orbits)
        progress = RunProgress(outputs.log)
        send = Listeners(report.hear, progress.hear, *listeners)
        try:
            rehearse(config, outputs)
            report.workers = session.workers
            send.add(StatusWriter(session.resolved, session.frames, outputs, report).hear)
            _render(session, report, send, stored_only)
            report.outcome = "finished"
        except BaseException as error:
            report.outcome = f"stopped: {type(error).__name__}: {error}"
            send(Stopped(str(error) or type(error).__name__))
            raise
        finally:
            report.wall_s = time.monotonic() - start
            # Less than before if an orbit was damaged, and begun again.
            spent = spent_cpu_s(outputs.orbits) - orbits_before_s
            report.stages["reference"].cpu_s = max(0.0, spent)
            report.write(outputs.report)
        send(Finished())


def _render(session: Session, report: Report, send: Listener, stored_only: bool) -> None:
    config, frames, outputs = session.resolved, session.frames, session.outputs
    report.frames = len(frames)
    if frames.auto_maxiter is not None:
        report.maxiter = [(float(at), limit) for at, limit in frames.auto_maxiter.knots]
    work_plan = WorkPlan.of(config, frames, outputs)
    _describe(work_plan, report)
    if config.keep == "nothing" and _is_made(work_plan, outputs, send):
        report.pixels_reused = work_plan.samples
        return
    work_plan = _make_and_join(work_plan, session, report, send, stored_only)
    report.pixels_reused = max(0, work_plan.samples - report.pixels_computed)
    _tidy(work_plan, outputs)


def _make_and_join(
    work_plan: WorkPlan,
    session: Session,
    report: Report,
    send: Listener,
    stored_only: bool,
) -> WorkPlan:
    """Make what is missing, and join it; return the work plan of the last try.

    There are several tries, as ffmpeg may be killed, and files turn out to be damaged.
    """
    outputs = session.outputs
    # First of all: what cannot be decoded is told before anything is computed.
    make_sound(work_plan.sound, send)
    for tried in range(1, _TRIES + 1):
        if stored_only and work_plan.missing:
            raise RenderError(_lacking(work_plan))
        try:
            if work_plan.missing_segments:
                with session.attempt():
                    _make(work_plan, session, report, send)
        except (EncoderError, OrbitError) as error:
            check_free_disk(outputs)
            if tried == _TRIES:
                raise
            send(Retried(str(error)))
        else:
            damaged = drop_damaged(work_plan.segments, send)
            if not damaged:
                make_sound(work_plan.sound, send)
                join(work_plan, outputs, send)
                break
            if tried == _TRIES:
                raise RenderError(f"{damaged[0].path}: comes back damaged; check the disk")
        work_plan = WorkPlan.of(work_plan.config, work_plan.frames, outputs)
    return work_plan


def _lacking(work_plan: WorkPlan) -> str:
    """Return what is not stored, for people."""
    kinds = zip(work_plan.lacking(), ("counts", "traces"), strict=True)
    lacking = " and ".join(f"{n / 1e6:.1f} million {name}" for n, name in kinds if n)
    config = work_plan.config.path
    return f"{config}: {lacking} are not stored; {command_for('zoom', config)} computes them"


def _is_made(work_plan: WorkPlan, outputs: Outputs, send: Listener) -> bool:
    """Tell whether the video is made, with `keep: nothing`: by the note beside it."""
    names = _names(work_plan)
    try:
        said, checksum = read_state(outputs.made_of, _made_of)
    except NotStoredError:
        return False
    except DamagedError as error:
        if _is_made_before_checksums(work_plan, outputs):
            _note_made(work_plan, outputs)
            return True
        send(Retried(f"{error}; the video is made again"))
        return False
    if said != names or not outputs.video.exists():
        return False
    if crc32_of(outputs.video) != checksum:
        send(Retried(f"{outputs.video}: is not what was written; it is made again"))
        return False
    return True


def _made_of(facts: Any) -> tuple[list[str], int]:
    """Return the names of segments and the video's checksum from its note."""
    return facts["segments"], whole_number(facts["video_crc32"], 0, _LARGEST_CRC)


def _is_made_before_checksums(work_plan: WorkPlan, outputs: Outputs) -> bool:
    """Tell whether the video is made, by the note of an older version, without checksums."""
    noted = "".join(f"{name}\n" for name in _names(work_plan)).encode()
    try:
        found = outputs.made_of.read_bytes()
    except OSError:
        return False
    return (
        found == noted
        and outputs.video.exists()
        and count_frames(outputs.video) == len(work_plan.frames)
    )


def _note_made(work_plan: WorkPlan, outputs: Outputs) -> None:
    facts = {"segments": _names(work_plan), "video_crc32": crc32_of(outputs.video)}
    write_state(outputs.made_of, facts)


def _names(work_plan: WorkPlan) -> list[str]:
    """Return the names of all that the video is joined from: digests of what that depends on."""
    return [path.name for path in _joined(work_plan)]


def _joined(work_plan: WorkPlan) -> list[Path]:
    """Return the files that the video is joined from."""
    sound = [] if work_plan.sound is None else [work_plan.sound.path]
    return [*(segment.path for segment in work_plan.segments), *sound]


def _tidy(work_plan: WorkPlan, outputs: Outputs) -> None:
    """Remove what `keep` does not keep beside a finished video."""
    keep = work_plan.config.keep
    known = set(_joined(work_plan)) if keep != "nothing" else set()
    if keep == "nothing":
        _note_made(work_plan, outputs)
        outputs.dead_ends.unlink(missing_ok=True)
        shutil.rmtree(outputs.orbits, ignore_errors=True)
    for path in set(outputs.segments.iterdir()) - known:
        path.unlink()
    if keep != "all":
        for path in outputs.store.folder.glob("*.counts"):
            path.unlink()


def _describe(work_plan: WorkPlan, report: Report) -> None:
    """Fill in the report what the video is made of."""
    frame_plans = work_plan.frame_plans
    report.frames_from_bands = sum(map(frame_plans.from_bands, range(len(frame_plans))))
    report.bands = sum(len(zoom.bands) for zoom in frame_plans.zooms)
    grids: list[SampleGrid] = [
        need.grid for need in frame_plans.needs(range(len(frame_plans))).values()
    ]
    for grid in grids:
        if grid.tracing is not None:
            continue
        arithmetic = grid.arithmetic.name
        report.kernels[arithmetic] = report.kernels.get(arithmetic, 0) + grid.samples


def _make(work_plan: WorkPlan, session: Session, report: Report, send: Listener) -> None:
    """Compute, draw and encode the frames of all segments that are missing."""
    config, outputs = work_plan.config, session.outputs
    damages = [why for why in map(outputs.store.damage, work_plan.grids) if why is not None]
    if damages:
        others = f", and so {len(damages) - 1} files more" if damages[1:] else ""
        send(Retried(f"{damages[0]}{others}; computing again"))
    encoded = len(work_plan.frames) - len(work_plan.wanted)
    send(Prepared(encoded))
    pool, references = session.pool, session.references
    pool.start(config.look.tracing is not None)
    # Compilation up to here is not counted as encoding.
    encoded_before_s = children_cpu_s()
    _compute_orbits(work_plan.grids, references, pool, outputs, send)
    pool.prepare(lambda line: send(Said(line)))
    if not report.warnings:
        say("looking for dead ends")
        ends = dead_ends(
            config, work_plan.frames, outputs, pool, references, lambda line: send(Retried(line))
        )
        for fault in [*too_fast(work_plan.frames), *ends]:
            send(Warned(fault.text(config.path)))
    say("measuring what it takes")
    work = estimated(work_plan, pool, references, report.workers)
    check_room(work, outputs, config, report.workers)
    counts, traces = work_plan.lacking()
    tracing = f", {traces / 1e6:.1f} to trace" if traces else ""
    text = (
        f"{config.name}: {len(work_plan.wanted)} of {len(work_plan.frames)} frames to "
        f"encode, {counts / 1e6:.1f} million samples to compute{tracing}, "
        f"{_workers_text(pool, config)}, about {duration(work.wall_s)}"
    )
    send(Started(text, len(work_plan.wanted), encoded, work.by_stage_s))
    try:
        encode_missing(work_plan, outputs, references, pool, work, send)
    finally:
        send(Ended(pool.machine_stats(), children_cpu_s() - encoded_before_s))
    report.retried += pool.retried()
    session.close_pool()


def _workers_text(pool: SharedPool, config: Config) -> str:
    """Return which workers there are, for people."""
    if config.cluster is None:
        return f"{pool.workers} workers"
    return f"{pool.workers} workers here and {pool.remote_workers} of {config.cluster.scheduler}"


def _compute_orbits(
    grids: list[SampleGrid],
    references: References,
    pool: SharedPool,
    outputs: Outputs,
    send: Listener,
) -> None:
    """Compute the reference orbits of these sample grids, as far as they are not on disk."""
    send(Began("reference"))
    try:
        states = compute_orbits(
            steps_wanted(grids), references, pool, outputs.log,
            lambda eta: send(OrbitAdvanced(eta.fraction)), lambda line: send(Retried(line)),
        )  # fmt: skip  # in signature order
    except OSError as error:
        raise RenderError(f"the reference orbit cannot be stored: {os_error_text(error)}") from None
    send(OrbitsComputed(described(states)))
    send(Done("reference", 0.0))
