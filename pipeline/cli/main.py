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

from pipeline.cli.versions import ShowVersions
from pipeline.cli.words import (
    Parser,
    add_command,
    add_discover_arguments,
    add_find_arguments,
    frame_number,
)
from pipeline.config.names import PLACES
from pipeline.errors import Interrupted, PipelineError, UsageError, os_error_text, printable_name
from pipeline.system.invocation import program
from pipeline.system.temporary import remove_run_folder
from pipeline.system.terminal import ready_streams, say

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Commands that have nothing to resume.
_STATELESS = (
    "find", "discover", "watch", "explore", "import", "devices", "schema", "clean", "completion"
)  # fmt: skip  # two lines
# Those of them that serve pages until they are stopped.
_SERVING = ("watch", "explore")
_RESUME = "stopped; what was finished is on disk, the same command carries on from there"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status.

    0 done, 1 a failure while rendering, 2 a config or an option that cannot be used, 130 stopped
    by Ctrl-C or a signal.
    """
    ready_streams()
    words = sys.argv[1:] if arguments is None else list(arguments)
    parser = _parser()
    if "_ARGCOMPLETE" in os.environ:
        # A shell asks what may be typed next; nobody else waits for this import.
        import argcomplete

        argcomplete.autocomplete(parser)
    if not words:
        say(parser.format_help().rstrip())
        return UsageError.exit_status
    options = parser.parse_args(words)
    if options.resumes or options.command in _SERVING:
        for number in _STOPPING:
            # A run under nohup keeps ignoring the hang-up.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, partial(_stop, os.getpid()))
    if options.resumes:
        # Said before anything is loaded, which takes seconds on a small machine.
        names = options.config if isinstance(options.config, list) else [options.config]
        say(f"{options.command}: {', '.join(map(printable_name, names))}".rstrip(": "))
    try:
        options.run(options)
    except (KeyboardInterrupt, Interrupted):
        say(f"\n{_RESUME if options.resumes else 'stopped'}")
        return Interrupted.exit_status
    except PipelineError as error:
        say(str(error))
        return error.exit_status
    except OSError as error:
        say(os_error_text(error))
        return 1
    return 0


def _stop(command: int, number: int, _: FrameType | None) -> None:
    """Stop cleanly, which takes a moment; at the next signal, stop at once."""
    if os.getpid() != command:
        # A process forked from the command: the signal does what it does by default.
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        return
    for again in _STOPPING:
        if signal.getsignal(again) is not signal.SIG_IGN:
            signal.signal(again, _stop_now)
    raise Interrupted(signal.Signals(number).name)


def _stop_now(_number: int, _frame: FrameType | None) -> None:
    # Files that are half written have no final names yet. Workers and the encoder end by
    # themselves, as after a kill.
    with contextlib.suppress(OSError):
        os.write(2, f"\n{_RESUME}\n".encode())
    remove_run_folder()
    os._exit(Interrupted.exit_status)


def _parser() -> argparse.ArgumentParser:
    # Each command's module is imported only when it runs, so that the program starts quickly.
    parser = Parser(
        prog=program(),
        description="Mandelbrot zooms: one YAML file in, one MP4 out.",
        epilog=(
            f"{program()} COMMAND --help says what a command does, and what it writes;\n"
            'eval "$(mandelzoom completion bash)" has bash complete commands and options'
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=ShowVersions)
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", title="commands"
    )
    runs = {
        "zoom": _zoom, "recolour": _recolour, "palette": _palette, "export": _export,
        "player": _player, "preview": _preview, "plan": _plan, "still": _still, "find": _find,
        "discover": _discover, "watch": _watch, "explore": _explore, "import": _import,
        "devices": _devices, "schema": _schema, "completion": _completion, "bench": _bench,
        "clean": _clean,
    }  # fmt: skip  # what each command runs
    added = {name: add_command(commands, name) for name in runs}
    for name, run in runs.items():
        added[name].set_defaults(run=run, resumes=name not in _STATELESS)
    zoom, still, watch, importing = (added[name] for name in ("zoom", "still", "watch", "import"))
    zoom.add_argument(
        "config",
        type=Path,
        nargs="+",
        help="YAML files, or folders of YAML files; rendered one after the other",
    )
    zoom.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="count rows on the Dask cluster at tcp://HOST:8786, or on a local-cluster",
    )
    zoom.add_argument(
        "--progress-lines",
        action="store_true",
        help="print the progress of one config as JSON, a line at a time, for another program",
    )
    for name in ("recolour", "palette", "export", "player", "preview", "plan", "still", "watch"):
        added[name].add_argument("config", type=Path, help="the YAML file")
    for name in ("zoom", "recolour", "preview", "plan"):
        added[name].add_argument(
            "--for",
            dest="place",
            choices=PLACES,
            metavar="PLACE",
            help=f"the video as a place asks for it: {', '.join(PLACES)}",
        )
    chosen = still.add_mutually_exclusive_group()
    chosen.add_argument(
        "--frame", type=frame_number, metavar="N", help="the frame of this number, from 0"
    )
    chosen.add_argument("--time", metavar="S", help="the view at this time, in seconds")
    still.add_argument(
        "--raw",
        type=Path,
        metavar="FILE.npz",
        help="also write counts (n, smooth, outcome) and the view",
    )
    still.add_argument("--to", type=Path, metavar="FILE", help="the picture's file, .png or .jpg")
    still.add_argument(
        "--exr", type=Path, metavar="FILE.exr", help="also write N, NF, DEX and DEY as OpenEXR"
    )

    added["player"].add_argument(
        "--folder", action="store_true", help="write a folder with a file for each picture"
    )

    add_find_arguments(added["find"])
    add_discover_arguments(added["discover"])

    watch.add_argument(
        "--address",
        default="127.0.0.1:8000",
        metavar="HOST:PORT",
        help="where to listen; 0.0.0.0:8000 for the local network (default: 127.0.0.1:8000)",
    )

    added["explore"].add_argument("config", type=Path, nargs="?", help="a YAML file to begin with")
    added["explore"].add_argument(
        "--address",
        default="127.0.0.1:8000",
        metavar="HOST:PORT",
        help="where to listen; 0.0.0.0:8000 for the local network (default: 127.0.0.1:8000)",
    )
    added["explore"].add_argument(
        "--no-browser", action="store_true", help="do not open the page in a browser"
    )

    importing.add_argument("file", type=Path, help="the location, or the video")
    importing.add_argument(
        "config", type=Path, nargs="?", help="the config to write (default: configs/NAME.yaml)"
    )
    importing.add_argument(
        "--still", action="store_true", help="show the view alone, without a zoom to it"
    )

    added["schema"].add_argument(
        "--to", type=Path, metavar="FILE", help="write it to a file (default: print it)"
    )
    added["completion"].add_argument("shell", choices=("bash", "zsh", "fish"), metavar="SHELL")
    added["bench"].set_defaults(config=[])
    added["bench"].add_argument(
        "--json", type=Path, metavar="FILE", help="also write the table as JSON"
    )
    added["clean"].add_argument("name", help="name of the outputs: NAME of output/NAME.mp4")
    for name in runs.keys() - {
        "find",
        "discover",
        "explore",
        "import",
        "devices",
        "schema",
        "completion",
        "clean",
    }:
        added[name].add_argument(
            "--name", metavar="NAME", help="name of the outputs (default: that of the config)"
        )
    for name in ("zoom", "preview", "plan", "still", "explore"):
        added[name].add_argument(
            "--device",
            choices=("cpu", "gpu", "auto", "numpy"),
            metavar="DEVICE",
            help="count by cpu, gpu, auto or numpy, whatever the config says",
        )
    for name in runs.keys() - {"find", "import", "devices", "schema", "completion"}:
        added[name].add_argument(
            "--output",
            type=Path,
            default=Path("output"),
            metavar="FOLDER",
            help="the folder of all outputs (default: output)",
        )
    return parser


def _zoom(options: argparse.Namespace) -> None:
    from pipeline.cli.zoom import zoom, zoom_all

    if len(options.config) == 1 and not options.config[0].is_dir():
        zoom(
            options.config[0], options.output, options.name, options.scheduler, options.place,
            options.device, options.progress_lines,
        )  # fmt: skip  # one call
    elif options.progress_lines:
        raise UsageError("--progress-lines is for one config")
    elif options.name is not None:
        raise UsageError("--name is for one config; many are called as their files")
    else:
        zoom_all(options.config, options.output, options.scheduler, options.place, options.device)


def _recolour(options: argparse.Namespace) -> None:
    from pipeline.cli.zoom import recolour

    recolour(options.config, options.output, options.name, options.place)


def _palette(options: argparse.Namespace) -> None:
    from pipeline.cli.palette import palette

    palette(options.config, options.output, options.name)


def _export(options: argparse.Namespace) -> None:
    from pipeline.cli.export import export

    export(options.config, options.output, options.name)


def _player(options: argparse.Namespace) -> None:
    from pipeline.cli.player import player

    player(options.config, options.output, options.name, options.folder)


def _preview(options: argparse.Namespace) -> None:
    from pipeline.cli.preview import preview

    preview(options.config, options.output, options.name, options.place, options.device)


def _plan(options: argparse.Namespace) -> None:
    from pipeline.cli.plan import plan

    plan(options.config, options.output, options.name, options.place, options.device)


def _still(options: argparse.Namespace) -> None:
    from pipeline.cli.still import still

    chosen = options.frame, options.time
    files = options.raw, options.exr, options.to
    still(options.config, options.output, options.name, *chosen, *files, options.device)


def _find(options: argparse.Namespace) -> None:
    from pipeline.cli.find import find

    view = options.center, options.width, options.frame, options.time
    find(options.config, *view, options.pick, options.fit, options.write, options.replace)


def _watch(options: argparse.Namespace) -> None:
    from pipeline.cli.watch import watch

    watch(options.config, options.output, options.address, options.name)


def _explore(options: argparse.Namespace) -> None:
    from pipeline.cli.explore import explore

    explore(options.config, options.output, options.address, not options.no_browser, options.device)


def _discover(options: argparse.Namespace) -> None:
    from pipeline.cli.discover import discover

    discover(options.seed, options.depth, options.count, options.output)


def _import(options: argparse.Namespace) -> None:
    from pipeline.cli.importing import import_location

    import_location(options.file, options.config, options.still)


def _devices(_options: argparse.Namespace) -> None:
    from pipeline.cli.devices import devices

    devices()


def _schema(options: argparse.Namespace) -> None:
    from pipeline.cli.schema import schema

    schema(options.to)


def _completion(options: argparse.Namespace) -> None:
    from pipeline.cli.completion import completion

    completion(options.shell)


def _bench(options: argparse.Namespace) -> None:
    # numpy's own threads would blur what is compared.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from pipeline.cli.bench import bench

    bench(options.output, options.json, options.name)


def _clean(options: argparse.Namespace) -> None:
    from pipeline.cli.clean import clean

    clean(options.name, options.output)
