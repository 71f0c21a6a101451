"""`plan`: check the config, and say what a render would do."""

import math
from pathlib import Path

from pipeline.commands.opening import opened
from pipeline.config.load import Config
from pipeline.decimals import short_text
from pipeline.estimate import estimate
from pipeline.frames import FrameList
from pipeline.limits import frame_list
from pipeline.machine import available_memory_bytes, free_disk_bytes, usable_cores
from pipeline.orbit import OrbitState
from pipeline.orbits import compute_orbits, steps_wanted
from pipeline.outputs import Outputs
from pipeline.pool import SharedPool
from pipeline.progress import duration, size
from pipeline.segments import segments_of
from pipeline.survey import survey
from pipeline.target import Target

_ROWS = 9


def plan(path: Path, root: Path) -> None:
    """Print the resolved frames, the depth, and the estimated time, memory and disk."""
    config = opened(path)
    outputs = Outputs(root, config.name)
    frames = frame_list(config, outputs)
    workers = config.workers or usable_cores()
    keys = [frame.canvas(config.supersample).key() for frame in frames]
    segments = segments_of(
        frames, keys, config.look, config.encoding, config.supersample, outputs.segments
    )
    wanted = [
        index for segment in segments if not segment.path.exists() for index in segment.frames
    ]
    with SharedPool(workers) as pool, outputs.references() as references:
        orbits = compute_orbits(steps_wanted(frames), references, pool)
        measured = survey(config, frames, pool, references)
    stored = {path.stem for path in outputs.store.folder.glob("*.counts")}
    work = estimate(config, measured, wanted, keys, stored, workers)

    print("\n".join(_description(config, frames, orbits)))
    available = available_memory_bytes()
    there = f" of {size(available)} available" if available is not None else ""
    compute = sum(work.compute_s.values())
    print(
        f"to do    {len(wanted)} frames to draw and encode, {len(work.compute_s)} to compute\n"
        f"time     about {duration(work.wall_s)} with {workers} workers (CPU: "
        f"{duration(compute)} compute, {duration(work.draw_frame_s * len(wanted))} colour, "
        f"{duration(work.encode_frame_s * len(wanted))} encode)\n"
        f"memory   about {size(work.memory_bytes)}{there}\n"
        f"disk     about {size(work.disk_bytes)} of {size(free_disk_bytes(root))} free\n"
        f"video    {outputs.video}"
    )


def _description(config: Config, frames: FrameList, orbits: dict[Target, OrbitState]) -> list[str]:
    encoding = config.encoding
    last = frames[len(frames) - 1]
    seconds = float(len(frames) / encoding.fps)
    widths = [keyframe.width for keyframe in config.keyframes]
    octaves = float((max(widths) / min(widths)).log10()) / math.log10(2)
    kernels = sorted({f"{frame.kernel.arithmetic} ({frame.kernel.code})" for frame in frames})
    samples = f", {config.supersample}×{config.supersample} samples a pixel"
    lines = [
        f"config   {config.path}: {len(config.keyframes)} keyframes, no faults",
        f"picture  {encoding.columns}×{encoding.rows}, {float(encoding.fps):g} frames a second, "
        f"{encoding.codec} crf {encoding.crf} {encoding.pixel_format}"
        f"{samples if config.supersample > 1 else ''}",
        f"frames   {len(frames)}, {seconds:.2f} s, the last at {float(last.time):g} s",
        f"depth    width {short_text(max(widths))} to {short_text(min(widths))}, "
        f"{octaves:.1f} octaves; kernel {', '.join(kernels)}",
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
            f"{float(frame.view.rotation):9.1f} {frame.maxiter:9}  {center}"
        )
    return [*lines, ""]
