"""Text files: a plain-text document each (``hub.formats.work.Format``)."""

from __future__ import annotations

from collections.abc import Iterator

from hub.formats import merging, plaintext, ydoc
from hub.formats.plaintext import TextFile
from hub.formats.refused import Refused
from hub.formats.rereading import reread
from hub.formats.work import Given
from hub.sandbox.frames import Meta, Part


def opened(data: bytes, given: Given) -> Iterator[Part]:
    file = read(data)
    meta: Meta = {"kind": "text", "encoding": file.encoding}
    yield Part("document", meta, ydoc.of_text(file.text, given.client))


def saved(data: bytes, state: bytes, given: Given) -> Iterator[Part]:
    file = read(data, given.encoding)
    yield Part("file", {}, written(file, ydoc.text_of(state), given.anew))


def merged(data: bytes, other: bytes, state: bytes, given: Given) -> Iterator[Part]:
    base, theirs = read(data, given.encoding), read(other, given.anew)
    if given.anew is None:
        found = merging.merge(base.text, ydoc.text_of(state), theirs.text, given.take)
    else:
        found = reread(base.text, ydoc.text_of(state), theirs.text)
    update = ydoc.edit_text(state, found.edits, given.client) if found.edits else b""
    yield incoming(found.changes, found.conflicts, theirs.encoding, update)


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
