"""What of a document is on disk, and who is told so.

Appends are counted as they are given to the writer and as they are done with. A connection hears
how far its own updates are (``count``), and ``all`` once everything it met at its handshake is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from hub.rooms.attachment import Attachment, Receipt
from hub.wire import events as ev

_encode = msgspec.json.Encoder().encode


class Durability:
    """Args:
    is_attached: whether an attachment is still served.
    """

    def __init__(self, number: int, is_attached: Callable[[Attachment], bool]) -> None:
        self.number = number
        self._is_attached = is_attached
        self._appended = 0
        self._done = 0
        self._stopped = False
        self._owing: set[Attachment] = set()
        self._repeats: deque[tuple[int, Attachment, Receipt]] = deque()
        self._loop = asyncio.get_running_loop()
        self._moved: asyncio.Future[None] | None = None
        self._settled = asyncio.Event()
        self._settled.set()

    async def settled(self) -> None:
        """Until the writer is done with everything that was appended, well or not."""
        await self._settled.wait()

    async def moved(self) -> None:
        """Until something more is on disk, or nothing more will be."""
        if self._moved is None:
            self._moved = self._loop.create_future()
        await asyncio.shield(self._moved)

    @property
    def everything(self) -> bool:
        return self._done == self._appended

    def appended(self) -> None:
        self._appended += 1
        self._settled.clear()

    def stop(self) -> None:
        """Something was not written: nobody is told anything any more."""
        self._stopped = True
        self._move()

    def done(self, count: int) -> None:
        """The writer is done with so many appends."""
        self._done += count
        self._move()
        if self.everything:
            self._settled.set()
        while self._repeats and self._repeats[0][0] <= self._done:
            _, attachment, receipt = self._repeats.popleft()
            self.settle(attachment, receipt)
        for other in [one for one in self._owing if (one.owes_all or 0) <= self._done]:
            self._owing.discard(other)
            self._schedule(other)

    def owe_all(self, attachment: Attachment) -> None:
        """The peer was sent everything: it hears when all of that is on disk."""
        attachment.owes_all = self._appended
        self._owing.add(attachment)
        self._schedule(attachment)

    def settle(self, attachment: Attachment, receipt: Receipt) -> None:
        """A part of an update of the peer is on disk, refused, or was nothing new."""
        if attachment.settle(receipt):
            self._schedule(attachment)

    def settle_repeated(self, attachment: Attachment, receipt: Receipt) -> None:
        """An update said nothing new: it is on disk when everything before it is."""
        if self.everything:
            self.settle(attachment, receipt)
        else:
            self._repeats.append((self._appended, attachment, receipt))

    def leave(self, attachment: Attachment) -> None:
        self._move()
        self._owing.discard(attachment)
        self._repeats = deque(one for one in self._repeats if one[1] is not attachment)

    def _move(self) -> None:
        if self._moved is not None:
            self._moved.set_result(None)
            self._moved = None

    def _schedule(self, attachment: Attachment) -> None:
        """Tell the peer once a turn of the loop, however many of its updates became durable."""
        if attachment.stock or attachment.scheduled:
            return  # the plain Yjs protocol has no word for it
        attachment.scheduled = True
        self._loop.call_soon(self._tell, attachment)

    def _tell(self, attachment: Attachment) -> None:
        attachment.scheduled = False
        if self._stopped or not self._is_attached(attachment):
            return
        everything = self.everything
        if attachment.owes_all is not None and attachment.owes_all <= self._done:
            attachment.owes_all = None
            self._owing.discard(attachment)
            everything = True
        attachment.peer.send(
            _encode(
                ev.Durable(number=self.number, count=attachment.durable, all=everything)
            ).decode()
        )
