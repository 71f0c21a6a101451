"""The texts of the command line: help of each command, and messages for wrong arguments."""

import argparse
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NoReturn

from pipeline.config.fault import nearest
from pipeline.errors import printable_name
from pipeline.system.invocation import program
from pipeline.system.terminal import say, show

# For each command: a line for the list, its description, and the arguments of an example.
COMMANDS = {
    "zoom": (
        "make the video, or what is missing of it",
        "Make the video of a config, or what is missing of it: counts that are stored are not\n"
        "computed again, and a run that was stopped goes on where it was.\n"
        "Writes output/NAME.mp4, and beside it the folder output/NAME/ with the counts, the\n"
        "encoded segments, the log, the status page index.html and report.json; for a place,\n"
        "output/NAME-PLACE.mp4 from the same counts.",
        "configs/seahorse.yaml",
    ),
    "recolour": (
        "the video again, from stored counts alone",
        "Make the video again after its colours, frame rate or codec were changed, from stored\n"
        "counts alone; where some are missing it says so, and computes nothing.\n"
        "Writes output/NAME.mp4, as zoom does.",
        "configs/seahorse.yaml",
    ),
    "palette": (
        "one PNG of the zoom in many looks, each labelled",
        "Show the zoom in many looks, the config's own first, each labelled with the YAML to copy\n"
        "into the config.\n"
        "Writes output/NAME-palettes.png.",
        "configs/seahorse.yaml",
    ),
    "export": (
        "the zoom's bands as OpenEXR files",
        "Write the bands of a zoom as an exponential map, one OpenEXR file an octave, for zoomasm\n"
        "and compositors; what is not stored is computed, and stored.\n"
        "Writes output/NAME-exr/000.exr and so on.",
        "configs/seahorse.yaml",
    ),
    "player": (
        "one page in which the zoom is scrubbed and zoomed by hand",
        "Make a page that shows the zoom in any browser, on a phone as well, without a network:\n"
        "scrub along the film, play it, zoom with wheel or fingers, and turn it. What is not\n"
        "stored is computed, and stored.\n"
        "Writes output/NAME-player.html; of a very deep zoom, or with --folder, the folder\n"
        "output/NAME-player/ with index.html.",
        "configs/seahorse.yaml",
    ),
    "preview": (
        "the same video small and quick",
        "Make the video at a quarter of its size with ten frames a second, to see how it moves.\n"
        "Writes output/NAME-preview.mp4, and the folder output/NAME-preview/.",
        "configs/seahorse.yaml",
    ),
    "plan": (
        "check the config and say what a render would take",
        "Check a config, and say what rendering it would do: its frames, its depth, and about how\n"
        "much time, memory and disk space it takes. Renders nothing.",
        "configs/seahorse.yaml",
    ),
    "still": (
        "one frame as PNG; the last, unless told otherwise",
        "Draw one frame of the video; the last, unless told otherwise.\n"
        "Writes output/NAME-000090.png for frame 90, output/NAME.png where there is only one, or\n"
        "what --to names; its counts are stored.",
        "configs/seahorse.yaml --time 3",
    ),
    "find": (
        "the minibrots, spirals and tips of a view, and a zoom to one",
        "List the places of a view that are worth going to: minibrots with their periods and\n"
        "sizes, the eyes of spirals, tips and hubs; and print one of them, the first unless told\n"
        "otherwise, as a keyframe to paste, with all the digits that it needs. The view is that\n"
        "of a config's last keyframe, or of --frame or --time; or --center and --width.\n"
        "Writes nothing but the config that --write names.",
        "configs/seahorse.yaml --write configs/found.yaml",
    ),
    "discover": (
        "proposals of zooms: a sheet of them, and a config for each",
        "Look for zooms worth making: ways down through minibrots and the Julia sets around them,\n"
        "by chance, chosen by what there is to see along the whole way. The same seed finds the\n"
        "same zooms.\n"
        "Writes output/discover/SEED.png, a strip for each, and output/discover/SEED-NN.yaml.",
        "--seed 7 --depth 1e-40",
    ),
    "watch": (
        "serve the status page of a render to a browser",
        "Serve the status page of a render, and the finished video, to browsers on this machine\n"
        "or on the local network, until Ctrl-C. Writes nothing.",
        "configs/seahorse.yaml --address 0.0.0.0:8000",
    ),
    "explore": (
        "a page to find a place, look at it in any colours, and film the way there",
        "Serve a page to browsers on this machine, until Ctrl-C: zoom by wheel, pinch or keys to\n"
        "any depth, find minibrots and spirals, choose colours, set keyframes, save, render.\n"
        "Writes configs that you save, and what is kept for speed in output/explorer/.",
        "configs/seahorse.yaml",
    ),
    "import": (
        "a config from a location of another program, or from a video made here",
        "Make a config from a location that another program saved (.kfr, .toml, .ini, .imt,\n"
        ".xpf), or from a video made here, which holds its config.\n"
        "Writes configs/NAME.yaml, or the config that is named; never replaces a file.",
        "place.kfr configs/place.yaml",
    ),
    "devices": (
        "the graphics processors of this machine, tested and measured",
        "Find the graphics processors of this machine, test beside the processor whether they\n"
        "compute right, and measure how quick they are: what render.device: gpu and auto take.\n"
        "Writes nothing but what it found, among the compiled kernels.",
        "",
    ),
    "schema": (
        "the JSON Schema of the YAML, for editors",
        "Print the JSON Schema of a config, with which editors complete, explain and check its\n"
        "keys. A config names it in a comment on its first line:\n"
        "# yaml-language-server: $schema=schema.json\n"
        "Writes nothing but the file that --to names.",
        "--to schema.json",
    ),
    "completion": (
        "what has a shell complete commands and options",
        "Print what has a shell complete the commands, options and files of mandelzoom. In bash:\n"
        'eval "$(mandelzoom completion bash)", there or in ~/.bashrc. Writes nothing.',
        "bash",
    ),
    "bench": (
        "the article's table on this machine",
        "Compute the article's picture in each of its four ways and in this program's, and print\n"
        "how long each takes.\n"
        "Writes output/bench.png, the chart, and output/bench-article.png, the picture.",
        "--json output/bench.json",
    ),
    "clean": (
        "remove what was made of a config, and nothing else",
        "Remove what was made of a config, by the record in output/NAME/: the video, the stills\n"
        "and the folders that its commands wrote. What anybody else put there stays.",
        "seahorse",
    ),
}

_NEGATIVE_NUMBER = re.compile(r"-\.?[0-9].*", re.DOTALL)
_REQUIRED = re.compile(r"the following arguments are required: (.*)")
_CHOICE = re.compile(r"argument COMMAND: invalid choice: '(.*?)'(?: \(|, maybe).*", re.DOTALL)
_VALUE = re.compile(r"argument (\S+): invalid choice: '(.*?)'(?: \(|, maybe).*", re.DOTALL)
_UNKNOWN = re.compile(r"unrecognized arguments: (.*)", re.DOTALL)
_NO_VALUE = re.compile(r"argument (\S+): expected (one|at least one|[0-9]+) arguments?")
_TOGETHER = re.compile(r"argument (\S+): not allowed with argument (\S+)")
_AMBIGUOUS = re.compile(r"ambiguous option: (\S+) could match (.*)")
_EXPLICIT = re.compile(r"argument (\S+): ignored explicit argument .*")
_OTHER = re.compile(r"argument (\S+): (.*)", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """argparse's parser, with our messages, on streams that may fail."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Python 3.14 colours its help with escape sequences, which would be shown as text here.
        self.color = False

    def takes_numbers(self) -> None:
        """Take every word that begins like a negative number for one, such as -1.5e-3."""
        # argparse's own pattern has no exponents, before Python 3.14.
        self._negative_number_matcher = _NEGATIVE_NUMBER

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse; leftover arguments are a fault of the command, whose usage is then shown."""
        known, left = super().parse_known_args(args, namespace)
        if left:
            self.error("unrecognized arguments: " + "\n".join(left))
        return known, left

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and what would be right, and exit with status 2."""
        self.print_usage()
        say(f"{printable_name(self._in_our_words(message))}")
        raise SystemExit(2)

    def print_usage(self, file: Any = None) -> None:  # noqa: ARG002  # as argparse has it
        """Write the line of usage to the standard error."""
        say(self.format_usage().rstrip())

    def _print_message(self, message: str, file: Any = None) -> None:  # noqa: ARG002
        show(message.rstrip("\n"))

    def _in_our_words(self, message: str) -> str:
        """Return our message for one of argparse's, whose wording changes with Python's version."""
        options = [option for action in self._actions for option in action.option_strings]
        if match := _REQUIRED.fullmatch(message):
            return self._missing(match[1])
        if match := _CHOICE.fullmatch(message):
            near = nearest(match[1], COMMANDS)
            return f'"{match[1]}" is not a command{near}; the commands are {", ".join(COMMANDS)}'
        if match := _VALUE.fullmatch(message):
            return self._not_a_choice(match[1], match[2])
        if match := _UNKNOWN.fullmatch(message):
            words = match[1].split("\n")
            option = next((word for word in words if word.startswith("-")), "")
            if not option:
                return f'"{words[0]}" is one name too many; a name with spaces needs quotes'
            known = ", ".join(each for each in options if each.startswith("--"))
            near = nearest(option.partition("=")[0], options)
            return f"{option} is not an option here{near}; the options are {known}"
        if match := _NO_VALUE.fullmatch(message):
            values = f"{match[2]} values" if match[2].isdecimal() else "a value"
            return f"{match[1]} needs {values}: {self._with_value(match[1])}"
        if match := _TOGETHER.fullmatch(message):
            return f"{match[1]} and {match[2]} exclude each other; keep one"
        if match := _AMBIGUOUS.fullmatch(message):
            return f"{match[1]} may mean {match[2]}; write it in full"
        if match := _EXPLICIT.fullmatch(message):
            return f"{match[1]} takes no value; leave it out"
        match = _OTHER.fullmatch(message)
        return f"{match[1]}: {match[2]}" if match else message

    def _missing(self, names: str) -> str:
        command = self.prog.rpartition(" ")[2]
        if command not in COMMANDS:
            return f"say what to do: {', '.join(COMMANDS)}"
        return f"{command} needs a {names}, such as: {self.prog} {COMMANDS[command][2]}"

    def _not_a_choice(self, name: str, value: str) -> str:
        known: list[str] = []
        for action in self._actions:
            if name in (*action.option_strings, action.metavar):
                known = [str(choice) for choice in action.choices or ()]
        near = nearest(value, known)
        return f'{name}: "{value}" is not known{near}; it should be one of {", ".join(known)}'

    def _with_value(self, option: str) -> str:
        long = option.rpartition("/")[2]
        for action in self._actions:
            if long in action.option_strings:
                names = action.metavar or "VALUE"
                return f"{long} {names if isinstance(names, str) else ' '.join(names)}"
        return f"{long} VALUE"


def add_command(commands: "argparse._SubParsersAction[Parser]", name: str) -> Parser:
    """Add a command's parser, with its help."""
    line, description, example = COMMANDS[name]
    return commands.add_parser(
        name,
        help=line,
        description=description,
        epilog=f"example: {program()} {name} {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_find_arguments(find: Parser) -> None:
    """Add the arguments of `find`, some of which begin with a minus and are no options."""
    find.takes_numbers()
    find.add_argument("config", type=Path, nargs="?", help="the YAML file")
    chosen = find.add_mutually_exclusive_group()
    chosen.add_argument(
        "--frame", type=frame_number, metavar="N", help="the view of the frame of this number"
    )
    chosen.add_argument("--time", metavar="S", help="the view at this time, in seconds")
    find.add_argument(
        "--center", nargs=2, metavar=("RE", "IM"), help="the centre of the view, all its digits"
    )
    find.add_argument("--width", metavar="W", help="the width of the view")
    find.add_argument(
        "--pick", type=_row_number, default=1, metavar="N", help="the row to print and to write"
    )
    find.add_argument(
        "--fit",
        default="4",
        metavar="SIZES",
        help="the width that frames a place, in sizes of it (default: 4)",
    )
    find.add_argument(
        "--write", type=Path, metavar="FILE", help="write a config that zooms to the place"
    )
    find.add_argument("--replace", action="store_true", help="let --write replace a file")


def add_discover_arguments(discover: Parser) -> None:
    """Add the arguments of `discover`."""
    discover.add_argument(
        "--seed", type=_within("a seed", 0, 10**9), default=1, metavar="N",
        help="the number that chance begins with (default: 1)",
    )  # fmt: skip  # one call
    discover.add_argument(
        "--depth", type=_depth, default=Decimal("1e-40"), metavar="WIDTH",
        help="the width at which the zooms end (default: 1e-40)",
    )  # fmt: skip  # one call
    discover.add_argument(
        "--count", type=_within("a number of zooms", 1, 48), default=12, metavar="N",
        help="how many zooms to propose (default: 12)",
    )  # fmt: skip  # one call


def _within(what: str, low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers in a range."""

    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text[:12]) <= high or len(text) > 12:
            raise argparse.ArgumentTypeError(
                f'"{text[:40]}" is not {what}, a whole number from {low} to {high}'
            )
        return int(text)

    return read


# Periods grow threefold at each stop of a route: farther down most seeds would lead nowhere.
_SHALLOWEST, _DEEPEST = Decimal("1e-8"), Decimal("1e-160")


def _depth(text: str) -> Decimal:
    """Read the width at which zooms end."""
    try:
        width = Decimal(text[:40])
    except InvalidOperation:
        width = Decimal("NaN")
    if not (width.is_finite() and _DEEPEST <= width <= _SHALLOWEST):
        raise argparse.ArgumentTypeError(
            f'"{text[:40]}" is not a width, such as 1e-40, from 1e-160 to 1e-8'
        )
    return width


def _row_number(text: str) -> int:
    """Read the number of a row, from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f'"{text[:40]}" is not the number of a row, such as 2; the first is 1'
        )
    return int(text)


def frame_number(text: str) -> int:
    """Read the number of a frame.

    Raises
    ------
    ArgumentTypeError
        The text is not a whole number.
    """
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'"{text[:40]}" is not the number of a frame, such as 90; the first is 0'
        ) from None
