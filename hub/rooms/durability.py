"""What of a document is on disk, and who is told so.

What is given to a writer, this process's or another's, has a ticket until it is done with. A
connection hears how far its own updates are (``count``), and ``all`` once everything it met at its
handshake is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial

import msgspec

from hub.rooms.attachment import Attachment, Receipt
from hub.wire import events as ev
from hub.wire.api import DocumentInfo

_encode = msgspec.json.Encoder().encode


class Durability:
    """Args:
    is_attached: whether an attachment is still served.
    when_sent: does something when what others wrote before was sent. Who hears that their change
        is on disk has heard what came to the hub before it: a client tells by that what it did
        not know of.
    """

    def __init__(
        self,
        info: DocumentInfo,
        is_attached: Callable[[Attachment], bool],
        when_sent: Callable[[Callable[[], None]], None],
    ) -> None:
        self.info = info
        self._is_attached = is_attached
        self._when_sent = when_sent
        self._tickets = 0
        self._own: deque[int] = deque()  # given to this process's writer, in its order
        self._foreign: set[int] = set()  # to other processes' writers
        self._stopped = False
        self._owing: set[Attachment] = set()
        self._repeats: deque[tuple[int, Attachment, Receipt]] = deque()
        self._loop = asyncio.get_running_loop()
        self._moved: asyncio.Future[None] | None = None
        self._settled = asyncio.Event()
        self._settled.set()

    async def settled(self) -> None:
        """Until this process's writer is done with everything it was given, well or not."""
        await self._settled.wait()

    async def moved(self) -> None:
        """Until something more is on disk, or nothing more will be."""
        if self._moved is None:
            self._moved = self._loop.create_future()
        await asyncio.shield(self._moved)

    @property
    def everything(self) -> bool:
        return not self._own and not self._foreign

    def appended(self) -> None:
        """Something was given to the writer."""
        self._tickets += 1
        self._own.append(self._tickets)
        self._settled.clear()

    def relayed(self) -> int:
        """Something was given to another process's writer; ``written`` with what this returns."""
        self._tickets += 1
        self._foreign.add(self._tickets)
        return self._tickets

    def written(self, ticket: int) -> None:
        """It is on disk."""
        self._foreign.discard(ticket)
        self._tell_who_waits()

    def stop(self) -> None:
        """Something was not written: nobody is told anything any more."""
        self._stopped = True
        self._move()

    def done(self, count: int) -> None:
        """The writer is done with so many appends."""
        for _ in range(count):
            self._own.popleft()
        if not self._own:
            self._settled.set()
        self._tell_who_waits()

    def _tell_who_waits(self) -> None:
        self._move()
        on_disk = self._on_disk()
        while self._repeats and self._repeats[0][0] <= on_disk:
            _, attachment, receipt = self._repeats.popleft()
            self.settle(attachment, receipt)
        for other in [one for one in self._owing if (one.owes_all or 0) <= on_disk]:
            self._owing.discard(other)
            self._schedule(other)

    def _on_disk(self) -> int:
        """All tickets up to this one are."""
        first = self._own[0] if self._own else self._tickets + 1
        return min(first, min(self._foreign, default=first)) - 1

    def owe_all(self, attachment: Attachment) -> None:
        """The peer was sent everything: it hears when all of that is on disk."""
        attachment.owes_all = self._tickets
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
            self._repeats.append((self._tickets, attachment, receipt))

    def caught_up(self, attachment: Attachment) -> None:
        """The peer was sent what it lagged behind: now it may hear how far its own is."""
        self._schedule(attachment)

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
        self._loop.call_soon(self._when_sent, partial(self._tell, attachment))

    def _tell(self, attachment: Attachment) -> None:
        attachment.scheduled = False
        if self._stopped or not self._is_attached(attachment) or attachment.lagging is not None:
            return
        everything = self.everything
        if attachment.owes_all is not None and attachment.owes_all <= self._on_disk():
            attachment.owes_all = None
            self._owing.discard(attachment)
            everything = True
        told = ev.Durable(
            self.info.document, self.info.number, count=attachment.durable, all=everything
        )
        attachment.peer.send(_encode(told).decode())
