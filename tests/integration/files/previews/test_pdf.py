"""Pages and text of PDF documents."""

from __future__ import annotations

import io

from PIL import Image

from hub.sandbox.walls import Failed, Made, Sandbox
from tests.integration.files.previews import pictures


async def test_pages_and_text(walled: Sandbox) -> None:
    outcome = await walled.run(
        "pdf", pictures.pdf(["Hello", "World"]),
        {"numbers": [0, 1, 2, -1], "width": 400, "text_bytes": 1000},
    )  # fmt: skip
    assert isinstance(outcome, Made), outcome
    document, first, second, text = outcome.parts
    assert document.meta == {"pages": 2}
    assert first.meta == {"number": 0, "width": 400, "height": 518}
    assert second.meta["number"] == 1
    image = Image.open(io.BytesIO(first.body), formats=["WEBP"]).convert("RGB")
    assert image.size == (400, 518)
    corner, other = image.getpixel((10, 508)), image.getpixel((390, 508))
    assert isinstance(corner, tuple)
    assert corner[2] > 200 > 60 > corner[0]
    assert other == (255, 255, 255)
    assert text.meta == {"truncated": False}
    assert text.body == b"Hello\fWorld\f"


async def test_both_sides_of_a_page_are_bounded(sandbox: Sandbox) -> None:
    outcome = await sandbox.run("pdf", pictures.pdf([""], (1, 20_000)), {"numbers": [0]})
    assert isinstance(outcome, Made), outcome
    assert outcome.parts[1].meta == {"number": 0, "width": 1, "height": 4096}
    outcome = await sandbox.run(
        "pdf", pictures.pdf([""], (14_400, 1)), {"numbers": [0], "width": 99_999}
    )
    assert isinstance(outcome, Made), outcome
    assert outcome.parts[1].meta == {"number": 0, "width": 4096, "height": 1}


async def test_the_text_is_bounded(sandbox: Sandbox) -> None:
    data = pictures.pdf(["\xe9" * 10] * 5)
    for bound, body, truncated in (
        (21, "é" * 10 + "\f", True),
        (22, "é" * 10 + "\f", True),
        (0, None, None),
        (105, ("é" * 10 + "\f") * 5, False),
    ):
        outcome = await sandbox.run("pdf", data, {"text_bytes": bound})
        assert isinstance(outcome, Made), outcome
        if body is None:
            assert len(outcome.parts) == 1
            continue
        assert outcome.parts[1].body.decode() == body
        assert outcome.parts[1].meta == {"truncated": truncated}


async def test_what_cannot_be_opened(sandbox: Sandbox) -> None:
    whole = pictures.pdf(["Hello"])
    for data, reason, detail in (
        (pictures.pdf(["Hello"], encrypted=True), "unsupported", "encrypted"),
        (whole[:60], "damaged", ""),
        (b"hello", "damaged", ""),
        (b"", "damaged", ""),
    ):
        outcome = await sandbox.run("pdf", data, {"numbers": [0]})
        assert isinstance(outcome, Failed), outcome
        assert outcome.reason == reason
        assert detail in outcome.detail
