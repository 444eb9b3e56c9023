"""Pictures that are put into files."""

from __future__ import annotations

import io

from PIL import Image, UnidentifiedImageError


def size_px(data: bytes) -> tuple[int, int] | None:
    """Width and height; null where that is no picture."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            width, height = image.size
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    return (width, height) if width > 0 and height > 0 else None
