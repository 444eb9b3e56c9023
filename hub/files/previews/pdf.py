"""Pages and text of PDF documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from hub.files.previews.images import webp
from hub.sandbox.frames import Part, WorkError

TEXT_BYTES: Final = 2 << 20
MAX_SIDE: Final = 4096


def pages(
    file: BinaryIO,
    numbers: list[int] | None = None,
    width: int = 800,
    text_bytes: int = 0,
) -> Iterator[Part]:
    """``document {pages}``, then ``page {number, width, height}`` with WebP for each that is there,
    then ``text {truncated}`` with UTF-8 (a form feed after each page).

    Args:
        numbers: of pages, from 0.
        width: pixels, at most ``MAX_SIDE``; less where the height would be more than that.
        text_bytes: where the text is cut; 0 for none.

    Raises:
        WorkError: encrypted, damaged.
    """
    try:
        document = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD:
            raise WorkError("unsupported", "encrypted") from error
        raise WorkError("damaged", str(error)) from error
    count = len(document)
    yield Part("document", {"pages": count})
    try:
        for number in numbers or []:
            if 0 <= number < count:
                yield _page(document, number, width)
        if text_bytes:
            yield _text(document, text_bytes)
    except pypdfium2.PdfiumError as error:
        raise WorkError("damaged", str(error)) from error


def _page(document: pypdfium2.PdfDocument, number: int, width: int) -> Part:
    page = document[number]
    across, down = page.get_size()
    if not (across > 0 and down > 0):
        raise WorkError("damaged", "a page without a size")
    scale = min(min(width, MAX_SIDE) / across, MAX_SIDE / down)
    image = page.render(scale=scale).to_pil().convert("RGB")
    return Part(
        "page", {"number": number, "width": image.width, "height": image.height}, webp(image)
    )


def _text(document: pypdfium2.PdfDocument, text_bytes: int) -> Part:
    parts: list[bytes] = []
    left = text_bytes
    for number in range(len(document)):
        try:
            page = document[number]
            read = page.get_textpage()
        except pypdfium2.PdfiumError:
            continue  # the others may be well
        # A character is at least one byte.
        text = read.get_text_range(0, min(read.count_chars(), left + 1)) if left > 0 else "."
        read.close()
        page.close()
        part = text.replace("\r\n", "\n").encode("utf-8", "replace") + b"\f"
        parts.append(part[:left] if left > 0 else b"")
        left -= len(part)
        if left < 0:
            break
    body = b"".join(parts).decode("utf-8", "ignore").encode()
    return Part("text", {"truncated": left < 0}, body)
