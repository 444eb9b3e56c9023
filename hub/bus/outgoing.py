"""What waits to be published: by topic and in order, bounded in bytes. Pure.

A message that may wait (``waits_s`` of its kind) goes with the next one of its topic that may not.
What finds no room is left out, and said to be.
"""

from __future__ import annotations

from hub.bus.envelope import NOTHING, encode
from hub.bus.messages import Message

MAX_BYTES = 4 * 2**20
MAX_MESSAGE = 256 * 2**10
"""A larger one is read from PostgreSQL by who needs it."""
MAX_PARCEL = 512 * 2**10
MAX_TOPICS = 10_000


class _Waiting:
    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.until_s = float("inf")


class Outgoing:
    """Attributes:
    left_out: how many messages found no room.
    """

    def __init__(self) -> None:
        self.left_out = 0
        self._bytes = 0
        self._topics: dict[str, _Waiting] = {}

    def put(self, topic: str, message: Message, now_s: float) -> float:
        """Returns the moment at which its topic is to be taken."""
        data = encode(message)
        if len(data) > MAX_MESSAGE or self._bytes + len(data) > MAX_BYTES:
            self.left_out += 1
            data = NOTHING
        waiting = self._topics.get(topic)
        if waiting is None:
            if len(self._topics) >= MAX_TOPICS:
                self.left_out += data is not NOTHING
                return now_s  # who follows it finds out by the poll
            waiting = self._topics[topic] = _Waiting()
        if data is not NOTHING or waiting.messages[-1:] != [NOTHING]:
            waiting.messages.append(data)
            self._bytes += len(data)
        waiting.until_s = min(waiting.until_s, now_s + message.waits_s)
        return waiting.until_s

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._topics)

    def lose(self, topic: str) -> None:
        """A message that cannot be sent at present: of all that happened to its topic there only
        remains that something was lost."""
        self.left_out += 1
        self.doubt(topic)

    def doubt(self, topic: str) -> None:
        """Nobody knows whether what was said of it has arrived."""
        if topic not in self._topics and len(self._topics) < MAX_TOPICS:
            waiting = self._topics[topic] = _Waiting()
            waiting.messages.append(NOTHING)
            self._bytes += len(NOTHING)

    def hurry(self) -> None:
        """Everything is due."""
        for waiting in self._topics.values():
            waiting.until_s = 0.0

    def take(self, now_s: float) -> list[tuple[str, list[bytes]]]:
        """What is due, in parcels."""
        due = [topic for topic, one in self._topics.items() if one.until_s <= now_s]
        parcels = []
        for topic in due:
            messages = self._topics.pop(topic).messages
            parcels += [(topic, some) for some in _parcels(messages)]
            self._bytes -= sum(map(len, messages))
        return parcels

    def next_s(self) -> float | None:
        """When the next of what waits is due."""
        return min((one.until_s for one in self._topics.values()), default=None)

    def leave_out(self) -> None:
        """The same of all that waits."""
        for waiting in self._topics.values():
            self.left_out += sum(one is not NOTHING for one in waiting.messages)
            waiting.messages = [NOTHING]
            waiting.until_s = float("inf")
        self._bytes = len(self._topics) * len(NOTHING)


def _parcels(messages: list[bytes]) -> list[list[bytes]]:
    parcels: list[list[bytes]] = [[]]
    size = 0
    for one in messages:
        if size + len(one) > MAX_PARCEL:
            parcels.append([])
            size = 0
        parcels[-1].append(one)
        size += len(one)
    return parcels
