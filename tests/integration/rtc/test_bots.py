"""Programs in a call with each other, by way of aiortc and a hub that is served."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from aiortc.mediastreams import MediaStreamError

from hub.client import call_peer, calls
from hub.client.calls import CallClient, Participant
from hub.errors import HubError, NotFound
from hub.rtc import rules, watch
from hub.wire.commands import MuteInCall, SetMember
from tests.integration.conftest import Person, Served
from tests.support.tones import Bar, Tone, falls_silent, hears, hears_nothing, sees_moving

TONES = {"ada": 620, "ben": 910, "eva": 1330}


class Bots:
    """Programs of the people of one thread, each with a tone of its own."""

    def __init__(self, served: Served, stack: AsyncExitStack) -> None:
        self._served = served
        self._stack = stack
        self.people: dict[str, Person] = {}
        self.thread = ""

    async def begin(self, *names: str) -> None:
        first: Person | None = None
        for name in names:
            self.people[name] = await self._served.person(name, first)
            first = first or self.people[name]
        assert first is not None
        self.thread = await self._served.thread(first, *self.people.values())

    async def make(self, name: str, device: str) -> CallClient:
        bot = await self._stack.enter_async_context(
            CallClient(self._served.url, self.people[name].token, self.thread, device=device)
        )
        tone, bar = Tone(TONES[name]), Bar()
        await bot.send("microphone", tone)
        await bot.send("camera", bar)
        return bot


@pytest.fixture
async def bots(served: Served) -> AsyncIterator[Bots]:
    async with AsyncExitStack() as stack:
        bots = Bots(served, stack)
        await bots.begin("ada", "ben", "eva")
        yield bots


@pytest.mark.timeout(120)
async def test_one_rings_another_answers_a_third_joins(bots: Bots) -> None:
    ada, ben = await bots.make("ada", "a"), await bots.make("ben", "b")
    call = await ada.ring([ben.uid])
    assert (await ben.ringing()).call == call.call
    await ben.join()
    to_ben, to_ada = await ada.person(ben.uid), await ben.person(ada.uid)
    await hears(to_ben.track("microphone"), TONES["ben"])
    await hears(to_ada.track("microphone"), TONES["ada"])
    await sees_moving(to_ben.track("camera"))
    await sees_moving(to_ada.track("camera"))

    eva = await bots.make("eva", "c")
    await eva.join()
    for one, name in ((ada, "ada"), (ben, "ben")):
        await hears((await eva.person(one.uid)).track("microphone"), TONES[name])
        await hears((await one.person(eva.uid)).track("microphone"), TONES["eva"])
    # Nobody began anew because of that.
    assert (to_ben.sessions, to_ada.sessions) == (1, 1)

    await eva.leave()
    await ada.until(lambda: len(ada.others) == 1)
    await ben.leave()
    await ada.until(lambda: not ada.others)
    assert (await ada.leave()).ended is not None


@pytest.mark.timeout(120)
async def test_who_is_muted_is_not_heard(bots: Bots) -> None:
    ada, ben = await bots.make("ada", "a"), await bots.make("ben", "b")
    await ada.ring([ben.uid])
    await ben.ringing()
    await ben.join()
    to_ben = await ada.person(ben.uid)
    await hears(to_ben.track("microphone"), TONES["ben"])
    ben.mute(True)
    await ada.until(lambda: to_ben.muted)
    await hears_nothing(to_ben.track("microphone"))
    ben.mute(False)
    await hears(to_ben.track("microphone"), TONES["ben"])
    # Whatever arrives of who says so is not handed out.
    ben.mute(True)
    ben._sources["microphone"].mute(False)
    await ada.until(lambda: to_ben.muted)
    await hears_nothing(to_ben.track("microphone"))
    await sees_moving(to_ben.track("camera"))


@pytest.mark.timeout(120)
async def test_who_is_muted_sends_nothing(bots: Bots, monkeypatch: pytest.MonkeyPatch) -> None:
    def play_it_all_the_same(self: Participant, seen: object) -> None:
        self._tracks["microphone"].shut(False)

    monkeypatch.setattr(Participant, "hear", play_it_all_the_same)
    ada, ben = await bots.make("ada", "a"), await bots.make("ben", "b")
    await ada.ring([ben.uid])
    await ben.ringing()
    await ben.join()
    track = (await ada.person(ben.uid)).track("microphone")
    await hears(track, TONES["ben"])
    ben.mute(True)
    await falls_silent(track)
    ben.mute(False)
    await hears(track, TONES["ben"])


@pytest.mark.timeout(120)
@pytest.mark.parametrize("when", ["connecting", "connected"])
async def test_nothing_is_left_of_it(bots: Bots, when: str) -> None:
    before = asyncio.all_tasks()
    threads = set(threading.enumerate())
    async with AsyncExitStack() as stack:
        mine = Bots(bots._served, stack)
        mine.people, mine.thread = bots.people, bots.thread
        ada, ben = await mine.make("ada", "a"), await mine.make("ben", "b")
        await ada.ring([ben.uid])
        await ben.ringing()
        await ben.join()
        if when == "connected":
            await ada.person(ben.uid)
        else:
            await ada.until(lambda: any(one.sessions for one in ada.others))
    left = {one for one in asyncio.all_tasks() - before if "hub/client" in repr(one)}
    assert not left
    async with asyncio.timeout(5):
        while any(one.name.endswith("-decoder") for one in set(threading.enumerate()) - threads):
            await asyncio.sleep(0.01)


@pytest.mark.timeout(120)
async def test_another_track_in_mid_call(bots: Bots) -> None:
    ada, ben = await bots.make("ada", "a"), await bots.make("ben", "b")
    await ada.ring([ben.uid])
    await ben.ringing()
    await ben.join()
    track = (await ada.person(ben.uid)).track("microphone")
    await hears(track, TONES["ben"])
    await ben.send("microphone", Tone(TONES["eva"]))
    await hears(track, TONES["eva"])
    screen = (await ada.person(ben.uid)).track("screen")
    await ben.send("screen", Bar())
    await sees_moving(screen)


@pytest.mark.timeout(120)
async def test_declined(bots: Bots) -> None:
    ada, ben = await bots.make("ada", "a"), await bots.make("ben", "b")
    with pytest.raises(NotFound):
        await ben.join()
    await ada.ring([ben.uid])
    await ben.ringing()
    await ben.decline()
    await ada.until(lambda: not ada.inside)  # nobody will come
    assert not ben.rings


@pytest.mark.timeout(120)
async def test_media_and_words_outlive_the_connection_to_the_hub(bots: Bots) -> None:
    ada, ben = await bots.make("ada", "a"), await bots.make("ben", "b")
    await ada.ring([ben.uid])
    await ben.ringing()
    await ben.join()
    to_ben, to_ada = await ada.person(ben.uid), await ben.person(ada.uid)
    before = to_ada.address
    assert ada._live._socket is not None
    ada._live._socket.transport.abort()
    await ben.until(lambda: to_ada.address not in (None, before))
    ada.mute(True)
    await ben.until(lambda: to_ada.muted)
    ada.mute(False)
    await hears(to_ada.track("microphone"), TONES["ada"])
    await hears(to_ben.track("microphone"), TONES["ben"])
    assert (to_ben.sessions, to_ada.sessions) == (1, 1)


@pytest.mark.timeout(120)
async def test_who_was_taken_for_lost_comes_in_again(
    bots: Bots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "LOST_MS", 1_500)
    monkeypatch.setattr(watch, "LOOK_S", 0.1)
    monkeypatch.setattr(bots._served.hub.services.watch, "_sure_at_s", 0.0)
    monkeypatch.setattr(calls, "PRESENT_S", 0.3)
    ada, ben = await bots.make("ada", "a"), await bots.make("ben", "b")
    await ada.ring([ben.uid])
    await ben.ringing()
    await ben.join()
    await ada.person(ben.uid)

    def state() -> str:
        assert ben.call is not None
        return ben.call.people[ada.uid].state

    (staying,) = [one for one in ada._tasks if "_stay" in repr(one)]
    staying.cancel()
    await ben.until(lambda: state() == "left")
    await ben.until(lambda: state() == "in")
    assert ada.inside


@pytest.mark.timeout(120)
async def test_muted_by_another(bots: Bots) -> None:
    ada, ben = await bots.make("ada", "a"), await bots.make("ben", "b")
    call = await ada.ring([ben.uid])
    await ben.ringing()
    await ben.join()
    to_ben = await ada.person(ben.uid)
    command = MuteInCall(thread=bots.thread, call=call.call, uid=ben.uid)
    await ada._live.call(command, object)
    await ben.until(lambda: ben.muted)
    await ada.until(lambda: to_ben.muted)
    await hears_nothing(to_ben.track("microphone"))
    ben.mute(False)
    await hears(to_ben.track("microphone"), TONES["ben"])


@pytest.mark.timeout(120)
async def test_who_is_no_member_any_more_is_out(bots: Bots) -> None:
    ada, ben = await bots.make("ada", "a"), await bots.make("ben", "b")
    await ada.ring([ben.uid])
    await ben.ringing()
    await ben.join()
    track = (await ben.person(ada.uid)).track("microphone")
    await ada.person(ben.uid)
    command = SetMember(thread=bots.thread, send_id="out", uid=ben.uid, role=None)
    await ada._live.send(command)
    await ben.until(lambda: not ben.inside)
    with pytest.raises(MediaStreamError):
        await hears(track, 1)  # until it ends
    with pytest.raises(HubError, match="no member"):
        await ben.ringing()
    await ada.until(lambda: not ada.others)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("begins", ["a", "c"])
async def test_all_begins_anew_when_nothing_arrives(
    bots: Bots, begins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_peer, "STALLED_S", 2.0)
    ada, ben = await bots.make("ada", "b"), await bots.make("ben", begins)
    await ada.ring([ben.uid])
    await ben.ringing()
    await ben.join()
    to_ben = await ada.person(ben.uid)
    await hears(to_ben.track("microphone"), TONES["ben"])
    # Ben's voice reaches nobody, and his connection does not know.
    peer = (await ben.person(ada.uid))._peer
    assert peer is not None
    assert peer._connection is not None
    (way,) = {one.transport.transport for one in peer._connection._pc.getSenders()}
    way._send = _nowhere
    await ada.until(lambda: to_ben.sessions == 2 and to_ben.connected)
    await hears(to_ben.track("microphone"), TONES["ben"])
    await hears((await ben.person(ada.uid)).track("microphone"), TONES["ada"])


async def _nowhere(data: bytes) -> None:
    pass
