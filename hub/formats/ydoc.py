"""Yjs documents made of what a format reads. Pure.

Everything is written under one client id, given by whoever asks, in one transaction.
"""

from __future__ import annotations

from typing import Any, Final

from pycrdt import Doc, Text

_TEXT_ROOT: Final = "content"


def of_text(text: str, client: int) -> bytes:
    """A plain-text document as one update."""
    doc: Doc[Any] = Doc(client_id=client)
    root = doc.get(_TEXT_ROOT, type=Text)
    if text:
        with doc.transaction():
            root += text
    return doc.get_update()


def text_of(state: bytes) -> str:
    """The text of a plain-text document."""
    doc: Doc[Any] = Doc()
    doc.apply_update(state)
    return str(doc.get(_TEXT_ROOT, type=Text))
