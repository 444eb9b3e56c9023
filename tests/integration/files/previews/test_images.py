"""Thumbnails of pictures, by real decoders in a real cell."""

from __future__ import annotations

import io
from typing import Any

import pillow_heif
import pytest
from PIL import Image

from hub.sandbox.frames import Part
from hub.sandbox.walls import Failed, Limits, Made, Sandbox
from tests.integration.files.previews import pictures

pillow_heif.register_heif_opener()


async def made(sandbox: Sandbox, data: bytes, *sides: int) -> tuple[Part, list[Image.Image]]:
    outcome = await sandbox.run("image", data, {"sides": list(sides)})
    assert isinstance(outcome, Made), outcome
    first, *others = outcome.parts
    assert first.name == "picture"
    images = []
    for part in others:
        image = Image.open(io.BytesIO(part.body), formats=["WEBP"])
        assert (image.width, image.height) == (part.meta["width"], part.meta["height"])
        assert not image.getexif()
        assert "icc_profile" not in image.info
        images.append(image)
    return first, images


async def why(sandbox: Sandbox, data: bytes, **options: Any) -> str:
    outcome = await sandbox.run("image", data, {"sides": [320], **options})
    assert isinstance(outcome, Failed), outcome
    return outcome.reason


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("JPEG", "jpeg"), ("PNG", "png"), ("GIF", "gif"), ("WEBP", "webp"), ("BMP", "bmp"),
        ("TIFF", "tiff"), ("AVIF", "avif"), ("HEIF", "heif"),
    ],
)  # fmt: skip
async def test_every_format(sandbox: Sandbox, kind: str, name: str) -> None:
    data = pictures.written(pictures.corners(640, 480), kind)
    first, (large, small) = await made(sandbox, data, 320, 32)
    assert first.meta == {"width": 640, "height": 480, "format": name}
    assert (large.size, small.size) == ((320, 240), (32, 24))
    assert pictures.seen(large) == pictures.seen(small) == ["red", "lime", "blue", "white"]
    for cut in (20, len(data) // 2):
        assert await why(sandbox, data[:cut]) == "damaged"


async def test_in_every_cell(walled: Sandbox) -> None:
    for kind in ("AVIF", "HEIF"):  # these have threads
        _, images = await made(walled, pictures.written(pictures.corners(), kind), 320)
        assert images[0].size == (60, 40)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
async def test_pictures_stand_upright(sandbox: Sandbox, kind: str, orientation: int) -> None:
    data = pictures.written(pictures.turned(orientation), kind, exif=pictures.placed(orientation))
    first, (image,) = await made(sandbox, data, 30)
    assert (first.meta["width"], first.meta["height"]) == (60, 40)
    assert image.size == (30, 20)
    assert pictures.seen(image) == ["red", "lime", "blue", "white"]


async def test_wide_colours_become_srgb(sandbox: Sandbox) -> None:
    flat = Image.new("RGB", (64, 64), (200, 100, 50))
    _, (plain,) = await made(sandbox, pictures.written(flat, "PNG"), 64)
    _, (same,) = await made(
        sandbox, pictures.written(flat, "PNG", icc_profile=pictures.srgb_profile()), 64
    )
    _, (wide,) = await made(
        sandbox, pictures.written(flat, "PNG", icc_profile=pictures.DISPLAY_P3), 64
    )
    _, (broken,) = await made(
        sandbox, pictures.written(flat, "PNG", icc_profile=b"no profile" * 20), 64
    )

    def colour(image: Image.Image) -> tuple[int, ...]:
        pixel = image.convert("RGB").getpixel((32, 32))
        assert isinstance(pixel, tuple)
        return tuple(int(value) for value in pixel)

    def far(one: Image.Image, other: tuple[int, ...]) -> int:
        return max(abs(a - b) for a, b in zip(colour(one), other, strict=True))

    assert far(plain, (200, 100, 50)) <= 4
    assert far(same, (200, 100, 50)) <= 4
    assert far(broken, (200, 100, 50)) <= 4
    # By the matrices of both, but for WebP's loss.
    assert far(wide, (216, 93, 24)) <= 5


async def test_print_colours_and_palettes(sandbox: Sandbox) -> None:
    _, (cmyk,) = await made(
        sandbox, pictures.written(pictures.corners().convert("CMYK"), "JPEG"), 60
    )
    assert pictures.seen(cmyk) == ["red", "lime", "blue", "white"]
    palette = pictures.corners().quantize(4)
    _, (few,) = await made(sandbox, pictures.written(palette, "PNG"), 60)
    assert pictures.seen(few) == ["red", "lime", "blue", "white"]
    grey = Image.new("I;16", (8, 8), 128 * 256)
    _, (deep,) = await made(sandbox, pictures.written(grey, "PNG"), 8)
    assert deep.convert("L").getpixel((4, 4)) == pytest.approx(128, abs=2)


async def test_what_is_clear_stays_clear(sandbox: Sandbox) -> None:
    image = pictures.corners().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    _, (thumbnail,) = await made(
        sandbox, pictures.written(image, "PNG", icc_profile=pictures.DISPLAY_P3), 60
    )
    assert thumbnail.mode == "RGBA"
    alpha = thumbnail.getchannel("A")
    assert alpha.getpixel((30, 2)) < 30 < 220 < alpha.getpixel((30, 38))  # type: ignore[operator]
    gif = pictures.corners().quantize(4)
    _, (thumbnail,) = await made(sandbox, pictures.written(gif, "GIF", transparency=0), 60)
    assert thumbnail.mode == "RGBA"


async def test_a_bomb_is_not_lit(sandbox: Sandbox) -> None:
    outcome = await sandbox.run(
        "image", pictures.png_bomb(), {"sides": [320]},
        limits=Limits(wall_s=5, memory_bytes=300 << 20),
    )  # fmt: skip
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.detail) == ("too_large", "too many pixels")
    few = pictures.written(pictures.corners(), "PNG")
    assert await why(sandbox, few, max_pixels=60 * 40 - 1) == "too_large"
    await made(sandbox, few, 30)


async def test_a_picture_that_needs_too_much_memory_is_too_large(sandbox: Sandbox) -> None:
    data = pictures.written(Image.new("RGB", (9000, 9000)), "PNG", compress_level=1)
    outcome = await sandbox.run(
        "image", data, {"sides": [320]}, limits=Limits(memory_bytes=200 << 20)
    )
    assert isinstance(outcome, Failed)
    assert outcome.reason == "too_large"


async def test_a_very_thin_picture(sandbox: Sandbox) -> None:
    data = pictures.written(Image.new("RGB", (1, 20_000)), "PNG")
    _, (image,) = await made(sandbox, data, 320)
    assert image.size == (1, 320)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>'],
)
async def test_what_is_no_picture_is_not_shown(sandbox: Sandbox, data: bytes) -> None:
    assert await why(sandbox, data) == "unsupported"
