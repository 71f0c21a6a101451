"""Palettes as pictures: the first row of a PNG."""

import io
import struct
from typing import TYPE_CHECKING

import numpy as np

from pipeline.colour.look import Rgb
from pipeline.colour.palette_text import PaletteFileError

if TYPE_CHECKING:
    from PIL import Image

MOST_COLUMNS = 1 << 16
MOST_PIXELS = 1 << 24
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def colours_from_png(data: bytes) -> list[Rgb]:
    """Return the colours of a PNG's first row; its alpha is left out.

    Raises
    ------
    PaletteFileError
        It is not a PNG, is damaged, or is too large to be decoded for one row.
    """
    if not data.startswith(_SIGNATURE) or data[12:16] != b"IHDR" or len(data) < 24:
        raise PaletteFileError("is no PNG")
    columns, rows = struct.unpack(">II", data[16:24])
    if not 1 <= columns <= MOST_COLUMNS or not 1 <= rows <= MOST_PIXELS // columns:
        raise PaletteFileError(
            f"is {columns}×{rows} pixels large; a palette's picture is from 1 to {MOST_COLUMNS} "
            f"wide and has {MOST_PIXELS >> 20} million pixels at most"
        )
    # Imported here: it takes a tenth of a second, and most configs name no picture.
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            return _colours_of_row(picture.crop((0, 0, columns, 1)))
    except Exception as error:
        # Pillow raises exceptions of many classes for damaged files.
        raise PaletteFileError(f"is no whole PNG: {str(error) or type(error).__name__}") from None


def _colours_of_row(row: "Image.Image") -> list[Rgb]:
    if row.mode.startswith("I"):
        # 16 bits of grey: Pillow would cut them off at 255.
        grey = (np.asarray(row).astype(int)[0] >> 8).clip(0, 255).tolist()
        return list(zip(grey, grey, grey, strict=True))
    # By way of RGBA: Pillow warns when it has to drop the transparency of an indexed picture.
    pixels = row.convert("RGBA").tobytes()
    return list(zip(pixels[0::4], pixels[1::4], pixels[2::4], strict=True))
