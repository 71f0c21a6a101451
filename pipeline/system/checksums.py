"""Checksums of files: CRC-32, which no single flipped bit escapes, nor any burst of 32."""

import zlib
from pathlib import Path

# 3.4 GB/s on an EPYC, where SHA-256 reads 1.5 and BLAKE2b 0.7: far quicker than any disk of a Pi.
_READ_BYTES = 1 << 24


def crc32_of(path: Path, length: int | None = None) -> int | None:
    """Return the CRC-32 of a file, or of its first bytes; None if there are fewer.

    Of a folder of files: that of their names and contents, in the order of the names.
    """
    if path.is_dir():
        checksum = 0
        for remote_worker in sorted(path.iterdir()):
            line = f"{remote_worker.name}\n{crc32_of(remote_worker)}\n"
            checksum = zlib.crc32(line.encode(errors="surrogateescape"), checksum)
        return checksum
    checksum, left = 0, length
    with path.open("rb") as file:
        while left is None or left > 0:
            part = file.read(_READ_BYTES if left is None else min(left, _READ_BYTES))
            if not part:
                break
            checksum = zlib.crc32(part, checksum)
            left = None if left is None else left - len(part)
    return None if left else checksum
