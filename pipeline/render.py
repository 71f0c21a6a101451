"""The whole way of a video: what is missing of it found, made and joined."""

import shutil
import sys
import time
from pathlib import Path

from pipeline.bulletin import Bulletin
from pipeline.canvas import Canvas
from pipeline.config.load import Config
from pipeline.durable import write_durably
from pipeline.equalising import equalised
from pipeline.errors import EncoderError, RenderError
from pipeline.estimate import check_free_disk, check_room
from pipeline.frames import FrameList
from pipeline.limits import frame_list
from pipeline.machine import children_cpu_s, keep_freed_memory, stand_back, usable_cores
from pipeline.orbit import spent_cpu_s
from pipeline.orbits import compute_orbits, described, steps_wanted
from pipeline.outlook import Outlook
from pipeline.outputs import Outputs
from pipeline.pool.opening import shared_pool
from pipeline.pool.shared import SharedPool
from pipeline.progress import Progress, duration
from pipeline.prospect import Prospect
from pipeline.references import References
from pipeline.rehearsal import rehearse
from pipeline.report import Report
from pipeline.run import Run
from pipeline.segments import Segment
from pipeline.video.ffmpeg import count_frames, is_whole, join

_TRIES = 3
# What workers send is megabytes at a time, and written at once.
_KEPT_BYTES = 64 << 10


def render_video(
    config: Config, outputs: Outputs, report: Report, stored_only: bool = False
) -> None:
    """Make the video of a config, or what is missing of it; `report` is filled on the way.

    With `stored_only` it is made of stored counts, or not at all.

    Raises
    ------
    ConfigError
        A keyframe is out of reach.
    RenderError
        Something failed; what was finished is on disk.
    """
    start = time.monotonic()
    encoded_before_s = children_cpu_s()
    stand_back(config.nice)
    keep_freed_memory(_KEPT_BYTES)
    with outputs.locked(outputs.video):
        orbits_before_s = spent_cpu_s(outputs.orbits)
        bulletin: Bulletin | None = None
        try:
            rehearse(config, outputs)
            frames = frame_list(config, outputs)
            config = equalised(config, frames, outputs)
            report.workers = config.workers or usable_cores()
            bulletin = Bulletin(config, frames, outputs, report)
            _render(config, frames, outputs, report, bulletin, stored_only)
            report.outcome = "finished"
        except BaseException as error:
            report.outcome = f"stopped: {type(error).__name__}: {error}"
            if bulletin is not None:
                bulletin.stop(str(error) or type(error).__name__)
            raise
        finally:
            report.wall_s = time.monotonic() - start
            # Less than before where an orbit was damaged, and begun anew.
            spent = spent_cpu_s(outputs.orbits) - orbits_before_s
            report.stages["reference"].cpu_s = max(0.0, spent)
            report.stages["encode"].cpu_s = children_cpu_s() - encoded_before_s
            report.write(outputs.report)
        if not bulletin.is_finished:
            bulletin.finish()


def _render(
    config: Config,
    frames: FrameList,
    outputs: Outputs,
    report: Report,
    bulletin: Bulletin,
    stored_only: bool,
) -> None:
    report.frames = len(frames)
    if frames.limits is not None:
        report.maxiter = [(float(at), limit) for at, limit in frames.limits.knots]
    prospect = Prospect.of(config, frames, outputs)
    _describe(prospect, report)
    if stored_only and prospect.missing:
        raise RenderError(_lacking(prospect))
    if config.keep == "nothing" and _is_made(prospect, outputs):
        report.pixels_reused = prospect.samples
        return
    # More than once, because ffmpeg may be killed, and joining may find a segment that is not what
    # it was.
    for tried in range(1, _TRIES + 1):
        try:
            if prospect.missing_segments:
                _make(prospect, outputs, report, bulletin)
        except EncoderError as error:
            check_free_disk(outputs)
            if tried == _TRIES:
                raise
            report.retried.append(str(error))
            prospect = Prospect.of(config, frames, outputs)
            continue
        if _joined(prospect.segments, outputs, config, report):
            break
        prospect = Prospect.of(config, frames, outputs)
    else:
        raise RenderError(f"{outputs.video}: the joined video has not all its frames")
    report.pixels_reused = max(0, prospect.samples - report.pixels_computed)
    _tidy(prospect, outputs)


def _lacking(prospect: Prospect) -> str:
    """Say what is not stored."""
    parts = zip(prospect.lacking(), ("counts", "traces"), strict=True)
    lacking = " and ".join(f"{n / 1e6:.1f} million {name}" for n, name in parts if n)
    config = prospect.config.path
    return f"{config}: {lacking} are not stored; make zoom CONFIG={config} computes them"


def _is_made(prospect: Prospect, outputs: Outputs) -> bool:
    """Tell whether the video is there, where nothing else stayed that would say so."""
    try:
        made_of = outputs.made_of.read_text()
    except FileNotFoundError:
        return False
    if made_of != _made_of(prospect) or not outputs.video.exists():
        return False
    return is_whole(outputs.video, prospect.config.encoding, len(prospect.frames))


def _made_of(prospect: Prospect) -> str:
    """Return the names of the video's segments, which say all that it depends on."""
    return "".join(f"{segment.path.name}\n" for segment in prospect.segments)


def _tidy(prospect: Prospect, outputs: Outputs) -> None:
    """Remove what need not stay beside a finished video."""
    keep = prospect.config.keep
    known = {segment.path for segment in prospect.segments} if keep != "nothing" else set()
    if keep == "nothing":
        write_durably(outputs.made_of, [_made_of(prospect).encode()])
        shutil.rmtree(outputs.orbits, ignore_errors=True)
    for path in set(outputs.segments.iterdir()) - known:
        path.unlink()
    if keep != "all":
        for path in outputs.store.folder.glob("*.counts"):
            path.unlink()


def _describe(prospect: Prospect, report: Report) -> None:
    """Note what the video is made of."""
    drawings = prospect.drawings
    report.frames_from_bands = sum(map(drawings.from_bands, range(len(drawings))))
    report.bands = sum(len(zoom.bands) for zoom in drawings.zooms)
    canvases: list[Canvas] = [need.canvas for need in drawings.needs(range(len(drawings))).values()]
    for canvas in canvases:
        if canvas.tracing is not None:
            continue
        arithmetic = canvas.kernel.arithmetic
        report.kernels[arithmetic] = report.kernels.get(arithmetic, 0) + canvas.samples


def _make(prospect: Prospect, outputs: Outputs, report: Report, bulletin: Bulletin) -> None:
    """Compute, draw and encode the frames of all segments that are not there."""
    config = prospect.config
    bulletin.prepare(len(prospect.frames) - len(prospect.wanted))
    with shared_pool(config, report.workers) as pool, outputs.references() as references:
        _compute_orbits(prospect.canvases, references, pool, outputs, report, bulletin)
        pool.prepare(lambda line: print(line, file=sys.stderr, flush=True))
        work = prospect.estimate(pool, references, report.workers)
        check_room(work, outputs, config, report.workers)
        with Progress(Outlook(work.by_stage_s), len(prospect.wanted), outputs.log) as progress:
            counts, traces = prospect.lacking()
            tracing = f", {traces / 1e6:.1f} to trace" if traces else ""
            progress.say(
                f"{config.name}: {len(prospect.wanted)} of {len(prospect.frames)} frames to "
                f"encode, {counts / 1e6:.1f} million samples to compute{tracing}, "
                f"{_hands(pool, config)}, about {duration(work.wall_s)}"
            )
            run = Run(prospect, outputs, references, report, pool, progress, work, bulletin)
            try:
                run.encode()
            finally:
                run.close()
                report.machines = pool.contributions()
            report.retried += pool.retried()


def _hands(pool: SharedPool, config: Config) -> str:
    """Say who will do it."""
    if config.engine is None:
        return f"{pool.workers} workers"
    return f"{pool.workers} workers here and {pool.guests} of {config.engine.scheduler}"


def _compute_orbits(
    canvases: list[Canvas],
    references: References,
    pool: SharedPool,
    outputs: Outputs,
    report: Report,
    bulletin: Bulletin,
) -> None:
    """Have the reference orbits of these canvases on disk, and describe them in the report."""
    stage = report.stages["reference"]
    stage.begin()
    try:
        states = compute_orbits(
            steps_wanted(canvases), references, pool, outputs.log, bulletin.tell_orbit
        )
    except OSError as error:
        raise RenderError(f"the reference orbit cannot be stored: {error.strerror}") from None
    report.references = described(states)
    stage.end(0.0)


def _joined(segments: list[Segment], outputs: Outputs, config: Config, report: Report) -> bool:
    """Join all segments to the video; if that fails, drop the segments that are to blame."""
    stage = report.stages["encode"]
    stage.begin()
    try:
        with outputs.making(outputs.video) as temporary:
            _join([segment.path for segment in segments], temporary, config, segments[-1].last)
    except RenderError:
        if not _drop_damaged(segments, report):
            raise
        return False
    finally:
        stage.end(0.0)
    return True


def _join(segments: list[Path], path: Path, config: Config, frames: int) -> None:
    """Join segments to a video of so many frames."""
    join(segments, path, config.encoding, {"title": config.name, "comment": config.text})
    if not is_whole(path, config.encoding, frames):
        raise RenderError(f"{config.name}: the joined video has not all of its {frames} frames")


def _drop_damaged(segments: list[Segment], report: Report) -> bool:
    """Remove segments that do not hold all their frames; tell whether there were any."""
    damaged = [segment for segment in segments if count_frames(segment.path) != len(segment.frames)]
    for segment in damaged:
        report.retried.append(f"segment {segment.path.name} was damaged")
        segment.path.unlink()
    return bool(damaged)
