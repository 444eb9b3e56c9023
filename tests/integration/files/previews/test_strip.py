"""A picture without the place where it was taken is still the same picture."""

from __future__ import annotations

import io
import struct

import pillow_heif
import pytest
from PIL import Image, PngImagePlugin

from hub.sandbox.walls import Failed, Made, Sandbox
from tests.integration.files.previews import pictures
from tests.integration.files.previews.pictures import GPS, ORIENTATION, PLACE

pillow_heif.register_heif_opener()
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + PLACE + b"</x:xmpmeta>"


async def stripped(sandbox: Sandbox, data: bytes) -> bytes:
    outcome = await sandbox.run("strip", data)
    assert isinstance(outcome, Made), outcome
    (part,) = outcome.parts
    return part.body


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def photo(kind: str, orientation: int) -> bytes:
    noisy = Image.merge("RGB", [Image.effect_noise((64, 48), 60 + at) for at in range(3)])
    options = {"exif": pictures.placed(orientation), "icc_profile": pictures.DISPLAY_P3}
    if kind == "JPEG":
        return pictures.written(noisy, kind, comment=PLACE, xmp=XMP, progressive=True, **options)
    if kind == "PNG":
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Comment", PLACE.decode())
        texts.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=False)
        return pictures.written(noisy, kind, pnginfo=texts, **options)
    return pictures.written(noisy, kind, xmp=XMP, **options)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", [1, 6])
async def test_the_place_goes_and_the_picture_stays(
    sandbox: Sandbox, kind: str, orientation: int
) -> None:
    data = photo(kind, orientation)
    before = opened(data)
    assert PLACE in data
    assert before.getexif().get_ifd(GPS)
    clean = await stripped(sandbox, data)
    after = opened(clean)
    assert PLACE not in clean
    assert not after.getexif().get_ifd(GPS)
    assert set(after.getexif()) <= {ORIENTATION}
    assert after.getexif().get(ORIENTATION, 1) == before.getexif().get(ORIENTATION, 1)
    assert after.format == before.format
    assert after.size == before.size
    assert after.tobytes() == before.tobytes()
    assert after.info["icc_profile"] == pictures.DISPLAY_P3
    # There is nothing left to take away.
    assert await stripped(sandbox, clean) == clean


async def test_what_follows_a_picture_goes(sandbox: Sandbox) -> None:
    film = struct.pack(">I4s", 8 + len(PLACE), b"mpvd") + PLACE
    for kind in ("JPEG", "PNG", "WEBP", "HEIF"):
        data = photo(kind, 6)
        assert PLACE not in await stripped(sandbox, data + film)


async def test_a_jpeg_of_several_pictures_keeps_the_first(sandbox: Sandbox) -> None:
    first, second = pictures.corners(), Image.new("RGB", (8, 8))
    data = pictures.written(
        first, "MPO", save_all=True, append_images=[second], exif=pictures.placed()
    )
    assert getattr(opened(data), "n_frames", 1) == 2
    clean = opened(await stripped(sandbox, data))
    assert clean.format == "JPEG"
    assert pictures.seen(clean) == ["red", "lime", "blue", "white"]


async def test_restarts_and_print_colours_are_kept(sandbox: Sandbox) -> None:
    image = pictures.corners(320, 240).convert("CMYK")
    data = pictures.written(image, "JPEG", restart_marker_blocks=3, exif=pictures.placed())
    clean = await stripped(sandbox, data)
    assert opened(clean).tobytes() == opened(data).tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
async def test_what_is_cut_off_is_damaged(sandbox: Sandbox, kind: str) -> None:
    data = photo(kind, 1)
    for cut in (12, len(data) // 3, len(data) - 3):
        outcome = await sandbox.run("strip", data[:cut])
        assert isinstance(outcome, Failed), cut
        assert outcome.reason == "damaged"


async def test_other_files_are_not_touched(sandbox: Sandbox) -> None:
    for data in (b"hello", b"", pictures.written(pictures.corners(), "GIF")):
        outcome = await sandbox.run("strip", data)
        assert isinstance(outcome, Failed)
        assert outcome.reason == "unsupported"
