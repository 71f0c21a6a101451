"""Mandelbrot zooms: one YAML file in, one MP4 out; and from Python, any view as arrays.

The public names are those of `pipeline.api`, which is imported when the first of them is used::

    import pipeline as mz

    config = mz.load_config("configs/seahorse.yaml")
    view = mz.View(("-0.7436", "0.1318"), "1e-4", size=(640, 360))
    with mz.Session("output/cache", workers=4) as session:
        counts = session.counts(view, maxiter=5000)  # .n .smooth .outcome, shape (rows, columns)
        picture = session.picture(view, config.look)  # uint8, shape (rows, columns, 3)
        session.render(config)  # path of the video
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline import errors as errors
    from pipeline.api import Config as Config
    from pipeline.api import Look as Look
    from pipeline.api import Misiurewicz as Misiurewicz
    from pipeline.api import Nucleus as Nucleus
    from pipeline.api import Outcome as Outcome
    from pipeline.api import Session as Session
    from pipeline.api import View as View
    from pipeline.api import ViewCounts as ViewCounts
    from pipeline.api import find_misiurewicz as find_misiurewicz
    from pipeline.api import find_nucleus as find_nucleus
    from pipeline.api import load_config as load_config

__version__ = "0.1.0"

_API = (
    "Config", "Look", "Misiurewicz", "Nucleus", "Outcome", "Session", "View", "ViewCounts",
    "errors", "find_misiurewicz", "find_nucleus", "load_config",
)  # fmt: skip  # a list
__all__ = [*_API, "__version__"]  # its names are strings


def __getattr__(name: str) -> Any:
    # Workers import this package thousands of times, and need none of it.
    if name not in _API:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pipeline import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted(__all__)
