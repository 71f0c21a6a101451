"""`plan`: check a config, and say what rendering it would do."""

import math
from fractions import Fraction
from pathlib import Path

from pipeline.cli.opening import open_session
from pipeline.config.load import Config
from pipeline.counts.orbits.orbit_state import OrbitState
from pipeline.counts.orbits.target import Target
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.decimals import short_text
from pipeline.geometry.projection import FLAT
from pipeline.kernels.choice import FLOAT64_NUMBERS
from pipeline.plan.estimate import Estimate
from pipeline.plan.frame_plan import FramePlans
from pipeline.plan.reuse import frame_samples
from pipeline.plan.work_plan import WorkPlan
from pipeline.render.forecast import forecast
from pipeline.system.machine import available_memory_bytes, disk_space
from pipeline.system.terminal import say, show
from pipeline.timeline.frames import FrameList
from pipeline.timeline.too_fast import fastest
from pipeline.units import duration, size
from pipeline.video.sound import SoundTrack

_ROWS = 9
# A process that gets this fraction of a core counts as undisturbed.
_ALONE = 0.8


def plan(
    path: Path,
    root: Path,
    name: str | None = None,
    place: str | None = None,
    device: str | None = None,
) -> None:
    """Print the frames and depth of a config, and the estimated time, memory and disk space."""
    # A plan measures this machine, and leaves the cluster alone.
    with open_session(path, root, name, cluster=False, place=place, device=device) as session:
        outputs, workers, card = session.outputs, session.workers, session.card
        outputs.check(outputs.video)
        found = forecast(session, say)
        frames, config = session.frames, session.resolved
    work_plan, work = found.work_plan, found.work

    show("\n".join(_description(work_plan, found.orbits, card)))
    show("\n".join(_ways(config, frames, work_plan.frame_plans)))
    counts, traces = work_plan.lacking()
    tracing = f", {_millions(traces)} to trace" if traces else ""
    available = available_memory_bytes()
    space = disk_space(root)
    free = f" of {size(space[1])} free" if space is not None else ""
    there = f" of {size(available)} available" if available is not None else ""
    show(
        f"to do    {len(work_plan.wanted)} frames to draw and encode, {_millions(counts)} to "
        f"compute{tracing}\n"
        f"time     about {duration(work.wall_s)} with {workers} workers (CPU: {_stages(work)})"
        f"{_alone(config)}{_busy(work)}\n"
        f"memory   about {size(work.memory_bytes)}{there}\n"
        f"disk     about {size(work.disk_bytes)}{free}\n"
        f"video    {outputs.video}"
    )
    for warning in found.warnings:
        show(f"warning  {warning.text(path)}")


def _alone(config: Config) -> str:
    """Say that the estimate leaves out the cluster, which will help."""
    if config.cluster is None:
        return ""
    return f"; on this machine alone: {config.cluster.scheduler} counts, too"


def _busy(work: Estimate) -> str:
    """Say that other programs slow this machine down, where they do."""
    if work.core_fraction > _ALONE:
        return ""
    return f"; other programs leave {work.core_fraction:.0%} of a core to each process"


def _stages(work: Estimate) -> str:
    by_stage_s = work.by_stage_s
    return (
        f"{duration(by_stage_s['compute'])} compute, "
        f"{duration(by_stage_s['paint'] + by_stage_s['draw'])} colour and draw, "
        f"{duration(by_stage_s['encode'])} encode"
    )


def _description(
    work_plan: WorkPlan, orbits: dict[Target, OrbitState], card: str | None
) -> list[str]:
    config, frames = work_plan.config, work_plan.frames
    encoding = config.encoding
    last = frames[len(frames) - 1]
    seconds = float(len(frames) / encoding.fps)
    widths = [keyframe.width for keyframe in config.keyframes]
    octaves = float((max(widths) / min(widths)).log10()) / math.log10(2)
    grids = [need.grid for need in work_plan.frame_plans.needs(range(len(frames))).values()]
    kernels = sorted({f"{grid.arithmetic.name} ({_counts(grid, card)})" for grid in grids})
    crf = "" if encoding.crf is None else f"crf {encoding.crf} "
    blur = f", motion blur {config.motion_blur:g}" if config.motion_blur else ""
    projection = "" if encoding.projection == FLAT else f", {encoding.projection}"
    lines = [
        f"config   {config.path}: {len(config.keyframes)} keyframes, no faults",
        f"picture  {encoding.columns}×{encoding.rows}, {float(encoding.fps):g} frames a second, "
        f"{encoding.codec} {crf}{encoding.pixel_format}, "
        f"quality {config.quality.name}{blur}{projection}",
        f"frames   {len(frames)}, {seconds:.2f} s, the last at {float(last.time):g} s",
        *_sound(work_plan.sound),
        f"depth    width {short_text(max(widths))} to {short_text(min(widths))}, "
        f"{octaves:.1f} octaves; kernel {', '.join(kernels)}",
        *_speeds(frames),
        *(
            f"orbit    {state.steps} steps of {target.bits} bits, {state.ended or 'to maxiter'}"
            for target, state in list(orbits.items())[:_ROWS]
        ),
        "",
        "   frame     time       width  rotation   maxiter  centre",
    ]
    shown = sorted({round(k * (len(frames) - 1) / (_ROWS - 1)) for k in range(_ROWS)})
    for index in shown:
        frame = frames[index]
        center = ", ".join(f"{float(part):.12g}" for part in frame.view.center)
        lines.append(
            f"{index:8} {float(frame.time):8.2f} {short_text(frame.view.width):>11} "
            f"{float(frame.view.rotation):9.2f} {frame.maxiter:9}  {center}"
        )
    return [*lines, ""]


def _counts(grid: SampleGrid, card: str | None) -> str:
    """Say what counts a sample grid."""
    if card is None:
        return grid.device
    return f"{grid.device} and {card}" if grid.arithmetic.numbers == FLOAT64_NUMBERS else card


def _sound(track: SoundTrack | None) -> list[str]:
    """Say how a sound is made as long as the video."""
    if track is None:
        return []
    file, start = track.sound.file, track.sound.start
    if file.seconds is None:
        fitted = f"to {float(track.seconds):.2f} s"
    else:
        left = file.seconds - Fraction(start)
        how = "begins again" if left < track.seconds else "cut" if left > track.seconds else "fits"
        fitted = f"{float(left):.2f} s, {how}"
    way = "taken as it is" if track.is_copied else "encoded"
    return [f"sound    {file.path.name}, from {start} s on {fitted}, {way}"]


def _speeds(frames: FrameList) -> list[str]:
    """Say how fast the zoom is on each leg on which it moves."""
    moving = [leg for leg in frames.legs if leg.octaves and leg.seconds > 0]
    lines = []
    for leg in moving[:_ROWS]:
        time = f"{float(leg.leaves):g} to {float(leg.end.time):g} s: " if len(moving) > 1 else ""
        way = "in" if leg.deep is leg.end else "out"
        mean = leg.octaves / float(leg.seconds)
        lines.append(
            f"speed    {time}{mean:.1f} octaves a second {way}, {fastest(leg):.1f} at the fastest"
        )
    if len(moving) > _ROWS:
        lines.append(f"         and {len(moving) - _ROWS} parts more")
    return lines


def _ways(config: Config, frames: FrameList, frame_plans: FramePlans) -> list[str]:
    """Say for each leg whether its frames are drawn from bands."""
    lines = []
    for leg, zoom in list(enumerate(frame_plans.legs))[:_ROWS]:
        way = frames.legs[leg]
        own = frame_samples(leg, config, frames)
        time = f"{float(way.start.time):g} to {float(way.end.time):g} s"
        if zoom is None:
            lines.append(f"reuse    {time}: frame by frame, {_millions(own)}")
            if config.motion_blur:
                lines.append("         without motion blur, which needs bands")
            continue
        is_flat = config.encoding.projection == FLAT
        beside = f"; frame by frame {_millions(own)}" if is_flat else ""
        with_others = " (with other parts of the video)" if frame_plans.legs.count(zoom) > 1 else ""
        lines.append(
            f"reuse    {time}: {len(zoom.bands)} bands and a core, {_millions(zoom.samples)}"
            f"{with_others}{beside}"
        )
    if len(frame_plans.legs) > _ROWS:
        lines.append(f"         and {len(frame_plans.legs) - _ROWS} parts more")
    return lines


def _millions(samples: int) -> str:
    return f"{samples / 1e6:.1f} million samples"
