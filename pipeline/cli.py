"""The command line: commands and their options in, an exit status out."""

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import FrameType

from pipeline import __version__
from pipeline.errors import Interrupted, PipelineError, os_error_text

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_RESUME = "stopped; what was finished is on disk, the same command carries on from there"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status.

    0 done, 1 a failure while rendering, 2 a config or an option that cannot be used, 130 stopped
    by Ctrl-C or a signal.
    """
    options = _parser().parse_args(arguments)
    if options.resumes:
        for number in _STOPPING:
            # A run under nohup keeps ignoring the hang-up.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, partial(_stop, os.getpid()))
    try:
        options.run(options)
    except (KeyboardInterrupt, Interrupted):
        print(f"\n{_RESUME}", file=sys.stderr)
        return Interrupted.exit_status
    except PipelineError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    except OSError as error:
        print(os_error_text(error), file=sys.stderr)
        return 1
    return 0


def _stop(command: int, number: int, _: FrameType | None) -> None:
    """Stop cleanly, which takes a moment; whoever asks again does not want to wait for it."""
    if os.getpid() != command:
        # A process forked from it, which knows nothing of all this.
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        return
    for again in _STOPPING:
        if signal.getsignal(again) is not signal.SIG_IGN:
            signal.signal(again, _stop_now)
    raise Interrupted(signal.Signals(number).name)


def _stop_now(_number: int, _frame: FrameType | None) -> None:
    # Nothing half written is lost with it: such files have no names yet. Workers and the encoder
    # end by themselves, as after a kill.
    os.write(2, f"\n{_RESUME}\n".encode())
    os._exit(Interrupted.exit_status)


def _parser() -> argparse.ArgumentParser:
    # Each command's module is imported only when it runs: starting up is a feature.
    parser = argparse.ArgumentParser(
        prog="python -m pipeline",
        description="Mandelbrot zooms: one YAML file in, one MP4 out.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    zoom = commands.add_parser("zoom", help="make the video, or what is missing of it")
    zoom.set_defaults(run=_zoom)
    recolour = commands.add_parser("recolour", help="the video again, from stored counts alone")
    recolour.set_defaults(run=_recolour)
    palette = commands.add_parser(
        "palette", help="one PNG of the zoom in many looks, each labelled"
    )
    palette.set_defaults(run=_palette)
    export = commands.add_parser("export", help="the zoom's bands as OpenEXR files")
    export.set_defaults(run=_export)
    preview = commands.add_parser("preview", help="the same video small and quick")
    preview.set_defaults(run=_preview)
    plan = commands.add_parser("plan", help="check the config and say what a render would take")
    plan.set_defaults(run=_plan)
    still = commands.add_parser("still", help="one frame as PNG; the last, unless told otherwise")
    still.set_defaults(run=_still)
    zoom.add_argument(
        "config", type=Path, nargs="+", help="YAML files, or folders of them, one after the other"
    )
    zoom.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="have rows counted by the Dask cluster there, tcp://HOST:8786; or local-cluster",
    )
    for command in (recolour, palette, export, preview, plan, still):
        command.add_argument("config", type=Path, help="the YAML file")
    for command in (zoom, recolour, palette, export, preview, plan, still):
        command.set_defaults(resumes=True)
    chosen = still.add_mutually_exclusive_group()
    chosen.add_argument("--frame", type=int, metavar="N", help="the frame of this number, from 0")
    chosen.add_argument("--time", metavar="S", help="the view at this time, in seconds")
    still.add_argument(
        "--raw", type=Path, metavar="FILE.npz", help="also write n, smooth, outcome and the view"
    )
    still.add_argument(
        "--to", type=Path, metavar="FILE", help="where the picture goes, a .png or .jpg"
    )
    still.add_argument(
        "--exr", type=Path, metavar="FILE.exr", help="also write N, NF, DEX and DEY as OpenEXR"
    )

    watch = commands.add_parser("watch", help="serve the status page of a render to a browser")
    watch.set_defaults(run=_watch, resumes=False)
    watch.add_argument("config", type=Path, help="the YAML file")
    watch.add_argument(
        "--address",
        default="127.0.0.1:8000",
        metavar="HOST:PORT",
        help="where, 0.0.0.0:8000 for the whole local network (default: 127.0.0.1:8000)",
    )

    importing = commands.add_parser(
        "import", help="a config from .kfr, .toml, .ini, .im, .xpf, or a video made here"
    )
    importing.set_defaults(run=_import, resumes=False)
    importing.add_argument("file", type=Path, help="the location")
    importing.add_argument(
        "config", type=Path, nargs="?", help="what to write (default: configs/NAME.yaml)"
    )
    importing.add_argument("--still", action="store_true", help="the view alone, no zoom to it")

    bench = commands.add_parser("bench", help="the article's table on this machine")
    bench.add_argument("--json", type=Path, metavar="FILE", help="also write the table as JSON")
    bench.set_defaults(run=_bench, resumes=True)
    for command in (zoom, recolour, palette, export, preview, plan, still, watch, bench):
        command.add_argument(
            "--output",
            type=Path,
            default=Path("output"),
            metavar="FOLDER",
            help="where everything goes (default: output)",
        )
    return parser


def _zoom(options: argparse.Namespace) -> None:
    from pipeline.commands.zoom import zoom, zoom_all

    if len(options.config) == 1 and not options.config[0].is_dir():
        zoom(options.config[0], options.output, options.scheduler)
    else:
        zoom_all(options.config, options.output, options.scheduler)


def _recolour(options: argparse.Namespace) -> None:
    from pipeline.commands.zoom import recolour

    recolour(options.config, options.output)


def _palette(options: argparse.Namespace) -> None:
    from pipeline.commands.palette import palette

    palette(options.config, options.output)


def _export(options: argparse.Namespace) -> None:
    from pipeline.commands.export import export

    export(options.config, options.output)


def _preview(options: argparse.Namespace) -> None:
    from pipeline.commands.preview import preview

    preview(options.config, options.output)


def _plan(options: argparse.Namespace) -> None:
    from pipeline.commands.plan import plan

    plan(options.config, options.output)


def _still(options: argparse.Namespace) -> None:
    from pipeline.commands.still import still

    chosen = options.frame, options.time
    still(options.config, options.output, *chosen, options.raw, options.exr, options.to)


def _watch(options: argparse.Namespace) -> None:
    from pipeline.commands.watch import watch

    with contextlib.suppress(KeyboardInterrupt):
        watch(options.config, options.output, options.address)


def _import(options: argparse.Namespace) -> None:
    from pipeline.commands.importing import import_location

    import_location(options.file, options.config, options.still)


def _bench(options: argparse.Namespace) -> None:
    # numpy's own threads would blur what is compared.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from pipeline.commands.bench import bench

    bench(options.output, options.json)
