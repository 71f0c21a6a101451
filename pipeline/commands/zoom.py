"""`zoom`: the video."""

from pathlib import Path

from pipeline.commands.opening import opened
from pipeline.config.load import Config
from pipeline.outputs import Outputs
from pipeline.progress import duration, size
from pipeline.render import render_video
from pipeline.report import Report


def zoom(path: Path, root: Path) -> None:
    """Make the video of a config, and say what it took."""
    config = opened(path)
    make_video(config, Outputs(root, config.name), "zoom")


def make_video(config: Config, outputs: Outputs, command: str) -> None:
    """Render a config and print the summary."""
    report = Report(command, config.plain())
    render_video(config, outputs, report)
    print(summary(report, outputs))


def summary(report: Report, outputs: Outputs) -> str:
    """Return what a finished run did, in a few lines."""
    stages = ", ".join(
        f"{name} {stage.cpu_s:.1f}"
        for name, stage in report.stages.items()
        if stage.cpu_s or stage.wall_s
    )
    compute = report.stages["compute"]
    rate = (
        f"{report.iterations_computed / compute.cpu_s / 1e9:.2f}e9 iterations a second and core"
        if compute.cpu_s
        else "nothing to compute"
    )
    computed, reused = report.pixels_computed / 1e6, report.pixels_reused / 1e6
    lines = [
        f"{report.frames} frames in {duration(report.wall_s)}; CPU seconds: {stages}",
        f"{computed:.1f} million samples computed, {reused:.1f} million reused; {rate}",
        f"{outputs.video} ({size(outputs.video.stat().st_size)})",
    ]
    if report.retried:
        lines.insert(2, f"done again: {'; '.join(report.retried)}")
    return "\n".join(lines)
