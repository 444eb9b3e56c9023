"""Being connected with one other device of a call, by the rules of docs/calls.md, section 4.

Owns the RTCPeerConnection, its session and what is said about both; never who is in the call.

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
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal

from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcconfiguration import RTCIceTransportPolicy
from aiortc.sdp import candidate_from_sdp
from msgspec import UNSET, Struct, UnsetType, field

from hub.client.call_media import ORDER, PARTS, FrameQueue, Part, Source
from hub.errors import HubError
from hub.ids import new_id
from hub.wire.api import Ice

HELLO_S: Final = (10.0, 20.0, 40.0)
LOOK_S: Final = 0.5
STALLED_S: Final = 10.0
"""Reports come this often at least, also of silence; aiortc does not count checks of the way."""
CLOSE_S: Final = 5.0
MAX_JOBS: Final = 256

_UFRAG = re.compile(r"^a=ice-ufrag:(\S+)", re.MULTILINE)
_PWD = re.compile(r"^a=ice-pwd:(\S+)", re.MULTILINE)
_NAMED = re.compile(r"^a=candidate:(?:\S+ ){4}\S+\.local .*\r?\n", re.MULTILINE)
_log = logging.getLogger(__name__)


class Description(Struct):
    type: Literal["offer", "answer"]
    sdp: str


class Candidate(Struct, omit_defaults=True):
    """As WebRTC's RTCIceCandidateInit."""

    candidate: str
    sdp_mid: str | None = field(default=None, name="sdpMid")
    sdp_m_line_index: int | None = field(default=None, name="sdpMLineIndex")


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


def configuration(ice: Ice) -> RTCConfiguration:
    """No servers means none: left to itself, aiortc asks a public one."""
    servers = [RTCIceServer(one.urls, one.username, one.credential) for one in ice.servers]
    policy = RTCIceTransportPolicy.RELAY if ice.relay_only else RTCIceTransportPolicy.ALL
    return RTCConfiguration(
        iceServers=servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE, iceTransportPolicy=policy
    )


class Connection:
    """One RTCPeerConnection, of one session."""

    def __init__(
        self,
        session: str,
        configuration: RTCConfiguration,
        sources: Mapping[Part, Source],
        received: Mapping[Part, FrameQueue],
    ) -> None:
        self.session = session
        self.ufrag: str | None = None
        self._pc = RTCPeerConnection(configuration)
        self._outlets = {part: source.outlet() for part, source in sources.items()}
        self._received = received
        self._readers: dict[Part, asyncio.Task[None]] = {}

    @property
    def connected(self) -> bool:
        return self._pc.connectionState == "connected"

    @property
    def over(self) -> bool:
        return self._pc.connectionState in ("failed", "closed")

    @property
    def unanswered(self) -> bool:
        return self._pc.signalingState == "have-local-offer"

    @property
    def stable(self) -> bool:
        return self._pc.signalingState == "stable"

    @property
    def local(self) -> Description | None:
        local = self._pc.localDescription
        if local is None:
            return None
        return Description("offer" if local.type == "offer" else "answer", local.sdp)

    def on_change(self, changed: Callable[[], None]) -> None:
        self._pc.on("connectionstatechange", changed)

    def show(self, part: Part, shown: bool) -> None:
        """Whether the other one wants to see a picture."""
        self._outlets[part].shut(not shown)

    async def offer(self) -> None:
        """Offer the four sections."""
        for part in PARTS:
            self._pc.addTransceiver(self._outlets[part], direction="sendrecv")
        await self._pc.setLocalDescription()

    async def answer(self, offer: Description) -> None:
        await self._take(offer)
        for part, section in self._sections():
            section.direction = "sendrecv"
            if section.sender.track is not self._outlets[part]:
                section.sender.replaceTrack(self._outlets[part])
        await self._pc.setLocalDescription()
        self._read()

    async def answered(self, answer: Description) -> None:
        await self._take(answer)
        self._read()

    async def add(self, candidate: Candidate | None) -> None:
        """A way to the other one; null: there are no more."""
        if candidate is None or not candidate.candidate:
            await self._pc.addIceCandidate(None)
            return
        found = candidate_from_sdp(candidate.candidate.removeprefix("candidate:"))
        if found.ip.endswith(".local"):
            return  # a name that only its own network knows
        found.sdpMid, found.sdpMLineIndex = candidate.sdp_mid, candidate.sdp_m_line_index
        await self._pc.addIceCandidate(found)

    async def arrived(self) -> int:
        """Packets of any kind but checks of the way, which aiortc does not count."""
        report = await self._pc.getStats()
        return sum(one.packetsReceived for one in report.values() if one.type == "transport")

    async def close(self) -> None:
        """End it and what it reads; bounded to CLOSE_S."""
        for outlet in self._outlets.values():
            outlet.stop()
        for reader in self._readers.values():
            reader.cancel()
        await asyncio.gather(*self._readers.values(), return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._pc.close(), CLOSE_S)

    async def _take(self, description: Description) -> None:
        sdp = _NAMED.sub("", description.sdp)
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp, description.type))
        self.ufrag = ufrag(sdp)

    def _sections(self) -> list[tuple[Part, RTCRtpTransceiver]]:
        """In the order of the description, whose first of a kind carries the first part."""
        found: list[tuple[Part, RTCRtpTransceiver]] = []
        for kind, parts in ORDER.items():
            sections = [one for one in self._pc.getTransceivers() if one.kind == kind]
            found += zip(parts, sections, strict=False)
        return found

    def _read(self) -> None:
        for part, section in self._sections():
            track = section.receiver.track
            if track is not None and part not in self._readers:
                reading = self._hand_on(track, self._received[part])
                self._readers[part] = asyncio.create_task(reading, name=f"call reads {part}")

    async def _hand_on(self, track: MediaStreamTrack, to: FrameQueue) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                to.put(await track.recv())  # type: ignore[arg-type]  # decoded: never a packet


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
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
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
        answer = connection.local
        if restarts and answer is not None:
            answer = Description("answer", with_new_credentials(answer.sdp))
        await self._say(description=answer)
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


def ufrag(sdp: str) -> str | None:
    """Of its first section; ICE is restarted with another one."""
    found = _UFRAG.search(sdp)
    return found[1] if found else None


def with_new_credentials(sdp: str) -> str:
    """The same description with another ufrag and password in all its sections."""
    sdp = _UFRAG.sub(f"a=ice-ufrag:{secrets.token_hex(4)}", sdp)
    return _PWD.sub(f"a=ice-pwd:{secrets.token_hex(16)}", sdp)
