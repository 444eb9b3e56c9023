"""Being connected with one other device of a call, by the rules of docs/calls.md, section 4.

Owns sessions and what is said about them; never who is in the call. Of one session the
RTCPeerConnection is ``call_connection``'s.

**Another way.** aiortc cannot restart ICE: it answers an offer that does with its old ufrag and
password (aiortc issues 211 and 1367) and looks for no new way. It cannot offer one either. The
protocol has a way without: a new session. So whichever side this is, an offer that restarts ICE
leads to one, with new keys and new addresses:

- impolite: this side begins it at once, and the offer counts as one that crossed;
- polite: the offer is answered, or the other one would only repeat it, and ``hello`` follows that
  answer, whereupon the impolite one begins. Nothing is to connect by the answer, but it has a
  ufrag and a password as new as RFC 8839, section 4.4.1.1.1, wants them.

The same is done when nothing arrives any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from msgspec import UNSET, Struct, UnsetType, field

from hub.client.call_connection import (
    Candidate,
    Connection,
    Description,
    configuration,
    ufrag,
    with_new_credentials,
)
from hub.client.call_media import FrameQueue, Part, Source
from hub.errors import HubError
from hub.ids import new_id
from hub.wire.api import Ice

HELLO_S: Final = (10.0, 20.0, 40.0)
LOOK_S: Final = 0.5
CANCEL_S: Final = 1.0
MAX_CANCELS: Final = 10
STALLED_S: Final = 10.0
"""Reports come this often at least, also of silence; aiortc does not count checks of the way."""
MAX_JOBS: Final = 256

_log = logging.getLogger(__name__)


class Want(Struct, frozen=True):
    """Pixels of height at which camera and screen are shown; 0: not at all."""

    video: int
    screen: int


class Signal(Struct, omit_defaults=True):
    """The payload of a signal of kind ``call``; ``session`` is that of the connection."""

    call: str
    sender: str = field(name="from")
    to: str
    session: str | None
    hello: bool = False
    description: Description | None = None
    candidate: Candidate | UnsetType | None = UNSET
    want: Want | None = None


class Body(Struct):
    """What a signal says, before it has an address."""

    session: str | None
    hello: bool = False
    description: Description | None = None
    candidate: Candidate | UnsetType | None = UNSET
    want: Want | None = None


class Peer:
    """The connection with a device as long as both are in the call, whatever becomes of a session.

    Args:
        mine, device: names; the smaller one by UTF-16 code units begins.
        ice: asked before each session.
        send: to the device, if it can be reached; never raises.
        changed: the state is another.
    """

    def __init__(
        self,
        mine: str,
        device: str,
        *,
        ice: Callable[[], Awaitable[Ice]],
        send: Callable[[Body], Awaitable[None]],
        sources: Mapping[Part, Source],
        received: Mapping[Part, FrameQueue],
        want: Want,
        changed: Callable[[], None],
    ) -> None:
        self.polite = mine.encode("utf-16-be") > device.encode("utf-16-be")
        self.sessions = 0
        self._ice = ice
        self._send = send
        self._sources = sources
        self._received = received
        self._want = want
        self._wanted = Want(0, 0)
        self._changed = changed
        self._connection: Connection | None = None
        self._jobs: asyncio.Queue[Signal | None] = asyncio.Queue(MAX_JOBS)
        self._loop = asyncio.get_running_loop()
        self._arrived, self._arrived_at = -1, 0.0
        self._hellos, self._hello_at = 0, float("inf")
        self._look_at = self._loop.time() + LOOK_S
        self._task = asyncio.create_task(self._run(), name=f"call with {device}")

    @property
    def connected(self) -> bool:
        return self._connection is not None and self._connection.connected

    def reachable(self) -> None:
        """The other one can be told something, for the first time or on a new connection."""
        self._put(None)

    def receive(self, signal: Signal) -> None:
        self._put(signal)

    async def close(self) -> None:
        for _ in range(MAX_CANCELS):  # a library that it waits for may swallow a cancellation
            self._task.cancel()
            await asyncio.wait([self._task], timeout=CANCEL_S)
            if self._task.done():
                break
        await self._end()

    def _put(self, job: Signal | None) -> None:
        # Of more than that nobody who keeps to the rules has need; what is lost is said again.
        with contextlib.suppress(asyncio.QueueFull):
            self._jobs.put_nowait(job)

    async def _run(self) -> None:
        """One thing after the other, in the order in which they arrived."""
        while True:
            try:
                async with asyncio.timeout_at(min(self._look_at, self._hello_at)):
                    job = await self._jobs.get()
            except TimeoutError:
                await self._guarded(self._look())
            else:
                await self._guarded(self._hear(job) if job is not None else self._reach())

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except HubError as error:  # no servers known yet, for example: hello tries again
            _log.warning("call: %s", error)
        except Exception as error:
            # aiortc raises of every kind for a description that it cannot use.
            _log.warning("call: %r", error)

    async def _reach(self) -> None:
        await self._say(want=self._want)
        if self.polite:
            if not self.connected:
                await self._hello()
        elif self._connection is None:
            await self._begin()
        else:
            await self._repeat()

    async def _hear(self, signal: Signal) -> None:
        if signal.want is not None:
            self._wanted = signal.want
            self._show()
        if signal.hello and not self.polite:
            if self._connection is not None and self._connection.unanswered:
                await self._repeat()
            else:
                await self._begin()
        if signal.description is not None:
            await self._described(signal.session, signal.description)
        connection = self._of(signal.session)
        if connection is not None and not isinstance(signal.candidate, UnsetType):
            await connection.add(signal.candidate)

    async def _described(self, session: str | None, description: Description) -> None:
        if description.type == "answer":
            connection = self._of(session)
            if connection is not None and connection.unanswered:
                await connection.answered(description)
            return
        if session is None:
            return
        connection = self._of(session)
        if connection is None:
            if not self.polite:
                return  # of a connection that is over
            connection = await self._open(session)
        restarts = connection.ufrag not in (None, ufrag(description.sdp))
        if not self.polite:
            if restarts:
                await self._begin()
            elif connection.stable:
                await self._answer(connection, description)
            return  # else it crossed this side's, which holds
        await self._answer(connection, description, restarts=restarts)
        if restarts:
            await self._hello()

    async def _answer(
        self, connection: Connection, offer: Description, *, restarts: bool = False
    ) -> None:
        await connection.answer(offer)
        if (answer := connection.local) is not None:
            sdp = with_new_credentials(answer.sdp) if restarts else answer.sdp
            await self._say(description=Description("answer", sdp, offer.offer))
        await self._say(candidate=None)

    async def _look(self) -> None:
        now = self._loop.time()
        if now >= self._hello_at:
            self._hello_at = float("inf")
            if not self.connected:
                await self._hello(self._hellos)
        if now < self._look_at:
            return
        self._look_at = now + LOOK_S
        connection = self._connection
        if connection is None:
            return
        arrived = await connection.arrived()
        if arrived != self._arrived or not (connection.connected or connection.over):
            self._arrived, self._arrived_at = arrived, now
        if connection.over or now - self._arrived_at > STALLED_S:
            self._arrived_at = now
            await (self._hello() if self.polite else self._begin())

    async def _hello(self, turn: int = 0) -> None:
        self._hellos = turn + 1
        self._hello_at = self._loop.time() + HELLO_S[min(turn, len(HELLO_S) - 1)]
        await self._send(Body(None, hello=True))

    async def _begin(self) -> None:
        connection = await self._open(new_id("cs"))
        await connection.offer()
        await self._repeat()

    async def _repeat(self) -> None:
        if self._connection is not None and self._connection.unanswered:
            await self._say(description=self._connection.local)
            await self._say(candidate=None)

    async def _open(self, session: str) -> Connection:
        ice = await self._ice()
        await self._end()
        connection = Connection(session, configuration(ice), self._sources, self._received)
        connection.on_change(self._changed)
        self._connection = connection
        self.sessions += 1
        self._arrived, self._arrived_at = -1, self._loop.time()
        self._show()
        self._changed()
        return connection

    async def _end(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def _show(self) -> None:
        if self._connection is not None:
            self._connection.show("camera", self._wanted.video > 0)
            self._connection.show("screen", self._wanted.screen > 0)

    def _of(self, session: str | None) -> Connection | None:
        """The present connection, if that is its session."""
        connection = self._connection
        return connection if connection is not None and connection.session == session else None

    async def _say(
        self,
        *,
        description: Description | None = None,
        candidate: Candidate | UnsetType | None = UNSET,
        want: Want | None = None,
    ) -> None:
        session = self._connection.session if self._connection is not None else None
        await self._send(Body(session, False, description, candidate, want))
