"""`explore`: a page to find a place, look at it in any colours, and film the way there."""

import contextlib
import webbrowser
from pathlib import Path

from pipeline.cli.watch import check_can_serve
from pipeline.config.load import load_config
from pipeline.kernels.choice import CPU
from pipeline.plan.outputs import Outputs
from pipeline.plan.record import Owner
from pipeline.system.terminal import say


def explore(
    path: Path | None, root: Path, address: str, browser: bool, device: str | None = None
) -> None:
    """Serve the explorer until stopped; `path` is a config to begin with.

    Raises
    ------
    UsageError
        The address cannot be used, or what serves pages is not installed.
    """
    check_can_serve("explore")
    from pipeline.explorer.explorer import Explorer
    from pipeline.explorer.server import app_of
    from pipeline.explorer.serving import Server

    config = None if path is None else load_config(path)
    outputs = Outputs(root, "explorer", Owner("explorer", "explorer"))
    device = device or (CPU if config is None else config.device)
    explorer = Explorer(outputs, config=config, device=device)
    try:
        with Server(app_of(explorer), address) as server:
            say(f"{server.shown} is the explorer; Ctrl-C ends")
            if browser:
                with contextlib.suppress(webbrowser.Error):
                    webbrowser.open(server.shown)
            server.wait()
    finally:
        explorer.close()
