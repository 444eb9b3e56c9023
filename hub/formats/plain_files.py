"""Text files: a plain-text document each (``hub.formats.worker.Format``)."""

from __future__ import annotations

from hub.formats import merging, plaintext, ydoc
from hub.formats.merging import Take
from hub.formats.plaintext import TextFile
from hub.formats.refused import Refused
from hub.sandbox.frames import Meta, Part


def opened(data: bytes, client: int) -> Part:
    file = read(data)
    meta: Meta = {"kind": "text", "encoding": file.encoding}
    return Part("document", meta, ydoc.of_text(file.text, client))


def saved(data: bytes, state: bytes, encoding: str | None, anew: str | None) -> Part:
    return Part("file", {}, written(read(data, encoding), ydoc.text_of(state), anew))


def merged(
    data: bytes, other: bytes, state: bytes, client: int, take: Take, encoding: str | None
) -> Part:
    base, theirs = read(data, encoding), read(other)
    found = merging.merge(base.text, ydoc.text_of(state), theirs.text, take)
    update = ydoc.edit_text(state, found.edits, client) if found.edits else b""
    return incoming(found.changes, found.conflicts, theirs.encoding, update)


def read(data: bytes, encoding: str | None = None) -> TextFile:
    """Raises:
    Refused: ``not_text``.
    """
    try:
        return plaintext.read(data, encoding)
    except plaintext.NotText:
        raise Refused("not_text") from None


def written(file: TextFile, text: str, anew: str | None) -> bytes:
    """Raises:
    Refused: ``unwritable_characters``.
    """
    try:
        return plaintext.write(file, text, anew=anew)
    except plaintext.Unwritable as error:
        raise Refused("unwritable_characters", error.characters[:20]) from None


def incoming(changes: int, conflicts: int, encoding: str | None, update: bytes) -> Part:
    meta: Meta = {"changes": changes, "conflicts": conflicts, "encoding": encoding}
    return Part("merged", meta, update)
