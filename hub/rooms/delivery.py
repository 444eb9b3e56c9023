"""Who gets which bytes of a document: live updates, answers to a handshake, one diff for a laggard.

Updates are gathered for a turn of the loop, or, in a crowd, for some milliseconds, so that each
connection is written to once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import perf_counter

import msgspec

from hub import figures
from hub.errors import ProtocolError
from hub.rooms import limits
from hub.rooms.attachment import Attachment
from hub.rooms.content import Content
from hub.wire import events as ev
from hub.wire import frames, yupdate
from hub.wire.api import DocumentInfo
from hub.wire.websocket import Shared, shared

CROWD = 100  # more connections than this get their updates a little later, in fewer writes

_encode = msgspec.json.Encoder().encode


class Delivery:
    """Args:
    attached: the document's connections by key; the document owns it.
    """

    def __init__(
        self, info: DocumentInfo, content: Content, attached: Mapping[str, Attachment]
    ) -> None:
        self._info = info
        self._content = content
        self._attached = attached
        self._outgoing: list[tuple[str, bytes]] = []
        self._since_s = 0.0  # the first of them
        self._afterwards: list[Callable[[], None]] = []
        self._framings: dict[bool, frames.Framing] = {
            False: frames.LiveFraming(info.number),
            True: frames.YjsFraming(),
        }

    def step1(self, attachment: Attachment) -> None:
        """Ask for what the hub lacks, unless the answer to an earlier question is on its way."""
        if attachment.asked:
            return
        attachment.asked = True
        message = frames.sync_message(frames.STEP1, self._content.state_vector())
        self._send_sync(attachment, message)

    def answer(self, attachment: Attachment, state_vector: bytes) -> bool:
        """Send what a peer lacks; False when it must fetch that by HTTP and ask again.

        Raises:
            ProtocolError: ``malformed_state_vector``.
        """
        clocks = self._content.clocks
        if len(state_vector) > 64 * 1024 + 16 * len(clocks):
            raise ProtocolError("A state vector is too large.", code="malformed_state_vector")
        theirs = {
            client: clock
            for client, clock in yupdate.read_state_vector(state_vector).items()
            if client in clocks
        }
        diff = self._content.diff(theirs) if theirs else self._content.state()
        if self._is_too_large(attachment, diff):
            self._send_to_state(attachment)
            return False
        # A deletion set alone may be above the bound: then once after the fetch is all there is.
        attachment.fetching = False
        attachment.lagging = None
        message = frames.sync_message(frames.STEP2, diff)
        self._send_sync(attachment, message)
        return True

    def relay(self, peer: str, update: bytes) -> None:
        """Send an update to everybody but the one it came from."""
        if not self._outgoing:
            loop = asyncio.get_running_loop()
            self._since_s = perf_counter()
            window_s = min(0.02, max(0.0, (len(self._attached) - CROWD) * 0.0002))
            if window_s:
                loop.call_later(window_s, self.flush)
            else:
                loop.call_soon(self.flush)
        self._outgoing.append((peer, update))

    def when_sent(self, act: Callable[[], None]) -> None:
        """Do something as soon as what is gathered now has been sent."""
        if self._outgoing:
            self._afterwards.append(act)
        else:
            act()

    def flush(self) -> None:
        """Send what was gathered, encoded once for all of a kind."""
        self._send_gathered()
        afterwards, self._afterwards = self._afterwards, []
        for act in afterwards:
            act()

    def _send_gathered(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        if not outgoing:
            return
        self._send_all(outgoing)
        figures.RELAYED.observe(perf_counter() - self._since_s)

    def _send_all(self, outgoing: list[tuple[str, bytes]]) -> None:
        messages = [(peer, frames.sync_message(frames.UPDATE, update)) for peer, update in outgoing]
        senders = {peer for peer, _ in outgoing}
        everything: dict[bool, Shared] = {}
        for key, attachment in tuple(self._attached.items()):
            if attachment.lagging is not None:
                continue
            framing = self._framings[attachment.stock]
            if key in senders:
                theirs = [framing.sync(message) for peer, message in messages if peer != key]
                if theirs:
                    attachment.peer.send(shared(*theirs))
                continue
            frame = everything.get(attachment.stock)
            if frame is None:
                frame = shared(*(framing.sync(message) for _, message in messages))
                everything[attachment.stock] = frame
            attachment.peer.send(frame)

    def broadcast_awareness(self, update: bytes, owners: str | None, *, but: str) -> None:
        """Send presence to everybody in step; whose it is, to those who can be told."""
        frame = {
            stock: shared(framing.awareness(update)) for stock, framing in self._framings.items()
        }
        told = shared(owners) if owners is not None else None
        for key, attachment in self._attached.items():
            if key != but and attachment.lagging is None:
                if told is not None and not attachment.stock:
                    attachment.peer.send(told)
                attachment.peer.send(frame[attachment.stock])

    def send_awareness(self, attachment: Attachment, update: bytes, owners: str) -> None:
        """Send presence to one that asked for it."""
        if not attachment.stock:
            attachment.peer.send(owners, counted=False)
        frame = self._framings[attachment.stock].awareness(update)
        attachment.peer.send(frame, counted=False)

    def leave_behind(self, attachment: Attachment) -> None:
        """The peer reads too slowly: remember where it stands and send it no more updates."""
        self.flush()  # the state vector will count them as sent
        if attachment.lagging is None:
            attachment.lagging = dict(self._content.clocks)

    def catch_up(self, attachment: Attachment) -> bool:
        """A slow peer has room again: one diff makes up for all it was not sent. False when there
        is nothing to make up for, or it must fetch it."""
        if attachment.lagging is None:
            return False
        diff = self._content.diff(attachment.lagging)
        attachment.lagging = None
        if self._is_too_large(attachment, diff):
            self._send_to_state(attachment)
            return False
        message = frames.sync_message(frames.UPDATE, diff)
        self._send_sync(attachment, message)
        return True

    def _send_sync(self, attachment: Attachment, message: bytes) -> None:
        frame = self._framings[attachment.stock].sync(message)
        attachment.peer.send(frame, counted=False)

    def _is_too_large(self, attachment: Attachment, diff: bytes) -> bool:
        return (
            len(diff) > limits.MAX_SYNC_BYTES and not attachment.stock and not attachment.fetching
        )

    def _send_to_state(self, attachment: Attachment) -> None:
        """What is missing is too much for the socket: it is fetched by HTTP, then synced."""
        attachment.fetching = True
        reset = ev.DocumentReset(self._info.document, self._info.number, "fetch")
        attachment.peer.send(_encode(reset).decode())
