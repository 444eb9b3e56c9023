"""Who is where in one document: takes the awareness of its connections and tells everybody's.

The state is ``Carets``; here it meets the bus and the connections.
"""

from __future__ import annotations

import msgspec

from hub.bus.interface import Bus
from hub.bus.messages import CaretsRelayed
from hub.clock import Clock
from hub.rooms.attachment import Attachment, Peer
from hub.rooms.carets import Carets
from hub.rooms.delivery import Delivery
from hub.rooms.owners import Owners
from hub.wire import awareness
from hub.wire import events as ev

_encode = msgspec.json.Encoder().encode


class DocumentPresence:
    def __init__(
        self, number: int, topic: str, bus: Bus, clock: Clock, owners: Owners, delivery: Delivery
    ) -> None:
        self._number = number
        self._topic = topic
        self._bus = bus
        self._clock = clock
        self._owners = owners
        self._delivery = delivery
        self._carets = Carets()

    def owners(self) -> dict[str, str]:
        """Who is behind each caret, as the wire has it."""
        return {str(client): uid for client, uid in self._carets.owners().items()}

    def receive(self, peer: Peer, message: bytes | memoryview) -> None:
        """Take an awareness update.

        Raises:
            ProtocolError: malformed or too large.
        """
        entries = awareness.decode(message)
        now = self._clock.monotonic_s()
        self._publish(peer.key, self._carets.take(peer.key, peer.uid, entries, self._owners, now))

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
        self._publish("", self._carets.expire(self._clock.monotonic_s()))

    def on_relayed(self, message: CaretsRelayed) -> None:
        """Presence comes over the bus, this process's own, too."""
        if message.origin != self._bus.process:
            entries = awareness.decode(message.awareness)
            now = self._clock.monotonic_s()
            self._carets.relayed(message.peer, message.owners, entries, now)
        owners = self._owners_frame(message.owners) if message.owners else None
        self._delivery.broadcast_awareness(message.awareness, owners, but=message.peer)

    def _publish(self, peer: str, entries: list[awareness.Entry]) -> None:
        if not entries:
            return
        present = self._carets.owners()
        owners = {one.client: present[one.client] for one in entries if one.client in present}
        self._bus.publish(
            self._topic,
            CaretsRelayed(self._number, self._bus.process, peer, awareness.encode(entries), owners),
        )

    def _owners_frame(self, owners: dict[int, str]) -> str:
        named = {str(client): uid for client, uid in owners.items()}
        return _encode(ev.CaretOwners(number=self._number, owners=named)).decode()
