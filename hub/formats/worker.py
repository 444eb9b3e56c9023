"""What runs inside a sandbox: a file becomes a document, a document goes back into its file.

``open``: the file → a part ``document {kind, …}`` with the document as one Yjs update.
``save``: frames ``file`` (as it was opened), ``state`` (one Yjs update), ``picture {attachment}`` →
a part ``file``, or ``wanted {attachments}``: pictures that are needed for it.
``merge``: frames ``file`` (as it was opened), ``other`` (another version) and ``state`` → a part
``merged {changes, conflicts, …}`` with what comes into the document as one Yjs update.
``make``: frames ``state`` and ``picture {attachment}`` → a part ``file {missing}`` of a format that
the document was not in, or ``wanted {attachments}``.
``replace``: frames ``state`` and ``wanted`` (what to replace, as JSON) → a part ``replaced
{count}`` with what does so as one Yjs update.
Pictures that a document shows are parts ``picture {type, extension}`` before the others. What the
file itself forbids is a part ``refused {code, about}`` instead.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Final, cast

import msgspec

from hub.formats import ydoc
from hub.formats.merging import Take
from hub.formats.refused import Refused
from hub.formats.replacing import Replacement
from hub.formats.work import About, Format, Given, Making
from hub.sandbox.frames import Part, WorkError, decode
from hub.sandbox.walls import Program
from hub.sandbox.work import Kinds, work

FORMATS: Final = Program("hub.formats.worker")
"""This module, as a sandbox runs it."""

_KINDS: Final[Kinds] = {
    "open": ("hub.formats.worker", "opened"),
    "save": ("hub.formats.worker", "saved"),
    "merge": ("hub.formats.worker", "merged"),
    "make": ("hub.formats.worker", "made"),
    "replace": ("hub.formats.worker", "replaced"),
}


_FORMATS: Final[Mapping[str, str]] = {
    "text": "hub.formats.plain_files",
    "markdown": "hub.formats.marked",
    "docx": "hub.formats.docx.file",
    "odt": "hub.formats.odt.file",
}
"""Loaded when it is asked for."""
_MADE: Final[Mapping[str, str]] = {
    "markdown": "hub.formats.marked",
    "docx": "hub.formats.docx.file",
    "odt": "hub.formats.odt.file",
    "pdf": "hub.formats.pdf.file",
}


def main(kind: str, options: str) -> None:
    """Raises: nothing that a file could cause."""
    work(_KINDS, kind, options)


def opened(file: BinaryIO, *, format: str, document: str, client: int) -> Iterator[Part]:
    data = file.read()
    yield from _told(lambda: _of(format).opened(data, Given(document, client)))


def saved(
    file: BinaryIO, *, format: str, document: str, encoding: str | None = None,
    anew: str | None = None, complete: bool = True,
) -> Iterator[Part]:  # fmt: skip
    """Args:
    complete: the pictures are those that there are.
    """
    given, pictures = _given(file)
    asked = Given(
        document, encoding=encoding, anew=anew, pictures=pictures if complete else None
    )  # fmt: skip
    yield from _told(lambda: _of(format).saved(given["file"], given["state"], asked))


def made(
    file: BinaryIO, *, format: str, document: str, kind: str, title: str, changed_s: int,
    complete: bool,
) -> Iterator[Part]:  # fmt: skip
    """Args:
    complete: the pictures are those that there are.
    """
    given, pictures = _given(file)
    asked = Given(document, pictures=pictures if complete else None)
    if format not in _MADE:
        raise WorkError("unsupported", format)
    making = cast(Making, importlib.import_module(_MADE[format]))
    yield from _told(lambda: making.made(given["state"], About(kind, title, changed_s), asked))


def merged(
    file: BinaryIO, *, format: str, document: str, client: int, take: Take,
    encoding: str | None = None, anew: str | None = None,
) -> Iterator[Part]:  # fmt: skip
    given, _ = _given(file)
    asked = Given(document, client, encoding, anew, take)
    yield from _told(
        lambda: _of(format).merged(given["file"], given["other"], given["state"], asked)
    )


def replaced(file: BinaryIO, *, kind: str, client: int) -> Iterator[Part]:
    given, _ = _given(file)
    wanted = msgspec.json.decode(given["wanted"], type=list[Replacement])
    replace = ydoc.replace_in_tree if kind == "rich" else ydoc.replace_in_text
    update, count = replace(given["state"], wanted, client)
    yield Part("replaced", {"count": count}, update)


def _given(file: BinaryIO) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Frames by their names, and pictures by their attachments."""
    parts = decode(file.read())
    pictures = {str(one.meta["attachment"]): one.body for one in parts if one.name == "picture"}
    return {part.name: part.body for part in parts if part.name != "picture"}, pictures


def _told(make: Callable[[], Iterator[Part]]) -> Iterator[Part]:
    try:
        yield from make()
    except Refused as refused:
        yield Part("refused", {"code": refused.code, "about": refused.about})


def _of(format_: str) -> Format:
    if format_ not in _FORMATS:
        raise WorkError("unsupported", format_)
    return cast(Format, importlib.import_module(_FORMATS[format_]))
