"""Yjs documents made of what a format reads. Pure.

Everything is written under one client id, given by whoever asks, in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pycrdt import Doc, Text

from hub.formats.merging import Edit

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


def edit_text(state: bytes, edits: Sequence[Edit], client: int) -> bytes:
    """What changes a plain-text document so, as one update under a client id."""
    doc: Doc[Any] = Doc(client_id=client)
    doc.apply_update(state)
    before = doc.get_state()
    root = doc.get(_TEXT_ROOT, type=Text)
    text = str(root)
    with doc.transaction():
        # pycrdt counts in bytes of UTF-8.
        at, position = len(text.encode()), len(text)
        for one in reversed(edits):
            at -= len(text[one.end : position].encode())
            width = len(text[one.start : one.end].encode())
            at, position = at - width, one.start
            if width:
                del root[at : at + width]
            if one.text:
                root.insert(at, one.text)
    return doc.get_update(before)
