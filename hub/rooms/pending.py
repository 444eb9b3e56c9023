"""Updates that lack something earlier, kept a while: bounded in bytes, number and age. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.rooms import limits
from hub.rooms.admission import missing_updates
from hub.rooms.attachment import Attachment, Receipt
from hub.rooms.waiting import Waiting


@dataclass(slots=True, eq=False)
class Held:
    """An update of an attached connection."""

    attachment: Attachment
    receipt: Receipt
    data: bytes
    since_s: float


class Pending:
    def __init__(self) -> None:
        self._waiting: Waiting[Held] = Waiting()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, missing: Mapping[int, int], held: Held) -> None:
        """Keep an update until one of these clocks has come.

        Raises:
            BadRequest: ``missing_updates`` when too much waits already.
        """
        size = len(held.data)
        if self._bytes + size > limits.PENDING_BYTES or len(self) >= limits.PENDING_UPDATES:
            raise missing_updates()
        self._bytes += size
        self._waiting.put(missing, held)

    def due(self, clients: Iterable[int], clocks: Mapping[int, int]) -> list[Held]:
        """Take out what waited for clocks of these clients that have come."""
        found = self._waiting.due(clients, clocks)
        self._bytes -= sum(len(held.data) for held in found)
        return found

    def leave(self, attachment: Attachment) -> None:
        """Forget what a connection left behind."""
        for held in self._waiting:
            if held.attachment is attachment:
                self._drop(held)

    def expired(self, now_s: float) -> list[Held]:
        """Take out what has waited too long."""
        late = [held for held in self._waiting if now_s - held.since_s > limits.PENDING_S]
        for held in late:
            self._drop(held)
        return late

    def _drop(self, held: Held) -> None:
        self._bytes -= len(held.data)
        self._waiting.discard(held)
