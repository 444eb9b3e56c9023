"""Who is where in one document: takes the awareness of its connections and tells everybody's.

The state is ``Carets``; here it meets the bus and the connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from hub.bus.interface import Bus
from hub.bus.messages import CaretsAsked, CaretsRelayed, Message
from hub.clock import Clock
from hub.rooms import limits
from hub.rooms.attachment import Attachment
from hub.rooms.carets import Carets
from hub.rooms.delivery import Delivery
from hub.rooms.owners import Owners
from hub.wire import awareness
from hub.wire import events as ev
from hub.wire.api import DocumentInfo

_encode = msgspec.json.Encoder().encode


class DocumentPresence:
    """Args:
    attached: the document's connections by key; the document owns it.
    """

    def __init__(
        self, info: DocumentInfo, topic: str, bus: Bus, clock: Clock, owners: Owners,
        delivery: Delivery, attached: Mapping[str, Attachment],
    ) -> None:  # fmt: skip
        self._info = info
        self._topic = topic
        self._bus = bus
        self._clock = clock
        self._owners = owners
        self._delivery = delivery
        self._attached = attached
        self._carets = Carets()
        self._timer: asyncio.TimerHandle | None = None

    def owners(self) -> dict[str, str]:
        """Who is behind each caret, as the wire has it."""
        return {str(client): uid for client, uid in self._carets.owners().items()}

    def receive(self, attachment: Attachment, message: bytes | memoryview) -> None:
        """Take an awareness update.

        Raises:
            ProtocolError: malformed or too large.
        """
        entries = awareness.decode(message)
        peer = attachment.peer
        taken = self._carets.take(
            peer.key, peer.uid, entries, self._owners, self._clock.monotonic_s(),
            stock=attachment.stock,
        )  # fmt: skip
        self._publish(peer.key, taken)
        self._wait()

    def send(self, attachment: Attachment) -> None:
        """Tell a peer of everybody's presence."""
        if present := self._carets.everybody():
            owners = self._owners_frame(self._carets.owners())
            self._delivery.send_awareness(attachment, awareness.encode(present), owners)

    def leave(self, key: str) -> None:
        """A connection went; its carets go with it."""
        self._publish(key, self._carets.leave(key))

    def sweep(self) -> None:
        """Drop what was not renewed in time."""
        here, elsewhere = self._carets.expire(self._clock.monotonic_s())
        self._publish("", here)
        if elsewhere:
            self._delivery.broadcast_awareness(awareness.encode(elsewhere), None, but="")

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    # --- the bus ----------------------------------------------------------------------------------

    def ask(self) -> None:
        """What other processes know of is not known here."""
        self._bus.publish(self._topic, CaretsAsked(self._bus.process))

    def doubt(self) -> None:
        """Carets may have been lost on the way here or there."""
        self.ask()
        self._publish("", self._carets.here())

    def on_message(self, message: Message) -> None:
        """Presence comes over the bus, this process's own, too."""
        if isinstance(message, CaretsAsked):
            if message.origin != self._bus.process:
                self._publish("", self._carets.here())
        elif isinstance(message, CaretsRelayed):
            told = message.awareness
            if message.origin != self._bus.process:
                entries = awareness.decode(told)
                now_s = self._clock.monotonic_s()
                entries = self._carets.relayed(message.owners, entries, now_s)
                if not entries:
                    return
                told = awareness.encode(entries)
            owners = self._owners_frame(message.owners) if message.owners else None
            self._delivery.broadcast_awareness(told, owners, but=message.peer)

    def _publish(self, peer: str, entries: list[awareness.Entry]) -> None:
        present = self._carets.owners()
        for first in range(0, len(entries), awareness.MAX_ENTRIES):
            some = entries[first : first + awareness.MAX_ENTRIES]
            owners = {one.client: present[one.client] for one in some if one.client in present}
            message = CaretsRelayed(self._bus.process, peer, awareness.encode(some), owners)
            self._bus.publish(self._topic, message)

    # --- what came too soon -----------------------------------------------------------------------

    def _wait(self) -> None:
        if self._timer is None and self._carets.waits:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(1.0 / limits.PRESENCE_PER_S, self._tell_late)

    def _tell_late(self) -> None:
        self._timer = None
        uids = {key: one.peer.uid for key, one in self._attached.items()}
        for peer, entries in self._carets.late(uids, self._clock.monotonic_s()):
            self._publish(peer, entries)
        self._wait()

    def _owners_frame(self, owners: Mapping[int, str]) -> str:
        named = {str(client): uid for client, uid in owners.items()}
        return _encode(ev.CaretOwners(self._info.document, self._info.number, named)).decode()
