"""Taking part in the calls of a thread: the client of docs/calls.md, for programs.

    async with CallClient("http://127.0.0.1:8480", token, "r_…") as bot:
        await bot.send("microphone", MediaPlayer("hello.wav").audio)
        await bot.ringing()
        await bot.join()
        person = await bot.person("u_…")
        frame = await person.track("microphone").recv()

Owns who is in the call and what is said of this device; one connection with each other device is
``call_peer``'s, frames are ``call_media``'s. Media go straight to the others, by servers only where
the hub names some. Needs aiortc: ``pip install webmail-hub[calls]``.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Self
from urllib.parse import quote

import msgspec
from aiortc import MediaStreamTrack

from hub.client.call_media import PARTS, FrameQueue, Part, Source
from hub.client.call_peer import Body, Peer, Signal, Want
from hub.client.connection import CommandFailed, LiveClient, ThreadFeed
from hub.client.http import Endpoint
from hub.errors import Conflict, HubError, NotFound, Unavailable
from hub.ids import new_id
from hub.wire import commands as cmd
from hub.wire import events as ev
from hub.wire.api import Ice, ThreadState
from hub.wire.calls import Call, after, begun

WANT: Final = Want(720, 1080)
SIGNAL_KIND: Final = "call"
PRESENT_S: Final = 3.0
AGAIN_S: Final = 0.2
"""The room may not have heard yet that this device is in."""
ANSWER_S: Final = 5.0
WAIT_S: Final = 30.0
ICE_LEFT_MS: Final = 60_000
EARLY_S: Final = 5.0
MAX_EARLY: Final = 64
ENDS: Final = "call ends"


class Participant:
    """Another device that is in the call.

    Attributes:
        seen: how they are in, as they last said; null: not heard yet.
    """

    def __init__(self, uid: str, device: str) -> None:
        self.uid = uid
        self.device = device
        self.seen: ev.InCall | None = None
        self.address: str | None = None
        self._tracks = {part: FrameQueue(part) for part in PARTS}
        self._tracks["microphone"].shut(True)  # until they say that they are not muted
        self._peer: Peer | None = None

    @property
    def connected(self) -> bool:
        return self._peer is not None and self._peer.connected

    @property
    def sessions(self) -> int:
        """How many connections there have been: the first one, and others after it."""
        return 0 if self._peer is None else self._peer.sessions

    @property
    def muted(self) -> bool:
        return self.seen is None or self.seen.muted

    def track(self, part: Part) -> MediaStreamTrack:
        """What arrives, decoded: sound in 16 bits, stereo, 48 kHz. It is the same track for as long
        as they are in, over new connections, and ends when they leave. Of more than a second of
        sound, or 10 pictures, that nobody took the oldest are gone. Silent while they are muted."""
        return self._tracks[part]

    def hear(self, seen: ev.InCall) -> None:
        """What they say of themselves."""
        self.seen = seen
        microphone = self._tracks["microphone"]
        if seen.muted != microphone.closed_off:
            microphone.shut(seen.muted)


class CallClient:
    """One device in the calls of one thread, one at a time, over a live connection of its own.

    Args:
        url: the hub's http(s) address.
        token: from ``hub token create``, with the scopes ``read`` and ``write``.
        thread: whose calls.
        device: name of this program, kept as long as it lives; null: a random one.
        want: heights in pixels of the pictures that it would like; 0: none.

    Attributes:
        call: the one that lasts, or the last one; null: none was heard of.
    """

    def __init__(
        self, url: str, token: str, thread: str, *, device: str | None = None,
        want: Want = WANT,
    ) -> None:  # fmt: skip
        self.thread = thread
        self.device = device or new_id("bot")
        self.call: Call | None = None
        self._want = want
        self._endpoint = Endpoint(url, token)
        self._live = LiveClient(
            url, token, on_frame=self._frame, on_subscribed=lambda _, room: self._room(room)
        )
        self._sources: dict[Part, Source] = {}
        self._others: dict[str, Participant] = {}
        self._present: dict[str, ev.PresenceEntry] = {}
        self._early: list[tuple[float, str, Signal]] = []
        self._inside: str | None = None
        self._told = False  # the room, on this connection: before that it passes no signals on
        self._muted = False
        self._mutes = 0
        self._hand = False
        self._ice: Ice | None = None
        self._say = asyncio.Event()
        self._changes = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: HubError | None = None

    async def __aenter__(self) -> Self:
        try:
            self._sources = {part: Source(part) for part in PARTS}
            await self._live.__aenter__()
            feed = await self._live.subscribe(self.thread)
            path = f"/api/threads/{quote(self.thread, safe='')}"
            state = await self._endpoint.json("GET", path, ThreadState)
            known = state.summary.call
            if known is not None and (self.call is None or known.head > self.call.head):
                self.call = known
            self._spawn(self._follow(feed))
            self._spawn(self._stay())
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave the call and end everything; bounded to 20 s or so."""
        if self._inside is not None and self._live.connected:
            with contextlib.suppress(HubError, TimeoutError):
                await self.leave()
        await self._live.close()  # after which nothing begins any more
        self._inside = None
        self._update()
        for task in self._tasks:
            if task.get_name() != ENDS:
                task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for source in self._sources.values():
            await source.close()

    # --- what one does ----------------------------------------------------------------------------

    async def ring(self, uids: Sequence[str] | None = None, *, video: bool = False) -> Call:
        """Begin a call, or come into the one that lasts.

        Args:
            uids: whom to ring; null: everybody.

        Raises:
            HubError: what the hub says: ``too_many_rung``, ``call_full``, …
        """
        ring = None if uids is None else list(uids)
        return await self._come(
            cmd.StartCall(thread=self.thread, device=self.device, ring=ring, video=video)
        )

    async def join(self) -> Call:
        """Answer the call that rings, or come into the one that lasts.

        Raises:
            NotFound: ``call_not_found``: there is none.
            HubError: what the hub says: ``call_ended``, ``call_full``, ``call_locked``, …
        """
        call = self._running()
        return await self._come(
            cmd.JoinCall(thread=self.thread, call=call.call, device=self.device)
        )

    async def decline(self) -> Call:
        """It rings no more, on no device of this account.

        Raises:
            NotFound: ``call_not_found``.
        """
        command = cmd.DeclineCall(thread=self.thread, call=self._running().call)
        return self._took(await self._live.call(command, Call))

    async def leave(self) -> Call:
        """Leave the call.

        Raises:
            NotFound: ``call_not_found``: this device is in none.
        """
        if self._inside is None:
            raise NotFound("This device is in no call.", code="call_not_found")
        call, self._inside = self._inside, None
        self._update()
        command = cmd.LeaveCall(thread=self.thread, call=call, device=self.device)
        return self._took(await self._live.call(command, Call, ANSWER_S))

    async def send(self, part: Part, track: MediaStreamTrack | None) -> None:
        """Send a track to everybody, from now on and in calls to come; null: nothing. It is its
        maker's to stop; its frames are nobody else's, since their timestamps change."""
        await self._sources[part].replace(track)
        self._say.set()

    def mute(self, muted: bool) -> None:
        """While it is muted nothing of the microphone is sent. Others can mute it, too."""
        self._muted = muted
        self._sources["microphone"].mute(muted)
        self._say.set()

    def raise_hand(self, up: bool) -> None:
        self._hand = up
        self._say.set()

    # --- what one sees ----------------------------------------------------------------------------

    @property
    def uid(self) -> str:
        assert self._live.welcome is not None
        return self._live.welcome.uid

    @property
    def inside(self) -> bool:
        """This device is in the call."""
        return self._inside is not None

    @property
    def muted(self) -> bool:
        return self._muted

    @property
    def others(self) -> list[Participant]:
        """Who else is in, while this device is."""
        return list(self._others.values())

    @property
    def rings(self) -> bool:
        """It rings for this account."""
        call = self.call
        return call is not None and call.ended is None and self.uid in call.who("ringing")

    async def ringing(self, timeout_s: float = WAIT_S) -> Call:
        """Wait until it rings for this account.

        Raises:
            Unavailable: ``timeout``.
        """
        await self.until(lambda: self.rings, timeout_s)
        return self._running()

    async def person(self, uid: str, timeout_s: float = WAIT_S) -> Participant:
        """Somebody who is in, once they are connected.

        Raises:
            Unavailable: ``timeout``.
        """
        await self.until(lambda: self._connected(uid) is not None, timeout_s)
        found = self._connected(uid)
        assert found is not None
        return found

    async def until(self, test: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
        """Wait until something is so, looked at whenever something changed.

        Raises:
            Unavailable: ``timeout``.
            HubError: the connection with the hub does not go on; ``removed``: no member any more.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not test():
                    if self._ended is not None:
                        raise self._ended
                    self._changes.clear()
                    await self._changes.wait()
        except TimeoutError as late:
            raise Unavailable("It did not come to that in time.", code="timeout") from late

    # --- being in ---------------------------------------------------------------------------------

    def _connected(self, uid: str) -> Participant | None:
        return next((one for one in self.others if one.uid == uid and one.connected), None)

    def _running(self) -> Call:
        if self.call is None or self.call.ended is not None:
            raise NotFound("There is no call.", code="call_not_found")
        return self.call

    async def _come(self, command: cmd.StartCall | cmd.JoinCall) -> Call:
        call = await self._live.call(command, Call)
        if call.topology != "direct":
            leave = cmd.LeaveCall(thread=self.thread, call=call.call, device=self.device)
            await self._live.call(leave, Call, ANSWER_S)
            raise Conflict(
                "The call goes by a way unknown to this client.", code="topology_unknown"
            )
        self._told = self._told and self._inside == call.call
        self._inside = call.call
        self._took(call)
        self._say.set()
        return call

    def _took(self, call: Call) -> Call:
        if self.call is None or call.head >= self.call.head:
            self.call = call
        self._update()
        return call

    async def _stay(self) -> None:
        """Say how one is in, again and again."""
        while True:
            self._say.clear()
            pause_s = PRESENT_S
            if self._inside is not None and self._live.connected:
                try:
                    told = await self._live.call(self._how(self._inside), ev.InCall, ANSWER_S)
                    if not self._told and told.call == self._inside:
                        self._told = True
                        self._update()
                except (HubError, TimeoutError):
                    pause_s = AGAIN_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._say.wait()

    def _how(self, call: str) -> cmd.PresentCall:
        return cmd.PresentCall(
            thread=self.thread,
            call=call,
            device=self.device,
            muted=self._muted or self._sources["microphone"].track is None,
            camera=self._sources["camera"].track is not None,
            screen=self._sources["screen"].track is not None,
            hand=self._hand,
            mutes=self._mutes,
        )

    async def _again(self) -> None:
        """In once more: on a new connection, or after the hub took this device for lost."""
        while self._inside is not None:
            command = cmd.JoinCall(thread=self.thread, call=self._inside, device=self.device)
            try:
                self._took(await self._live.call(command, Call, ANSWER_S))
            except CommandFailed as error:
                if error.retry_after_s is not None:
                    await asyncio.sleep(error.retry_after_s)
                    continue
                self._inside = None  # it is over, or somebody took this device out
                self._update()
            except (HubError, TimeoutError):
                return  # the connection went: the next one comes in again
            self._say.set()
            return

    # --- what the hub says ------------------------------------------------------------------------

    def _room(self, room: ev.SubscribeResult) -> None:
        """How the room is when it is entered; what was known of connections is old."""
        self._present = {one.session: one for one in room.presence}
        self._told = False
        if self._live.connects > 1 and self._inside is not None:
            self._spawn(self._again())
        self._update()

    def _frame(self, frame: ev.Frame) -> None:
        match frame:
            case ev.Presence() if frame.thread == self.thread:
                if frame.gone:
                    self._present.pop(frame.entry.session, None)
                else:
                    self._present[frame.entry.session] = frame.entry
                self._update()
            case ev.SignalFrame() if frame.thread == self.thread and frame.kind == SIGNAL_KIND:
                with contextlib.suppress(msgspec.MsgspecError):
                    self._signal(frame.from_uid, msgspec.json.decode(frame.payload, type=Signal))
            case ev.CallMuted() if frame.thread == self.thread and frame.call == self._inside:
                self._mutes = frame.mutes
                self.mute(True)
                self._changes.set()
            case _:
                pass

    async def _follow(self, feed: ThreadFeed) -> None:
        try:
            async for event in feed:
                if event.type.startswith("call."):
                    self._event(event)
        except HubError as error:  # it does not go on, and without the hub nobody knows who is in
            self._ended = error
            self._inside = None
            self._update()

    def _event(self, event: ev.Event) -> None:
        call = self.call
        if event.type == "call.start":
            if call is None or event.seq > call.seq:
                self.call = begun(event.seq, event.sender, event.at, event.data)
        elif call is not None and event.seq > call.head:
            self.call = after(call, event.seq, event.type, event.sender, event.at, event.data)
            mine = event.type == "call.leave" and event.data["uid"] == self.uid
            if mine and event.data["reason"] == "lost" and self._inside == call.call:
                self._spawn(self._again())
                return
        self._update()

    def _signal(self, uid: str, signal: Signal) -> None:
        if signal.call != self._inside or signal.to != self.device:
            return
        other = self._others.get(signal.sender)
        if other is not None and other.uid == uid and other._peer is not None:
            other._peer.receive(signal)
        else:  # before the log says that they are in
            self._early = [*self._early[1 - MAX_EARLY :], (time.monotonic(), uid, signal)]

    def _update(self) -> None:
        """Who else is in by the log, and where they are reached by their presence."""
        call = self.call
        if call is None or call.call != self._inside or call.device_of(self.uid) != self.device:
            lost = call is not None and call.call == self._inside and self._was_lost(call)
            if not lost:
                self._inside = None
        devices: dict[str, str] = {}
        if self._inside is not None and call is not None:
            for uid in call.who("in"):
                device = call.device_of(uid)
                if uid != self.uid and device is not None:
                    devices[device] = uid
        for device, other in list(self._others.items()):
            if devices.get(device) != other.uid:
                del self._others[device]
                self._spawn(_end(other), name=ENDS)
        for device, uid in devices.items():
            if device not in self._others:
                self._others[device] = self._participant(uid, device)
            self._reach(self._others[device])
        early, self._early = self._early, []
        for at, uid, signal in early:
            if time.monotonic() - at < EARLY_S:
                self._signal(uid, signal)
        self._changes.set()

    def _was_lost(self, call: Call) -> bool:
        """Not by its own will, and it may come in again: what ``_again`` is about to do."""
        me = call.people.get(self.uid)
        return call.ended is None and me is not None and me.state == "left" and not me.removed

    def _participant(self, uid: str, device: str) -> Participant:
        other = Participant(uid, device)

        async def send(body: Body) -> None:
            await self._send(other, body)

        other._peer = Peer(
            self.device,
            device,
            ice=self._servers,
            send=send,
            sources=self._sources,
            received=other._tracks,
            want=self._want,
            changed=self._changes.set,
        )
        return other

    def _reach(self, other: Participant) -> None:
        """Of two connections with the same device that which came later counts."""
        found: tuple[int, str, ev.InCall] | None = None
        for session, entry in self._present.items():
            seen = entry.call
            if entry.uid != other.uid or seen is None or seen.device != other.device:
                continue
            if seen.call == self._inside and (found is None or seen.at > found[0]):
                found = (seen.at, session, seen)
        if found is not None:
            other.hear(found[2])
        before, other.address = other.address, found[1] if found and self._told else None
        if other.address not in (None, before) and other._peer is not None:
            other._peer.reachable()

    async def _send(self, other: Participant, body: Body) -> None:
        if other.address is None or self._inside is None or not self._live.connected:
            return
        signal = Signal(
            self._inside, self.device, other.device, body.session, body.hello, body.description,
            body.candidate, body.want,
        )  # fmt: skip
        payload = msgspec.Raw(msgspec.json.encode(signal))
        command = cmd.Signal(
            thread=self.thread, to_session=other.address, kind=SIGNAL_KIND, payload=payload
        )
        with contextlib.suppress(HubError, TimeoutError):
            await self._live.call(command, object, ANSWER_S)

    async def _servers(self) -> Ice:
        known = self._ice
        now = time.time() * 1000
        fresh = known is not None and (
            known.expires_at is None or known.expires_at - now > ICE_LEFT_MS
        )
        if known is None or not fresh:
            self._ice = known = await self._endpoint.json("GET", "/api/ice", Ice)
        return known

    def _spawn(self, work: Coroutine[Any, Any, None], name: str = "call") -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _end(other: Participant) -> None:
    for track in other._tracks.values():
        track.stop()
    if other._peer is not None:
        await other._peer.close()
