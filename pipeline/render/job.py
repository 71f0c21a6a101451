"""The whole way of a video: what is missing of it found, made and joined."""

import shutil
import time
from typing import Any

from pipeline.config.fault import Fault
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
from pipeline.monitor.eta import Eta
from pipeline.monitor.progress import Progress
from pipeline.monitor.report import Report
from pipeline.monitor.status_writer import StatusWriter
from pipeline.plan.estimate import check_free_disk, check_room
from pipeline.plan.outputs import Outputs
from pipeline.plan.segments import Segment
from pipeline.plan.work_plan import WorkPlan
from pipeline.prepare.dead_end_search import dead_ends
from pipeline.prepare.reference_orbits import compute_orbits, described, steps_wanted
from pipeline.prepare.survey import estimated
from pipeline.render.loop import Run
from pipeline.render.rehearsal import rehearse
from pipeline.session import Session
from pipeline.system.checksums import crc32_of
from pipeline.system.invocation import command_for
from pipeline.system.machine import children_cpu_s, keep_freed_memory
from pipeline.system.state_file import read_state, whole_number, write_state
from pipeline.system.terminal import say
from pipeline.units import duration
from pipeline.video.ffmpeg import count_frames, has_frames, join
from pipeline.video.segment_checksum import is_whole
from pipeline.workers.pool import SharedPool

_TRIES = 3
# What workers send is megabytes at a time, and written at once.
_KEPT_BYTES = 64 << 10
_LARGEST_CRC = (1 << 32) - 1


def render_video(
    config: Config,
    outputs: Outputs,
    report: Report,
    stored_only: bool = False,
    workers: int | None = None,
) -> None:
    """Make the video of a config, or what is missing of it.

    Parameters
    ----------
    report
        Filled on the way.
    stored_only
        Whether it is made from stored counts, or not at all.
    workers
        Processes of this machine, if not as the config says.

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
        status_writer: StatusWriter | None = None
        try:
            rehearse(config, outputs)
            report.workers = session.workers
            status_writer = StatusWriter(session.resolved, session.frames, outputs, report)
            _render(session, report, status_writer, stored_only)
            report.outcome = "finished"
        except BaseException as error:
            report.outcome = f"stopped: {type(error).__name__}: {error}"
            if status_writer is not None:
                status_writer.stop(str(error) or type(error).__name__)
            raise
        finally:
            report.wall_s = time.monotonic() - start
            # Less than before where an orbit was damaged, and begun anew.
            spent = spent_cpu_s(outputs.orbits) - orbits_before_s
            report.stages["reference"].cpu_s = max(0.0, spent)
            report.write(outputs.report)
        if not status_writer.is_finished:
            status_writer.finish()


def _render(
    session: Session, report: Report, status_writer: StatusWriter, stored_only: bool
) -> None:
    config, frames, outputs = session.resolved, session.frames, session.outputs
    report.frames = len(frames)
    if frames.auto_maxiter is not None:
        report.maxiter = [(float(at), limit) for at, limit in frames.auto_maxiter.knots]
    work_plan = WorkPlan.of(config, frames, outputs)
    _describe(work_plan, report)
    if config.keep == "nothing" and _is_made(work_plan, outputs, report):
        report.pixels_reused = work_plan.samples
        return
    work_plan = _make_and_join(work_plan, session, report, status_writer, stored_only)
    report.pixels_reused = max(0, work_plan.samples - report.pixels_computed)
    _tidy(work_plan, outputs)


def _make_and_join(
    work_plan: WorkPlan,
    session: Session,
    report: Report,
    status_writer: StatusWriter,
    stored_only: bool,
) -> WorkPlan:
    """Make what is missing, and join it; return what there was to do the last time.

    More than once, because ffmpeg may be killed, and what is on disk turn out to be damaged.
    """
    outputs = session.outputs
    for tried in range(1, _TRIES + 1):
        if stored_only and work_plan.missing:
            raise RenderError(_lacking(work_plan))
        try:
            if work_plan.missing_segments:
                with session.attempt():
                    _make(work_plan, session, report, status_writer)
        except (EncoderError, OrbitError) as error:
            check_free_disk(outputs)
            if tried == _TRIES:
                raise
            report.say_again(str(error))
        else:
            damaged = _drop_damaged(work_plan.segments, report)
            if not damaged:
                _join(work_plan.segments, outputs, work_plan.config, report)
                break
            if tried == _TRIES:
                raise RenderError(f"{damaged[0].path}: comes back damaged; check the disk")
        work_plan = WorkPlan.of(work_plan.config, work_plan.frames, outputs)
    return work_plan


def _lacking(work_plan: WorkPlan) -> str:
    """Say what is not stored."""
    parts = zip(work_plan.lacking(), ("counts", "traces"), strict=True)
    lacking = " and ".join(f"{n / 1e6:.1f} million {name}" for n, name in parts if n)
    config = work_plan.config.path
    return f"{config}: {lacking} are not stored; {command_for('zoom', config)} computes them"


def _is_made(work_plan: WorkPlan, outputs: Outputs, report: Report) -> bool:
    """Tell whether the video is there, where nothing else stayed that would say so."""
    names = _names(work_plan)
    try:
        said, checksum = read_state(outputs.made_of, _made_of)
    except NotStoredError:
        return False
    except DamagedError as error:
        if _is_made_before_checksums(work_plan, outputs):
            _note_made(work_plan, outputs)
            return True
        report.say_again(f"{error}; the video is made again")
        return False
    if said != names or not outputs.video.exists():
        return False
    if crc32_of(outputs.video) != checksum:
        report.say_again(f"{outputs.video}: is not what was written; it is made again")
        return False
    return True


def _made_of(facts: Any) -> tuple[list[str], int]:
    """Return names of segments and the video's checksum from what was noted of it."""
    return facts["segments"], whole_number(facts["video_crc32"], 0, _LARGEST_CRC)


def _is_made_before_checksums(work_plan: WorkPlan, outputs: Outputs) -> bool:
    """Tell whether a video is there, by what a version noted of it that had no checksums."""
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
    """Return the names of the video's segments, which say all that it depends on."""
    return [segment.path.name for segment in work_plan.segments]


def _tidy(work_plan: WorkPlan, outputs: Outputs) -> None:
    """Remove what need not stay beside a finished video."""
    keep = work_plan.config.keep
    known = {segment.path for segment in work_plan.segments} if keep != "nothing" else set()
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
    """Note what the video is made of."""
    frame_plans = work_plan.frame_plans
    report.frames_from_bands = sum(map(frame_plans.from_bands, range(len(frame_plans))))
    report.bands = sum(len(zoom.bands) for zoom in frame_plans.zooms)
    grids: list[SampleGrid] = [
        need.grid for need in frame_plans.needs(range(len(frame_plans))).values()
    ]
    for grid in grids:
        if grid.tracing is not None:
            continue
        arithmetic = grid.kernel.arithmetic
        report.kernels[arithmetic] = report.kernels.get(arithmetic, 0) + grid.samples


def _make(
    work_plan: WorkPlan, session: Session, report: Report, status_writer: StatusWriter
) -> None:
    """Compute, draw and encode the frames of all segments that are missing."""
    config, outputs = work_plan.config, session.outputs
    damages = [why for why in map(outputs.store.damage, work_plan.grids) if why is not None]
    if damages:
        others = f", and so {len(damages) - 1} files more" if damages[1:] else ""
        report.say_again(f"{damages[0]}{others}; computing again")
    status_writer.prepare(len(work_plan.frames) - len(work_plan.wanted))
    pool, references = session.pool, session.references
    pool.start(config.look.tracing is not None)
    # What was compiled before is no encoding.
    encoded_before_s = children_cpu_s()
    _compute_orbits(work_plan.grids, references, pool, outputs, report, status_writer)
    pool.prepare(say)
    if not report.warnings:
        say("looking for dead ends")
        ends = dead_ends(config, work_plan.frames, outputs, pool, references, report.say_again)
        _warn(ends, config, report, status_writer)
    say("measuring what it takes")
    work = estimated(work_plan, pool, references, report.workers)
    check_room(work, outputs, config, report.workers)
    with Progress(Eta(work.by_stage_s), len(work_plan.wanted), outputs.log) as progress:
        counts, traces = work_plan.lacking()
        tracing = f", {traces / 1e6:.1f} to trace" if traces else ""
        progress.say(
            f"{config.name}: {len(work_plan.wanted)} of {len(work_plan.frames)} frames to "
            f"encode, {counts / 1e6:.1f} million samples to compute{tracing}, "
            f"{_hands(pool, config)}, about {duration(work.wall_s)}"
        )
        run = Run(work_plan, outputs, references, report, pool, progress, work, status_writer)
        try:
            run.encode()
        finally:
            run.close()
            report.machines = pool.machine_stats()
            report.stages["encode"].cpu_s += children_cpu_s() - encoded_before_s
        report.retried += pool.retried()
    session.close_pool()


def _warn(faults: list[Fault], config: Config, report: Report, status_writer: StatusWriter) -> None:
    """Say where too little is to be seen: on the terminal, on the page, in the report."""
    for fault in faults:
        line = fault.text(config.path)
        say(f"warning: {line}")
        report.warnings.append(line)
        status_writer.status.warn(line)


def _hands(pool: SharedPool, config: Config) -> str:
    """Say who will do it."""
    if config.cluster is None:
        return f"{pool.workers} workers"
    return f"{pool.workers} workers here and {pool.remote_workers} of {config.cluster.scheduler}"


def _compute_orbits(
    grids: list[SampleGrid],
    references: References,
    pool: SharedPool,
    outputs: Outputs,
    report: Report,
    status_writer: StatusWriter,
) -> None:
    """Have the reference orbits of these sample grids on disk, and describe them in the report."""
    stage = report.stages["reference"]
    stage.begin()
    try:
        states = compute_orbits(
            steps_wanted(grids), references, pool, outputs.log, status_writer.tell_orbit,
            report.say_again,
        )  # fmt: skip  # in signature order
    except OSError as error:
        raise RenderError(f"the reference orbit cannot be stored: {os_error_text(error)}") from None
    report.references = described(states)
    stage.end(0.0)


def _drop_damaged(segments: list[Segment], report: Report) -> list[Segment]:
    """Remove and return segments that are not what was written."""
    damaged = [segment for segment in segments if not is_whole(segment.path)]
    for segment in damaged:
        report.say_again(
            f"{segment.path}: is not what was written; its {len(segment.frames)} frames are "
            "encoded again"
        )
        segment.path.unlink(missing_ok=True)
    return damaged


def _join(segments: list[Segment], outputs: Outputs, config: Config, report: Report) -> None:
    """Join segments to the video, which appears whole or not at all.

    Raises
    ------
    RenderError
        ffmpeg failed, or lost frames.
    """
    stage = report.stages["encode"]
    stage.begin()
    joined_before_s = children_cpu_s()
    try:
        with outputs.making(outputs.video) as temporary:
            tags = {"title": config.title, "comment": config.text}
            join([segment.path for segment in segments], temporary, config.encoding, tags)
            frames = segments[-1].last
            if not has_frames(temporary, config.encoding, frames):
                raise RenderError(f"{outputs.video}: not all {frames} frames came out of joining")
    finally:
        stage.end(children_cpu_s() - joined_before_s)
