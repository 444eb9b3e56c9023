"""A live document: ties together what a document is made of, and serves its connections.

    connections ─► intake ─► content, log ─► bus ─► delivery ─► connections
                                              └── other processes ─► replica ─► intake

``content`` is the Yjs document, ``durability`` what of it is on disk, ``document_presence`` who is
where. It never decides who may open it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial

import structlog

from hub.bus.interface import Subscription
from hub.bus.messages import Message, StreamCommitted, UpdateRelayed
from hub.ids import new_id
from hub.rooms import limits
from hub.rooms.access import Grounds, access
from hub.rooms.attachment import Attachment, Peer
from hub.rooms.delivery import Delivery
from hub.rooms.document_presence import DocumentPresence
from hub.rooms.durability import Durability
from hub.rooms.fold import Folded
from hub.rooms.intake import House, Intake, Outside, reloading
from hub.rooms.owners import Owners
from hub.rooms.relays import Relays
from hub.rooms.replica import Replica
from hub.wire import frames
from hub.wire.api import DocumentInfo

log = structlog.get_logger()


def topic_of(document: str) -> str:
    return f"document:{document}"


class LiveDocument:
    """``attach`` and ``detach`` connections; ``settled`` before letting go.

    Args:
        folded, owners, relays: as the log has them, up to ``head``.
    """

    def __init__(
        self, info: DocumentInfo, house: House, folded: Folded, owners: Owners, relays: Relays,
        head: int,
    ) -> None:  # fmt: skip
        self.info = info
        self.number = info.number
        self.content = folded.content
        self.owners = owners
        topic = topic_of(info.document)
        self._source = source = new_id("l")
        self._attached: dict[str, Attachment] = {}
        self._subscription: Subscription | None = None
        self._delivery = Delivery(info, self.content, self._attached)
        self._durability = Durability(info, self._is_attached, self._delivery.when_sent)
        self._presence = DocumentPresence(
            info, topic, house.bus, house.clock, owners, self._delivery, self._attached
        )
        outside = Outside(
            self._is_attached, self._delivery.step1, self._delivery.relay, self._break
        )
        self._intake = Intake(
            source, info.document, topic, house, self.content, owners, relays, folded.rest,
            self._durability, outside,
        )  # fmt: skip
        self._replica = Replica(
            source, head, house.clock, house.background, self._intake.gate, owners,
            relays, self._durability, partial(house.read_on, info.document),
            self._intake.take_logged, self._break,
        )  # fmt: skip

    # --- life -------------------------------------------------------------------------------------

    def listen(self, subscription: Subscription) -> None:
        """Keep the subscription to the document's topic until ``close``, and ask who is where."""
        self._subscription = subscription
        self._presence.ask()

    def close(self) -> None:
        """Hear nothing more. Call it when nobody is attached and all is settled."""
        self._presence.close()
        if self._subscription is not None:
            self._subscription.close()

    @property
    def broken(self) -> bool:
        """Memory and log may have parted: it must be loaded again."""
        return self._intake.broken

    @property
    def head(self) -> int:
        """Seq of the last row of the log that is in the document."""
        return self._replica.head

    async def settled(self) -> None:
        """Until the writer is done with everything in memory."""
        await self._durability.settled()

    def sweep(self) -> None:
        """Every few seconds: what was not renewed, waited too long, or never came."""
        self._presence.sweep()
        self._intake.sweep()
        self._replica.sweep()

    def read_on(self) -> None:
        """There may be more in the log."""
        self._replica.read_on()

    async def catch_up(self) -> None:
        """Until all that was in the log when this was called is here.

        Raises:
            DatabaseAway.
        """
        await self._replica.catch_up()

    def written(self) -> tuple[int, int]:
        """How many rows and bytes were written since the last call."""
        rows, bytes_ = self._intake.rows + self._replica.rows, self._intake.bytes
        self._intake.rows = self._replica.rows = self._intake.bytes = 0
        return rows, bytes_

    # --- reading ----------------------------------------------------------------------------------

    def state(self) -> bytes:
        """The whole document as one update.

        Raises:
            Unavailable: ``document_reloading``.
        """
        if self.broken:
            raise reloading()
        return self.content.state()

    def caret_owners(self) -> dict[str, str]:
        return self._presence.owners()

    # --- connections ------------------------------------------------------------------------------

    def attach(self, peer: Peer, role: str | None, grounds: Grounds, *, stock: bool) -> None:
        """Begin to serve a connection: it gets the hub's step 1 and who is here."""
        may = access(role, grounds, self.info.schema_version)
        attachment = self._attached[peer.key] = Attachment(peer, may, grounds, stock=stock)
        self._delivery.step1(attachment)
        self._presence.send(attachment)

    def detach(self, peer: Peer) -> None:
        """A connection went."""
        attachment = self._attached.pop(peer.key, None)
        if attachment is not None:
            self._durability.leave(attachment)
            self._intake.leave(attachment)
            self._presence.leave(peer.key)

    def set_role(self, uid: str, role: str | None) -> None:
        """A user's role in the thread changed."""
        for attachment in self._attached.values():
            if attachment.peer.uid == uid:
                attachment.access = access(role, attachment.grounds, self.info.schema_version)

    def peers(self, uid: str) -> list[Peer]:
        """Connections of a user."""
        return [one.peer for one in self._attached.values() if one.peer.uid == uid]

    def leave_behind(self, peer: Peer) -> None:
        """A connection reads too slowly."""
        if (attachment := self._attached.get(peer.key)) is not None:
            self._delivery.leave_behind(attachment)

    def resume(self, peer: Peer) -> None:
        """A slow connection has room again."""
        attachment = self._attached.get(peer.key)
        if attachment is None or attachment.lagging is None:
            return
        if self._delivery.catch_up(attachment):
            self._presence.send(attachment)
        self._durability.caught_up(attachment)

    def _is_attached(self, attachment: Attachment) -> bool:
        return self._attached.get(attachment.peer.key) is attachment

    # --- messages ---------------------------------------------------------------------------------

    def receive(self, peer: Peer, subtype: int, payload: bytes) -> Awaitable[float | None] | None:
        """Take a sync message of an attached peer; returns what its next one must wait for, which
        gives the seconds of work that it was.

        Raises:
            ProtocolError: a malformed state vector.
        """
        attachment = self._attached.get(peer.key)
        if attachment is None or self.broken:
            return None
        if subtype == frames.STEP1:
            if self._delivery.answer(attachment, payload):
                self._durability.owe_all(attachment)
            return None
        repeats = subtype == frames.STEP2
        if repeats:
            attachment.asked = False
        rest = self._intake.take(attachment, payload, repeats=repeats)
        if rest is None and attachment.owed > limits.MAX_UNSETTLED:
            return self._relieved(attachment)
        return rest

    async def _relieved(self, attachment: Attachment) -> None:
        """The disk does not keep up: until it has made up half of it."""
        while attachment.owed > limits.MAX_UNSETTLED // 2 and self._is_attached(attachment):
            if self.broken:
                return
            await self._durability.moved()

    def receive_awareness(self, peer: Peer, message: bytes | memoryview) -> None:
        """Take an awareness update.

        Raises:
            ProtocolError: malformed or too large.
        """
        if (attachment := self._attached.get(peer.key)) is not None:
            self._presence.receive(attachment, message)

    def send_carets(self, peer: Peer) -> None:
        """Tell a peer of everybody's presence."""
        if (attachment := self._attached.get(peer.key)) is not None:
            self._presence.send(attachment)

    # --- the bus ----------------------------------------------------------------------------------

    def on_message(self, message: Message) -> None:
        """Everything that happens to the document comes here, also what this process did."""
        if isinstance(message, UpdateRelayed):
            if message.source == self._source:
                self._delivery.relay(message.peer, message.update)
            else:
                self._replica.on_relayed(message)
        elif isinstance(message, StreamCommitted):
            self._replica.on_committed(message)
        else:
            self._presence.on_message(message)

    def on_gap(self) -> None:
        """The bus may have lost something."""
        self._replica.read_on()
        self._presence.doubt()

    def _break(self, reason: BaseException | None) -> None:
        """Memory and log may have parted: let all load the truth and repeat what is theirs."""
        if self.broken:
            return
        self._intake.broken = True
        self._durability.stop()
        log.error("a document is loaded again", document=self.info.document, reason=repr(reason))
        for attachment in tuple(self._attached.values()):
            attachment.peer.document_closed(self.info)
