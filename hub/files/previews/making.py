"""What is made of one file, kind by kind: which workers are asked, and what is taken of what they
say.

Knows no rows and no store. A worker has touched foreign bytes: nothing it says is believed beyond
what it has to be.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hub.files.previews.kinds import Nature, office_suffix
from hub.sandbox import frames
from hub.sandbox.frames import Reason
from hub.sandbox.walls import OFFICE, Failed, Outcome, Sandbox

THUMB_SIDE: Final = 480
VIEW_SIDE: Final = 2048
PAGE_WIDTH: Final = 1600
TEXT_BYTES: Final = 2 << 20
WEBP: Final = "image/webp"
PDF: Final = "application/pdf"
DECODED: Final = frozenset({"image", "pdf", "office", "text", "code", "markdown"})
"""Kinds of which anything is made; of the others the kind is all."""

_MOST: Final = 2**31 - 1


@dataclass(slots=True)
class Picture:
    """One part: ``part`` is its name."""

    part: str
    media_type: str
    body: bytes
    width: int | None = None
    height: int | None = None


@dataclass(slots=True)
class Making:
    """What came of a file.

    Attributes:
        width, height: of a picture, upright.
        reason: why there is less than the kind could have.
        truncated: there is more text than ``text``.
    """

    width: int | None = None
    height: int | None = None
    pages: int | None = None
    reason: Reason | None = None
    text: str | None = None
    truncated: bool = False
    parts: list[Picture] = field(default_factory=list)


MOST_PAGES: Final = 2000
"""More than people look through."""


async def make(sandbox: Sandbox, is_: Nature, source: Path) -> Making:
    """Args:
    source: the whole file.
    """
    making = Making()
    if is_.kind == "image":
        # What a browser can show it shows better than a copy.
        sides = [THUMB_SIDE] if is_.inline else [THUMB_SIDE, VIEW_SIDE]
        _take(making, await sandbox.run("image", source, {"sides": sides}))
    elif is_.kind == "pdf":
        _take(making, await _pdf(sandbox, source, text=True))
    elif is_.kind == "office":
        await _office(making, sandbox, is_, source)
    elif is_.kind in DECODED:
        _take(making, await sandbox.run("text", source, {"max_bytes": TEXT_BYTES}))
    return making


async def page(sandbox: Sandbox, source: Path | bytes, number: int) -> Picture | Reason:
    """A page of a PDF document, from 1; or why there is none."""
    options = {"numbers": [number - 1], "width": PAGE_WIDTH}
    outcome = await sandbox.run("pdf", source, options)
    if isinstance(outcome, Failed):
        return outcome.reason
    making = Making()
    _take(making, outcome, page=f"page-{number}")
    return making.parts[0] if making.parts else "damaged"


async def _pdf(sandbox: Sandbox, source: Path | bytes, *, text: bool) -> Outcome:
    options = {"numbers": [0], "width": THUMB_SIDE, "text_bytes": TEXT_BYTES if text else 0}
    return await sandbox.run("pdf", source, options)


async def _office(making: Making, sandbox: Sandbox, is_: Nature, source: Path) -> None:
    """Its words are read without LibreOffice; its pages with it, where it is there."""
    words = await sandbox.run("office_text", source)
    _take(making, words)
    options = {"suffix": office_suffix(is_.media_type)}
    converted = await sandbox.run("office_pdf", source, options, limits=OFFICE)
    body = b""
    if not isinstance(converted, Failed):
        body = next((one.body for one in converted.parts if one.name == "pdf"), b"")
    if body.startswith(b"%PDF-"):
        pages = Making()
        _take(pages, await _pdf(sandbox, body, text=making.text is None))
        if pages.reason is None:
            making.pages, making.parts, making.reason = pages.pages, pages.parts, None
            making.parts.append(Picture("pdf", PDF, body))
            if making.text is None:
                making.text, making.truncated = pages.text, pages.truncated
        elif making.text is None:
            making.reason = pages.reason
    elif isinstance(converted, Failed):
        # That there is no LibreOffice is no fault of the file. The hub's own fault is tried again.
        worse = making.text is None and converted.reason != "unsupported"
        if worse or converted.reason == "sandbox":
            making.reason = converted.reason


def _take(making: Making, outcome: Outcome, page: str = "thumb") -> None:
    """What a worker made. ``page`` is what a page is for."""
    if isinstance(outcome, Failed):
        making.reason = outcome.reason
        return
    for part in outcome.parts:
        if part.name == "picture":
            making.width, making.height = _number(part, "width"), _number(part, "height")
        elif part.name == "document":
            making.pages = min(_number(part, "pages") or 0, MOST_PAGES) or None
        elif part.name == "thumbnail":
            name = "thumb" if _number(part, "side") == THUMB_SIDE else "view"
            _add(making, name, part)
        elif part.name == "page":
            _add(making, page, part)
        elif part.name == "text":
            body = part.body[:TEXT_BYTES].decode("utf-8", "ignore")
            making.text = body.replace("\0", "\N{REPLACEMENT CHARACTER}")
            making.truncated = part.meta.get("truncated") is True or len(part.body) > TEXT_BYTES


def _add(making: Making, name: str, part: frames.Part) -> None:
    is_webp = part.body[:4] == b"RIFF" and part.body[8:12] == b"WEBP"
    if not is_webp or any(one.part == name for one in making.parts):
        making.reason = "damaged"
        return
    size = _number(part, "width"), _number(part, "height")
    making.parts.append(Picture(name, WEBP, part.body, *size))


def _number(part: frames.Part, name: str) -> int | None:
    value = part.meta.get(name)
    return value if type(value) is int and 0 <= value <= _MOST else None
