"""`explore`: a page to find a place, look at it in any colours, and film the way there."""

import contextlib
import webbrowser
from pathlib import Path

from pipeline.cli.watch import host_and_port
from pipeline.config.load import load_config
from pipeline.errors import UsageError
from pipeline.plan.outputs import Outputs
from pipeline.plan.record import Owner
from pipeline.system.terminal import say

# Connections that are answered at once; a browser opens six.
_MOST_CONNECTIONS = 64


def explore(path: Path | None, root: Path, address: str, browser: bool) -> None:
    """Serve the explorer until stopped; `path` is a config to begin with.

    Raises
    ------
    UsageError
        The address cannot be used, or what serves pages is not installed.
    """
    try:
        import uvicorn
    except ImportError:
        raise UsageError(
            "explore needs the packages starlette and uvicorn: pip install mandelzoom[explore]"
        ) from None
    from pipeline.explorer.explorer import Explorer
    from pipeline.explorer.server import app_of

    config = None if path is None else load_config(path)
    host, port = host_and_port(address)
    explorer = Explorer(Outputs(root, "explorer", Owner("explorer", "explorer")), config=config)
    server = uvicorn.Server(
        uvicorn.Config(
            app_of(explorer), host=host, port=port, log_level="warning", access_log=False,
            server_header=False, limit_concurrency=_MOST_CONNECTIONS, timeout_keep_alive=20,
            ws="none", lifespan="off",
        )
    )  # fmt: skip  # one call
    shown = f"http://{host}:{port}/"
    say(f"{shown} is the explorer; Ctrl-C ends")
    if browser:
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(shown)
    try:
        server.run()
    finally:
        explorer.close()
