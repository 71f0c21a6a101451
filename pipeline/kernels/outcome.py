"""Why a pixel's iteration ended."""

from enum import IntEnum


class Outcome(IntEnum):
    """Why a pixel's iteration ended; the values are what the store and `--raw` files hold."""

    ESCAPED = 0
    """The orbit left the disc of radius 2 within `maxiter` checks."""
    INTERIOR = 1
    """Proved never to escape."""
    UNRESOLVED = 2
    """`maxiter` was reached; a larger one may free it."""
