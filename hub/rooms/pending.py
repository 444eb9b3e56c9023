"""Updates that lack something earlier, kept a while: bounded in bytes, number and age, for each
person. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from hub.rooms import limits
from hub.rooms.admission import missing_updates
from hub.rooms.attachment import Attachment, Receipt
from hub.rooms.waiting import Waiting

MAX_MISSING = 64
"""Of so many clients an update is found again."""


@dataclass(slots=True, eq=False)
class Held:
    """An update of an attached connection.

    Attributes:
        tries: how often something it lacked has come, and not everything.
    """

    attachment: Attachment
    receipt: Receipt
    data: bytes
    since_s: float
    tries: int = 0


class Pending:
    def __init__(self) -> None:
        self._waiting: Waiting[Held] = Waiting()
        self._bytes: Counter[str] = Counter()
        self._count: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, missing: Mapping[int, int], held: Held) -> None:
        """Keep an update, for which there must be room, until one of these clocks has come."""
        uid = held.attachment.peer.uid
        self._bytes[uid] += len(held.data)
        self._count[uid] += 1
        self._waiting.put(dict(islice(missing.items(), MAX_MISSING)), held)

    def require_room(self, held: Held) -> None:
        """Raises:
        BadRequest: ``missing_updates`` when too much of this person waits already, or it has been
            tried too often.
        """
        uid = held.attachment.peer.uid
        if (
            self._bytes[uid] + len(held.data) > limits.PENDING_BYTES
            or self._count[uid] >= limits.PENDING_UPDATES
            or held.tries > limits.PENDING_TRIES
        ):
            raise missing_updates()

    def due(self, clients: Iterable[int], clocks: Mapping[int, int]) -> list[Held]:
        """Take out what waited for clocks of these clients that have come."""
        return self._gone(self._waiting.due(clients, clocks))

    def leave(self, attachment: Attachment) -> None:
        """Forget what a connection left behind."""
        self._gone(self._waiting.take(lambda held: held.attachment is attachment))

    def expired(self, now_s: float) -> list[Held]:
        """Take out what has waited too long."""
        return self._gone(self._waiting.take(lambda held: now_s - held.since_s > limits.PENDING_S))

    def _gone(self, found: list[Held]) -> list[Held]:
        for held in found:
            uid = held.attachment.peer.uid
            self._bytes[uid] -= len(held.data)
            self._count[uid] -= 1
            if not self._count[uid]:
                del self._count[uid], self._bytes[uid]
        return found
