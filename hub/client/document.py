"""One document as a program edits it: a pycrdt Doc kept in step with the hub.

Local changes leave as one update frame a transaction; what the hub has acknowledged as durable is
counted. It never writes to disk: a program that ends takes its unsent edits with it.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from pycrdt import Doc, Text, TransactionEvent, XmlFragment

from hub.errors import Conflict, HubError, TooLarge
from hub.wire import events as ev
from hub.wire.frames import (
    HEADER_BYTES,
    STEP1,
    STEP2,
    SYNC,
    UPDATE,
    header,
    read_sync,
    sync_message,
)

AGAIN_S = 0.5
MAX_AGAIN_S = 10.0
# What the hub takes in one frame.
MAX_FRAME_BYTES = 4 * 1024 * 1024


class Connection(Protocol):
    """What a document needs of the connection that it came over."""

    def push(self, frame: bytes) -> bool:
        """Send a frame; false while there is no connection."""
        ...

    async def drained(self) -> None:
        """Until what was pushed has gone out."""
        ...

    def forget_document(self, opened: RemoteDocument) -> None: ...

    def fetch_state(self, opened: RemoteDocument) -> None:
        """Bring the document's state by HTTP."""
        ...

    def reopen(self, opened: RemoteDocument, pause_s: float = 0) -> None:
        """Open the document again, after a pause."""
        ...


class RemoteDocument:
    """A document opened by ``LiveClient.open_document``.

    ``doc`` is a pycrdt Doc: change it inside ``with document.doc.transaction():`` and never
    across an ``await``. ``text`` is the content of a plain-text document; indices count UTF-8
    bytes (pycrdt).
    """

    def __init__(
        self, connection: Connection, document: str, schema_version: int, client_id: int
    ) -> None:
        self.document = document
        self.schema_version = schema_version
        self.lineage: str | None = None
        self.number = 0
        self.mode = "edit"
        self.doc: Doc[Any] = Doc(client_id=client_id)
        self.text: Text = self.doc.get("content", type=Text)
        self.fragment: XmlFragment = self.doc.get("default", type=XmlFragment)
        self.sent = 0
        self.durable = 0
        self.refusals: list[ev.Refused] = []
        self.owners: dict[str, str] = {}
        self._connection = connection
        self._header = b""
        self._in_step = False  # the hub's content is here
        self._handed_over = False  # ours is there: changes go as they come
        self._all_durable = False
        self._applying = False
        self._ahead = False
        self._changed = asyncio.Event()
        self._failure: HubError | None = None
        self._attempts = 0
        self._observer = self.doc.observe(self._on_change)

    # --- waiting ----------------------------------------------------------------------------------

    async def synced(self, timeout_s: float = 30.0) -> None:
        """Until the hub's content is here."""
        await self._until(lambda: self._in_step, timeout_s)

    async def saved(self, timeout_s: float = 30.0) -> None:
        """Until everything written so far, and everything met at the handshake, is on disk.

        Raises:
            HubError: the hub refused some of it (the code says why): it never will be.
            TimeoutError: not in time.
        """
        await self._until(self.is_saved, timeout_s)

    def is_saved(self) -> bool:
        in_step = self._in_step and not self._ahead and self._failure is None
        return in_step and self._all_durable and self.durable >= self.sent

    @property
    def failed(self) -> bool:
        """It does not go on: the hub refused an edit for good, or the document."""
        return self._failure is not None

    async def until(self, condition: object, timeout_s: float = 30.0) -> None:
        """Until ``condition()`` holds, looked at after every change of the document."""
        if not callable(condition):
            raise TypeError("condition must be callable")
        await self._until(lambda: bool(condition()), timeout_s)

    async def _until(self, condition: object, timeout_s: float) -> None:
        assert callable(condition)
        async with asyncio.timeout(timeout_s):
            while not condition():
                if self._failure is not None:
                    raise self._failure
                self._changed.clear()
                await self._changed.wait()

    async def drained(self) -> None:
        """Until the connection takes more: call it now and then when writing fast."""
        await self._connection.drained()

    def close(self) -> None:
        """Stop following the document."""
        self.doc.unobserve(self._observer)
        self._connection.forget_document(self)

    # --- from the connection ----------------------------------------------------------------------

    def opened(self, result: ev.OpenResult) -> None:
        """The hub answered open_document."""
        if result.reset or (self.lineage is not None and self.lineage != result.lineage):
            self._fail(Conflict("The document was replaced on the hub.", code="lineage"))
            return
        self.number = result.number
        self.lineage = result.lineage
        self.mode = result.mode
        self.owners.update(result.owners)
        self._header = header(SYNC, result.number)
        self.sent = self.durable = 0
        self._all_durable = False
        self._push(STEP1, self.doc.get_state(), counts=False)

    def again(self, pause_s: float | None = None) -> None:
        """Open it anew with the same copy, after a pause that grows."""
        self.lost()
        grown_s = min(MAX_AGAIN_S, AGAIN_S * 2**self._attempts)
        self._attempts += 1
        self._connection.reopen(self, max(grown_s, pause_s or 0))

    def lost(self) -> None:
        """The connection went; what is not acknowledged goes again with the next handshake."""
        self._in_step = self._handed_over = False
        self._all_durable = False
        self._changed.set()

    def receive(self, frame: bytes) -> None:
        """Take one binary frame of this document."""
        if frame[0] != SYNC:
            return
        subtype, payload = read_sync(memoryview(frame)[HEADER_BYTES:])
        if subtype == STEP1:
            self._handed_over = self._push(STEP2, self.doc.get_update(payload))
            self._ahead = not self._handed_over
        else:
            self._applying = True
            try:
                self.doc.apply_update(payload)
            finally:
                self._applying = False
            if subtype == STEP2:
                self._in_step = True
        self._changed.set()

    def fetched(self, state: bytes) -> None:
        """The document's state came by HTTP; the difference is synced after it."""
        self._applying = True
        try:
            self.doc.apply_update(state)
        finally:
            self._applying = False
        self._push(STEP1, self.doc.get_state(), counts=False)
        self._changed.set()

    def fail(self, error: HubError) -> None:
        """Tell whoever waits for this document."""
        self._fail(error)

    def notice(self, frame: ev.Frame) -> None:
        """Take a text frame that concerns this document."""
        match frame:
            case ev.Durable():
                self.durable = max(self.durable, frame.count)
                if self.durable >= self.sent:
                    self._attempts = 0
                self._all_durable = self._all_durable or frame.all
            case ev.Refused():
                self.refusals.append(frame)
                if frame.again:
                    self.again()
                else:  # this copy says what the document does not
                    self._fail(Conflict(frame.detail, code=frame.code))
            case ev.CaretOwners():
                self.owners.update(frame.owners)
            case ev.DocumentReset(action="fetch"):
                self._connection.fetch_state(self)
            case ev.DocumentReset():
                self.lost()
                self._connection.reopen(self)
            case _:
                pass
        self._changed.set()

    # --- to the connection ------------------------------------------------------------------------

    def _on_change(self, event: TransactionEvent) -> None:
        if self._applying:
            return
        if not (self._handed_over and self._push(UPDATE, event.update)):
            self._ahead = True  # goes with step 2 of the next handshake
        self._changed.set()

    def _push(self, subtype: int, payload: bytes, *, counts: bool = True) -> bool:
        if self._failure is not None:
            return False  # what is behind a refused edit may stand on it
        if len(payload) > MAX_FRAME_BYTES - 64:
            # It would end the connection, and everything else on it.
            self._fail(TooLarge("A change is too large for one frame.", code="frame_too_large"))
            return False
        pushed = self._connection.push(self._header + sync_message(subtype, payload))
        if pushed and counts:
            self.sent += 1
        return pushed

    def _fail(self, error: HubError) -> None:
        self._failure = error
        self._changed.set()
