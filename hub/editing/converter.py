"""Files to documents and back, in workers of their own (``hub.formats.worker``): foreign bytes, and
work that takes long, never touch the process that serves people. Nothing a worker says is believed
beyond what it has to be; what it made is checked where it is taken in.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from hub.editing import refusals
from hub.formats.merging import Take
from hub.formats.pictures import kind_of
from hub.formats.replacing import Replacement
from hub.formats.worker import FORMATS
from hub.sandbox.frames import Meta, Part, encode
from hub.sandbox.walls import Failed, Limits, Sandbox

AT_ONCE: Final = 4
MAX_PICTURES: Final = 1000
MAX_MISSING: Final = 40
_CODE: Final = re.compile(r"[a-z_]{1,40}")
_ATTACHMENT: Final = re.compile(r"a_[A-Za-z0-9_-]{22}")
_CODEC: Final = re.compile(r"[a-z0-9_-]{1,40}")
_WRITES: Final = frozenset(("save", "make", "replace"))
"""Of the files and documents that these read, the hub has read all before."""
_LIMITS: Final = Limits(
    wall_s=60, nice=5, cpu_s=45, memory_bytes=2 << 30, input_bytes=160 << 20,
    output_bytes=96 << 20,
)  # fmt: skip


class Opened(NamedTuple):
    """``update``: the document as one Yjs update. ``encoding``: of a text. ``notices``: codes of
    what people should know before they save. ``pictures``: those that it shows."""

    kind: str
    update: bytes
    encoding: str | None
    notices: list[str]
    pictures: list[bytes]


class Incoming(NamedTuple):
    """``update``: what comes in, empty for nothing: ``changes``, beside ``conflicts``. ``encoding``
    of the other version, if it is a text. ``pictures``: those that come along."""

    update: bytes
    changes: int
    conflicts: int
    encoding: str | None
    pictures: list[bytes]


class Wanted(NamedTuple):
    """Pictures, by the attachments that show them, that are to be given with a save."""

    attachments: list[str]


class Made(NamedTuple):
    """A file, and the characters that it cannot show."""

    data: bytes
    missing: str


class Converter:
    """One per process.

    Attributes:
        turn: to be held from before a file is read until its conversion is done: files in memory
            are bounded by it.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.turn = asyncio.Semaphore(AT_ONCE)
        self._sandbox = sandbox

    async def open(self, format_: str, data: bytes, document: str, client: int) -> Opened:
        """A file as a document with this id, written under a Yjs client id.

        Raises:
            HubError: of ``hub.editing.refusals``.
        """
        options: Meta = {"format": format_, "document": document, "client": client}
        parts = await self._parts("open", data, options)
        part = _one(parts, "document")
        return Opened(
            "rich" if part.meta.get("kind") == "rich" else "text", part.body,
            _encoding(part), _notices(part), _pictures(parts),
        )  # fmt: skip

    async def save(
        self, format_: str, file: bytes, state: bytes, document: str, encoding: str | None,
        anew: str | None, pictures: Mapping[str, bytes] | None = None,
    ) -> bytes | Wanted:  # fmt: skip
        """A file with what a document says now.

        Args:
            file: as it was opened, or saved last.
            state: of the document, as one Yjs update.
            encoding: of a text, in which it was opened; ``anew``: in which it shall be instead.
            pictures: by their attachments; null: say which the file has not.

        Raises:
            HubError: of ``hub.editing.refusals``.
        """
        given = [Part("file", body=file), Part("state", body=state), *_given(pictures)]
        options: Meta = {
            "format": format_, "document": document, "encoding": encoding, "anew": anew,
            "complete": pictures is not None,
        }  # fmt: skip
        parts = await self._parts("save", b"".join(map(encode, given)), options)
        if pictures is None and (asked := [one for one in parts if one.name == "wanted"]):
            return Wanted(_attachments(asked[0]))
        return _one(parts, "file", ours=True).body

    async def make(
        self, format_: str, state: bytes, document: str, kind: str, title: str, changed_s: int,
        pictures: Mapping[str, bytes] | None = None,
    ) -> Made | Wanted:  # fmt: skip
        """A file of a document that was none of this format.

        Args:
            format_: markdown, docx, odt or pdf.
            kind: of the document, rich or text.
            changed_s: when it was changed last, Unix time.
            pictures: by their attachments; null: say which are needed.

        Raises:
            HubError: of ``hub.editing.refusals``.
        """
        given = [Part("state", body=state), *_given(pictures)]
        options: Meta = {
            "format": format_, "document": document, "kind": kind, "title": title,
            "changed_s": changed_s, "complete": pictures is not None,
        }  # fmt: skip
        parts = await self._parts("make", b"".join(map(encode, given)), options)
        if pictures is None and (asked := [one for one in parts if one.name == "wanted"]):
            return Wanted(_attachments(asked[0]))
        part = _one(parts, "file", ours=True)
        return Made(part.body, str(part.meta.get("missing") or "")[:MAX_MISSING])

    async def merge(
        self, format_: str, file: bytes, other: bytes, state: bytes, document: str, client: int,
        take: Take, encoding: str | None, anew: str | None = None,
    ) -> Incoming:  # fmt: skip
        """What another version of a file brings into a document.

        Args:
            file: as the document was opened or saved last; ``other``: as it is elsewhere.
            client: a Yjs client id under which the change is written.
            encoding: of a text, in which it was opened; ``anew``: in which the other one is, if
                that is not to be told by its bytes.

        Raises:
            HubError: of ``hub.editing.refusals``.
        """
        given = Part("file", body=file), Part("other", body=other), Part("state", body=state)
        options: Meta = {
            "format": format_, "document": document, "client": client, "take": take,
            "encoding": encoding, "anew": anew,
        }  # fmt: skip
        parts = await self._parts("merge", b"".join(map(encode, given)), options)
        part = _one(parts, "merged")
        return Incoming(
            part.body, _count(part, "changes"), _count(part, "conflicts"), _encoding(part),
            _pictures(parts),
        )  # fmt: skip

    async def replace(
        self, kind: str, state: bytes, wanted: Sequence[Replacement], client: int
    ) -> tuple[bytes, int]:
        """What replaces words in a document, as an update under a client id, empty for nothing; and
        how many of them were there.

        Raises:
            HubError: of ``hub.editing.refusals``.
        """
        given = Part("state", body=state), Part("wanted", body=msgspec.json.encode(wanted))
        options: Meta = {"kind": kind, "client": client}
        parts = await self._parts("replace", b"".join(map(encode, given)), options)
        part = _one(parts, "replaced", ours=True)
        return part.body, _count(part, "count")

    async def _parts(self, kind: str, data: bytes, options: Meta) -> Sequence[Part]:
        outcome = await self._sandbox.run(kind, data, options, limits=_LIMITS, program=FORMATS)
        if isinstance(outcome, Failed):
            raise refusals.failed(outcome, ours=kind in _WRITES)
        for part in outcome.parts:
            if part.name == "refused":
                raise refusals.refused(part)
        return outcome.parts


def _given(pictures: Mapping[str, bytes] | None) -> list[Part]:
    return [
        Part("picture", {"attachment": attachment}, data)
        for attachment, data in (pictures or {}).items()
    ]


def _one(parts: Sequence[Part], name: str, *, ours: bool = False) -> Part:
    for part in parts:
        if part.name == name:
            return part
    raise refusals.failed(Failed("damaged", f"no part {name!r}"), ours=ours)


def _pictures(parts: Sequence[Part]) -> list[bytes]:
    found = [one.body for one in parts if one.name == "picture" and kind_of(one.body)]
    return found[:MAX_PICTURES]


def _notices(part: Part) -> list[str]:
    found = part.meta.get("notices")
    given = found if isinstance(found, list) else []
    return [one for one in given if isinstance(one, str) and _CODE.fullmatch(one)][:20]


def _attachments(part: Part) -> list[str]:
    found = part.meta.get("attachments")
    given = found if isinstance(found, list) else []
    return [one for one in given if isinstance(one, str) and _ATTACHMENT.fullmatch(one)]


def _count(part: Part, name: str) -> int:
    found = part.meta.get(name)
    return found if type(found) is int and 0 <= found < 1 << 31 else 0


def _encoding(part: Part) -> str | None:
    found = part.meta.get("encoding")
    return found if isinstance(found, str) and _CODEC.fullmatch(found) else None
