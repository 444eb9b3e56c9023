"""Files of documents, made behind each of the walls."""

from __future__ import annotations

import io

import pypdfium2
import pytest

from hub.editing.converter import Converter, Made, Wanted
from hub.formats import ydoc
from hub.sandbox.walls import Sandbox
from tests.unit.formats.test_making import PICTURE, RED, STATE


@pytest.mark.parametrize("format_", ["markdown", "docx", "odt", "pdf"])
async def test_behind_each_wall(walled: Sandbox, format_: str) -> None:
    converter = Converter(walled)
    about = "d_1", "rich", "Plan", 1_700_000_000
    made = await converter.make(format_, STATE, *about)
    if format_ == "markdown":
        assert isinstance(made, Made)
        assert made.data.startswith("# Überschrift".encode())
        return
    assert made == Wanted([PICTURE])
    made = await converter.make(format_, STATE, *about, {PICTURE: RED})
    assert isinstance(made, Made)
    assert made.data[:2] == (b"%P" if format_ == "pdf" else b"PK")


async def test_fonts_of_the_machine_are_seen(walled: Sandbox) -> None:
    """Arabic is in no font of the setter's own; DejaVu, which browsers come with, has it."""
    state = ydoc.of_text("مرحبا", 7)
    made = await Converter(walled).make("pdf", state, "d_1", "text", "T", 0)
    assert isinstance(made, Made)
    assert made.missing == ""
    (page,) = pypdfium2.PdfDocument(io.BytesIO(made.data))
    assert "مرحبا" in page.get_textpage().get_text_bounded()
