"""Pictures that are put into files."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

_ORIENTATION: Final = 0x0112
"""The EXIF tag."""


def upright(data: bytes) -> bytes | None:
    """A picture as it is looked at: turned as its camera says, one frame, in a format that every
    reader of files has; null where it is none, or damaged."""
    made = io.BytesIO()
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            turned = ImageOps.exif_transpose(image)
            if image.format == "JPEG" and image.mode in ("L", "RGB"):
                if turned.size == image.size and image.getexif().get(_ORIENTATION, 1) == 1:
                    return data
                turned.save(made, "JPEG", quality=92)
            elif image.format == "PNG" and image.mode in ("L", "LA", "P", "RGB", "RGBA"):
                return data
            else:
                turned.convert("RGBA").save(made, "PNG")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return made.getvalue()


def size_px(data: bytes) -> tuple[int, int] | None:
    """Width and height; null where that is no picture."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            width, height = image.size
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    return (width, height) if width > 0 and height > 0 else None
