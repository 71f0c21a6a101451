"""`watch`: serve the status page of a config to browsers on the local network."""

from pathlib import Path

from pipeline.config.load import load_config
from pipeline.errors import UsageError
from pipeline.plan.outputs import Outputs
from pipeline.system.terminal import say


def watch(path: Path, root: Path, address: str, name: str | None = None) -> None:
    """Serve the status page and the video of a config, and nothing else, until stopped.

    Raises
    ------
    UsageError
        The address cannot be used, or is taken; or what serves pages is not installed.
    """
    config = load_config(path, name=name)
    check_can_serve("watch")
    from pipeline.explorer.serving import Server
    from pipeline.explorer.watching import watch_app

    with Server(watch_app(Outputs.of(config, root)), address) as server:
        say(f"{server.shown} shows {config.name}; Ctrl-C ends")
        server.wait()


def check_can_serve(command: str) -> None:
    """Refuse a command that serves pages where the packages for that are not installed.

    Raises
    ------
    UsageError
        They are not.
    """
    try:
        import starlette  # noqa: F401  # asked whether it is there
        import uvicorn  # noqa: F401  # and this
    except ImportError:
        raise UsageError(
            f"{command} needs the packages starlette and uvicorn: pip install "
            '"mandelbrot-zoom-pipeline[explore]", or from a copy of the repository '
            'pip install ".[explore]"'
        ) from None
