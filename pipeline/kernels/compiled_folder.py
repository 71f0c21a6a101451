"""Where compiled kernels are kept between runs."""

import hashlib
import os
from pathlib import Path


def compiled_folder() -> Path:
    """Return where compiled kernels of exactly these sources are kept.

    numba looks only at the file of the function it compiled: left to itself it would go on using
    a kernel whose parts have changed in other files.
    """
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(named)
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(here.glob("*.py")):
        digest.update(source.read_bytes())
    beside = here / "__pycache__"
    if not os.access(beside if beside.exists() else here, os.W_OK):
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        beside = home / "mandelbrot-zoom-pipeline"
    return beside / f"kernels-{digest.hexdigest()[:16]}"
