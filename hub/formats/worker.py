"""What runs inside a sandbox: a file becomes a document, a document goes back into its file.

``open``: the file → a part ``document {kind, …}`` with the document as one Yjs update.
``save``: frames ``file`` (as it was opened) and ``state`` (one Yjs update) → a part ``file``.
``merge``: frames ``file`` (as it was opened), ``other`` (another version) and ``state`` → a part
``merged {changes, conflicts, …}`` with what comes into the document as one Yjs update.
What the file itself forbids is a part ``refused {code, about}`` instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final, Protocol

from hub.formats import marked, plain_files
from hub.formats.merging import Take
from hub.formats.refused import Refused
from hub.sandbox.frames import Part, WorkError, decode
from hub.sandbox.walls import Program
from hub.sandbox.work import Kinds, work

FORMATS: Final = Program("hub.formats.worker")
"""This module, as a sandbox runs it."""

_KINDS: Final[Kinds] = {
    "open": ("hub.formats.worker", "opened"),
    "save": ("hub.formats.worker", "saved"),
    "merge": ("hub.formats.worker", "merged"),
}


class Format(Protocol):
    """How files of one format are opened, saved and merged; each may raise ``Refused``.

    ``client``: a Yjs client id under which everything is written. ``encoding``: of a text, as it
    was found when it was opened; ``anew``: what it shall be.
    """

    def opened(self, data: bytes, client: int) -> Part: ...

    def saved(self, data: bytes, state: bytes, encoding: str | None, anew: str | None) -> Part: ...

    def merged(
        self, data: bytes, other: bytes, state: bytes, client: int, take: Take,
        encoding: str | None,
    ) -> Part: ...  # fmt: skip


_FORMATS: Final[Mapping[str, Format]] = {"text": plain_files, "markdown": marked}


def main(kind: str, options: str) -> None:
    """Raises: nothing that a file could cause."""
    work(_KINDS, kind, options)


def opened(file: BinaryIO, *, format: str, client: int) -> Iterator[Part]:
    try:
        yield _of(format).opened(file.read(), client)
    except Refused as refused:
        yield _refused(refused)


def saved(
    file: BinaryIO, *, format: str, encoding: str | None = None, anew: str | None = None
) -> Iterator[Part]:
    given = _given(file)
    try:
        yield _of(format).saved(given["file"], given["state"], encoding, anew)
    except Refused as refused:
        yield _refused(refused)


def merged(
    file: BinaryIO, *, format: str, client: int, take: Take, encoding: str | None = None
) -> Iterator[Part]:
    given = _given(file)
    try:
        yield _of(format).merged(
            given["file"], given["other"], given["state"], client, take, encoding
        )
    except Refused as refused:
        yield _refused(refused)


def _of(format_: str) -> Format:
    if format_ not in _FORMATS:
        raise WorkError("unsupported", format_)
    return _FORMATS[format_]


def _given(file: BinaryIO) -> dict[str, bytes]:
    return {part.name: part.body for part in decode(file.read())}


def _refused(refused: Refused) -> Part:
    return Part("refused", {"code": refused.code, "about": refused.about})
