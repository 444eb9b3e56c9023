"""Small pictures of pictures."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from PIL import Image, ImageCms, UnidentifiedImageError

from hub.files.previews.kinds import sniff
from hub.sandbox.frames import Part, WorkError

# Pillow's names: only the decoder that the first bytes ask for is let at the file.
FORMATS: Final = {
    "image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP",
    "image/bmp": "BMP", "image/tiff": "TIFF", "image/avif": "AVIF", "image/heic": "HEIF",
    "image/heif": "HEIF",
}  # fmt: skip
MAX_PIXELS: Final = 100_000_000
MAX_SIDE: Final = 4096
QUALITY: Final = 80

_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def thumbnails(file: BinaryIO, sides: list[int], max_pixels: int = MAX_PIXELS) -> Iterator[Part]:
    """``picture {width, height, format, frames}``, then ``thumbnail {side, width, height}`` with
    WebP for each side; upright, in sRGB, with its transparency, never larger than the original.

    Args:
        sides: pixels of the longer side, at most ``MAX_SIDE``.
        max_pixels: width times height above which it is not decoded.

    Raises:
        WorkError: too large, damaged, or no such format.
    """
    image = opened(file, max_pixels)
    turn = orientation(image)
    width, height = image.size if turn < 5 else image.size[::-1]
    kind = "jpeg" if image.format == "MPO" else str(image.format).lower()
    yield Part("picture", {"width": width, "height": height, "format": kind})
    sides = sorted({min(max(side, 1), MAX_SIDE) for side in sides}, reverse=True)
    if not sides:
        return
    profile = image.info.get("icc_profile")
    # JPEG alone can be decoded at a fraction of its size.
    image.draft(None, (sides[0] * 2, sides[0] * 2))
    small = _scalable(image)
    small.thumbnail((sides[0], sides[0]), reducing_gap=2.0)
    small = _in_srgb(small, profile)
    if turn in _UPRIGHT:
        small = small.transpose(_UPRIGHT[turn])
    for side in sides:
        small.thumbnail((side, side))
        yield Part(
            "thumbnail",
            {"side": side, "width": small.width, "height": small.height},
            webp(small),
        )


def opened(file: BinaryIO, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """A picture of which only the head was read, and which is not too large.

    Raises:
        WorkError: as ``thumbnails``.
    """
    head = file.read(64)
    file.seek(0)
    name = FORMATS.get(sniff(head) or "")
    if name is None:
        raise WorkError("unsupported", "no picture")
    if name == "HEIF" and not _heif():
        raise WorkError("unsupported", "no decoder for HEIC is installed")
    # Pillow refuses above twice this, later too, when a frame is larger than the picture said.
    Image.MAX_IMAGE_PIXELS = max_pixels
    warnings.simplefilter("ignore")
    try:
        image = Image.open(file, formats=[name])
    except UnidentifiedImageError as error:
        raise WorkError("damaged", f"no {name}") from error
    except Image.DecompressionBombError as error:
        raise WorkError("too_large", "too many pixels") from error
    if image.width * image.height > max_pixels:
        raise WorkError("too_large", f"{image.width} x {image.height} pixels")
    return image


def orientation(image: Image.Image) -> int:
    """1 to 8 as in EXIF; 1 where it says nothing that can be read."""
    try:
        value: Any = image.getexif().get(_ORIENTATION, 1)
    except (SyntaxError, ValueError, OSError, KeyError, TypeError, struct.error):
        return 1
    return value if value in _UPRIGHT else 1


def webp(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()


def _heif() -> bool:
    try:
        from pi_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener(thumbnails=False)
    return True


def _scalable(image: Image.Image) -> Image.Image:
    """In a mode in which mean values of pixels make sense."""
    if image.mode in ("P", "PA", "LA") or "transparency" in image.info:
        clear = image.mode != "P" or "transparency" in image.info
        return image.convert("RGBA" if clear else "RGB")
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith("I"):  # 16 bits of grey
        image.load()
        return image.point(lambda value: value * (1 / 256)).convert("L")
    return image


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    clear = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    if image.mode == "RGBA":
        image = image.convert("RGB")
    if profile and image.mode in ("RGB", "CMYK", "L", "LAB"):
        try:
            there = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            here = ImageCms.createProfile("sRGB")
            changed = ImageCms.profileToProfile(image, there, here, outputMode="RGB")
            image = changed or image
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a broken profile is as good as none
    if image.mode != "RGB":
        image = image.convert("RGB")
    if clear is not None:
        image.putalpha(clear)
    image.info.clear()  # no profile, no place of taking
    return image
