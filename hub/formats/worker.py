"""What runs inside a sandbox: a file becomes a document, a document goes back into its file.

``open``: the file → a part ``document {kind, …}`` with the document as one Yjs update.
``save``: frames ``file`` (as it was opened) and ``state`` (one Yjs update) → a part ``file``.
``merge``: frames ``file`` (as it was opened), ``other`` (another version) and ``state`` → a part
``merged {changes, conflicts, …}`` with what comes into the document as one Yjs update.
What the file itself forbids is a part ``refused {code, about}`` instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from hub.formats import merging, plaintext, ydoc
from hub.formats.merging import Take
from hub.sandbox.frames import Meta, Part, WorkError, decode
from hub.sandbox.walls import Program
from hub.sandbox.work import Kinds, work

FORMATS: Final = Program("hub.formats.worker")
"""This module, as a sandbox runs it."""

_KINDS: Final[Kinds] = {
    "open": ("hub.formats.worker", "opened"),
    "save": ("hub.formats.worker", "saved"),
    "merge": ("hub.formats.worker", "merged"),
}


def main(kind: str, options: str) -> None:
    """Raises: nothing that a file could cause."""
    work(_KINDS, kind, options)


def opened(
    file: BinaryIO, *, format: str, client: int, encoding: str | None = None
) -> Iterator[Part]:
    """Args:
    client: Yjs client id under which everything is written.
    encoding: of a text; null to find out.
    """
    if format != "text":
        raise WorkError("unsupported", format)
    try:
        read = plaintext.read(file.read(), encoding)
    except plaintext.NotText:
        yield _refused("not_text")
        return
    meta: Meta = {"kind": "text", "encoding": read.encoding, "damaged": read.damaged}
    yield Part("document", meta, ydoc.of_text(read.text, client))


def saved(
    file: BinaryIO, *, format: str, encoding: str | None = None, anew: str | None = None
) -> Iterator[Part]:
    """Args:
    encoding: of a text, as it was found when it was opened; ``anew``: what it shall be.
    """
    given = {part.name: part.body for part in decode(file.read())}
    if format != "text":
        raise WorkError("unsupported", format)
    try:
        read = plaintext.read(given["file"], encoding)
        body = plaintext.write(read, ydoc.text_of(given["state"]), anew=anew)
    except plaintext.NotText:
        yield _refused("not_text")
    except plaintext.Unwritable as error:
        yield _refused("unwritable_characters", error.characters[:20])
    else:
        yield Part("file", {}, body)


def merged(
    file: BinaryIO, *, format: str, client: int, take: Take, encoding: str | None = None
) -> Iterator[Part]:
    """Args:
    client: as in ``opened``.
    encoding: of a text, as it was found when it was opened.
    """
    given = {part.name: part.body for part in decode(file.read())}
    if format != "text":
        raise WorkError("unsupported", format)
    try:
        base, other = plaintext.read(given["file"], encoding), plaintext.read(given["other"])
    except plaintext.NotText:
        yield _refused("not_text")
        return
    found = merging.merge(base.text, ydoc.text_of(given["state"]), other.text, take)
    meta: Meta = {
        "changes": found.changes, "conflicts": found.conflicts, "encoding": other.encoding
    }  # fmt: skip
    update = ydoc.edit_text(given["state"], found.edits, client) if found.edits else b""
    yield Part("merged", meta, update)


def _refused(code: str, about: str = "") -> Part:
    return Part("refused", {"code": code, "about": about})
