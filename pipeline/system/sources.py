"""The sources of this package and their digest."""

import hashlib
from functools import lru_cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
"""The folder of this package's sources."""


@lru_cache(maxsize=2)
def sources_digest(package: Path = PACKAGE) -> str:
    """Return the digest of all sources of this package, equal where the same code runs."""
    digest = hashlib.sha256()
    for source in sorted([*package.rglob("*.py"), *package.rglob("*.wgsl")]):
        digest.update(str(source.relative_to(package)).encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]
