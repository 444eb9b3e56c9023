"""Files to documents and back, in workers of their own (``hub.formats.worker``): foreign bytes, and
work that takes long, never touch the process that serves people. Nothing a worker says is believed
beyond what it has to be; what it made is checked where it is taken in.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final, NamedTuple

from hub.editing import refusals
from hub.formats.merging import Take
from hub.formats.worker import FORMATS
from hub.sandbox.frames import Meta, Part, encode
from hub.sandbox.walls import Failed, Limits, Sandbox

AT_ONCE: Final = 4
_CODEC: Final = re.compile(r"[a-z0-9_-]{1,40}")
_LIMITS: Final = Limits(
    wall_s=60, nice=5, cpu_s=45, memory_bytes=2 << 30, input_bytes=160 << 20,
    output_bytes=96 << 20,
)  # fmt: skip


class Opened(NamedTuple):
    """``update``: the document as one Yjs update. ``encoding``: of a text."""

    kind: str
    update: bytes
    encoding: str | None


class Incoming(NamedTuple):
    """``update``: what comes in, empty for nothing: ``changes``, beside ``conflicts``. ``encoding``
    of the other version, if it is a text."""

    update: bytes
    changes: int
    conflicts: int
    encoding: str | None


class Converter:
    """One per process.

    Attributes:
        turn: to be held from before a file is read until its conversion is done: files in memory
            are bounded by it.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.turn = asyncio.Semaphore(AT_ONCE)
        self._sandbox = sandbox

    async def open(self, format_: str, data: bytes, client: int) -> Opened:
        """A file as a document, written under a Yjs client id.

        Raises:
            HubError: of ``hub.editing.refusals``.
        """
        part = await self._part("open", data, "document", {"format": format_, "client": client})
        return Opened(
            "rich" if part.meta.get("kind") == "rich" else "text", part.body,
            _encoding(part),
        )  # fmt: skip

    async def save(
        self, format_: str, file: bytes, state: bytes, encoding: str | None, anew: str | None
    ) -> bytes:
        """A file with what a document says now.

        Args:
            file: as it was opened, or saved last.
            state: of the document, as one Yjs update.
            encoding: of a text, in which it was opened; ``anew``: in which it shall be instead.

        Raises:
            HubError: of ``hub.editing.refusals``.
        """
        given = encode(Part("file", body=file)) + encode(Part("state", body=state))
        options: Meta = {"format": format_, "encoding": encoding, "anew": anew}
        return (await self._part("save", given, "file", options)).body

    async def merge(
        self, format_: str, file: bytes, other: bytes, state: bytes, client: int, take: Take,
        encoding: str | None,
    ) -> Incoming:  # fmt: skip
        """What another version of a file brings into a document.

        Args:
            file: as the document was opened or saved last; ``other``: as it is elsewhere.
            client: a Yjs client id under which the change is written.
            encoding: of a text, in which it was opened.

        Raises:
            HubError: of ``hub.editing.refusals``.
        """
        parts = Part("file", body=file), Part("other", body=other), Part("state", body=state)
        options: Meta = {
            "format": format_, "client": client, "take": take, "encoding": encoding
        }  # fmt: skip
        part = await self._part("merge", b"".join(map(encode, parts)), "merged", options)
        return Incoming(
            part.body, _count(part, "changes"), _count(part, "conflicts"), _encoding(part)
        )

    async def _part(self, kind: str, data: bytes, name: str, options: Meta) -> Part:
        outcome = await self._sandbox.run(kind, data, options, limits=_LIMITS, program=FORMATS)
        if isinstance(outcome, Failed):
            raise refusals.failed(outcome)
        for part in outcome.parts:
            if part.name == "refused":
                raise refusals.refused(part)
            if part.name == name:
                return part
        raise refusals.failed(Failed("damaged", f"no part {name!r}"))


def _count(part: Part, name: str) -> int:
    found = part.meta.get(name)
    return found if type(found) is int and 0 <= found < 1 << 31 else 0


def _encoding(part: Part) -> str | None:
    found = part.meta.get("encoding")
    return found if isinstance(found, str) and _CODEC.fullmatch(found) else None
