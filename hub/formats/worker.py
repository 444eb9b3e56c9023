"""What runs inside a sandbox: a file becomes a document, a document goes back into its file.

``open``: the file → a part ``document {kind, …}`` with the document as one Yjs update.
``save``: frames ``file`` (as it was opened), ``state`` (one Yjs update), ``picture {attachment}`` →
a part ``file``, or ``wanted {attachments}``: pictures that are needed for it.
``merge``: frames ``file`` (as it was opened), ``other`` (another version) and ``state`` → a part
``merged {changes, conflicts, …}`` with what comes into the document as one Yjs update.
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
from hub.formats.work import Format, Given
from hub.sandbox.frames import Part, WorkError, decode
from hub.sandbox.walls import Program
from hub.sandbox.work import Kinds, work

FORMATS: Final = Program("hub.formats.worker")
"""This module, as a sandbox runs it."""

_KINDS: Final[Kinds] = {
    "open": ("hub.formats.worker", "opened"),
    "save": ("hub.formats.worker", "saved"),
    "merge": ("hub.formats.worker", "merged"),
    "replace": ("hub.formats.worker", "replaced"),
}


_FORMATS: Final[Mapping[str, str]] = {
    "text": "hub.formats.plain_files",
    "markdown": "hub.formats.marked",
    "docx": "hub.formats.docx.file",
    "odt": "hub.formats.odt.file",
}
"""Loaded when it is asked for."""


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
    parts = decode(file.read())
    given = {part.name: part.body for part in parts}
    pictures = {str(one.meta["attachment"]): one.body for one in parts if one.name == "picture"}
    asked = Given(
        document, encoding=encoding, anew=anew, pictures=pictures if complete else None
    )  # fmt: skip
    yield from _told(lambda: _of(format).saved(given["file"], given["state"], asked))


def merged(
    file: BinaryIO, *, format: str, document: str, client: int, take: Take,
    encoding: str | None = None,
) -> Iterator[Part]:  # fmt: skip
    given = {part.name: part.body for part in decode(file.read())}
    asked = Given(document, client, encoding, take=take)
    yield from _told(
        lambda: _of(format).merged(given["file"], given["other"], given["state"], asked)
    )


def replaced(file: BinaryIO, *, kind: str, client: int) -> Iterator[Part]:
    given = {part.name: part.body for part in decode(file.read())}
    wanted = msgspec.json.decode(given["wanted"], type=list[Replacement])
    replace = ydoc.replace_in_tree if kind == "rich" else ydoc.replace_in_text
    update, count = replace(given["state"], wanted, client)
    yield Part("replaced", {"count": count}, update)


def _told(make: Callable[[], Iterator[Part]]) -> Iterator[Part]:
    try:
        yield from make()
    except Refused as refused:
        yield Part("refused", {"code": refused.code, "about": refused.about})


def _of(format_: str) -> Format:
    if format_ not in _FORMATS:
        raise WorkError("unsupported", format_)
    return cast(Format, importlib.import_module(_FORMATS[format_]))
