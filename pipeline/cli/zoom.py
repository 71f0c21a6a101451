"""`zoom` and `recolour`: make the video of a config."""

import time
from collections.abc import Sequence
from pathlib import Path

from pipeline.cli.opening import opened
from pipeline.config.load import Config
from pipeline.errors import (
    Interrupted,
    PipelineError,
    QueueError,
    RenderError,
    UsageError,
    os_error_text,
)
from pipeline.monitor.progress_lines import ProgressLines
from pipeline.monitor.report import Report
from pipeline.plan.outputs import Outputs
from pipeline.render.job import render_video
from pipeline.system.terminal import say, show
from pipeline.units import duration, size


def zoom(
    path: Path,
    root: Path,
    name: str | None = None,
    scheduler: str | None = None,
    place: str | None = None,
    device: str | None = None,
    lines: bool = False,
) -> None:
    """Make the video of a config, and print a summary.

    Parameters
    ----------
    name
        What its outputs are called, if not as the file.
    scheduler
        Address of a Dask scheduler whose cluster counts the rows.
    place
        Name of the place that the video is for; the usual video if left out.
    device
        Name of the device that counts, if not as the config says.
    lines
        Whether the progress is printed as lines of JSON, in place of the summary.
    """
    config = opened(path, name, scheduler, place, device)
    make_video(config, Outputs.of(config, root), "zoom", lines=lines)


def zoom_all(
    paths: Sequence[Path],
    root: Path,
    scheduler: str | None = None,
    place: str | None = None,
    device: str | None = None,
) -> None:
    """Make the videos of many configs one after the other; if one fails, the rest are made.

    Raises
    ------
    UsageError
        The paths hold no config, or two configs would make the same video.
    QueueError
        Some failed; all others are made.
    """
    configs = [config for path in paths for config in _configs_in(path)]
    if not configs:
        raise UsageError(f"{', '.join(map(str, paths))}: no configs (*.yaml) there")
    _check_names(configs)
    told = []
    failures: list[PipelineError] = []
    for number, path in enumerate(configs, 1):
        say(f"{path} ({number} of {len(configs)})")
        start = time.monotonic()
        try:
            zoom(path, root, scheduler=scheduler, place=place, device=device)
        except Interrupted:
            raise
        except (PipelineError, OSError) as error:
            failure = RenderError(os_error_text(error)) if isinstance(error, OSError) else error
            say(str(failure))
            failures.append(failure)
            told.append(f"{path}: failed: {str(failure).splitlines()[0]}")
        else:
            told.append(f"{path}: made in {duration(time.monotonic() - start)}")
    show("\n".join(told))
    if failures:
        raise QueueError(len(failures), len(configs), max(e.exit_status for e in failures))


def _configs_in(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml"))


def _check_names(configs: list[Path]) -> None:
    """Refuse configs that would overwrite each other's video."""
    first: dict[str, Path] = {}
    for path in configs:
        if (other := first.setdefault(path.stem, path)) != path:
            raise UsageError(
                f"{other} and {path} would both make {path.stem}.mp4; rename one of them"
            )


def recolour(path: Path, root: Path, name: str | None = None, place: str | None = None) -> None:
    """Make the video of a config again from stored counts.

    Raises
    ------
    RenderError
        Some of the counts that it needs are not stored.
    """
    config = opened(path, name, place=place)
    make_video(config, Outputs.of(config, root), "recolour", stored_only=True)


def make_video(
    config: Config, outputs: Outputs, command: str, stored_only: bool = False, lines: bool = False
) -> None:
    """Render a config, and print a summary, or the progress as lines of JSON."""
    report = Report(command, config.plain())
    listeners = [ProgressLines(config).hear] if lines else []
    render_video(config, outputs, report, stored_only, listeners=listeners)
    if not lines:
        show(summary(report, outputs))


def summary(report: Report, outputs: Outputs) -> str:
    """Return a summary of a finished run, a few lines long."""
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
        f"{outputs.video} ({size(_bytes_of(outputs.video))})",
    ]
    if report.machines:
        counted = (f"{each.machine} {each.blocks}" for each in report.machines)
        lines.insert(2, f"row blocks by machine: {', '.join(counted)}")
    if report.retried:
        lines.insert(2, f"done again: {'; '.join(report.retried)}")
    return "\n".join(lines)


def _bytes_of(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)
