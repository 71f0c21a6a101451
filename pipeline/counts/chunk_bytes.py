"""The bytes of a chunk, compressed by Zstandard and back, never more than a chunk holds."""

import zstandard

_ZSTD_LEVEL = 1


def compressed(data: bytes) -> bytes:
    """Compress the bytes of a chunk; their number is in the header."""
    return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(data)


def size_named(packed: bytes) -> int:
    """Return the size that the header of compressed bytes names; ValueError where it is none."""
    try:
        return int(zstandard.get_frame_parameters(packed).content_size)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from None


def decompressed(packed: bytes, size: int) -> bytes:
    """Return the bytes of a chunk of known size.

    Raises
    ------
    ValueError
        The bytes are damaged, or of another size.
    """
    # Checked first: zstandard allocates whatever size the header names.
    if (named := size_named(packed)) != size:
        raise ValueError(f"its header names {named} bytes, a chunk has {size}")
    try:
        data: bytes = zstandard.ZstdDecompressor().decompress(packed, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from None
    if len(data) != size:
        raise ValueError(f"{len(data)} bytes, a chunk has {size}")
    return data
