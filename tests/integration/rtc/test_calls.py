"""Calls of a thread as its people's clients see them, over real sockets and the real log."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from hub.app import CALL_ACTS, RINGS
from hub.clock import SystemClock
from hub.rtc import rules, watch
from hub.storage import calls
from hub.storage.calls import Heard
from tests.integration.conftest import Person, Served, serve
from tests.integration.sockets import Raw, signed_in
from tests.support.hub_process import answer
from tests.support.lossy_bus import Chaos, Exchange


class Watching(Raw):
    """Notes how others are in the call, in whatever it reads."""

    calls: dict[str, dict[str, Any] | None]

    async def next(self) -> dict[str, Any]:
        frame = await super().next()
        if frame["t"] == "presence":
            entry = frame["entry"]
            if "call" in entry and not frame["gone"]:
                self.calls[entry["uid"]] = entry["call"]
        return frame


class Phone:
    """A device of somebody, in the room."""

    def __init__(self, raw: Watching, person: Person, thread: str, device: str) -> None:
        self.raw = raw
        self.uid = person.uid
        self.thread = thread
        self.device = device
        self.call = ""
        self.mutes = 0

    async def ask(self, cmd: str, **fields: Any) -> dict[str, Any]:
        return await self.raw.call(cmd=cmd, thread=self.thread, **fields)

    async def gets(self, cmd: str, **fields: Any) -> Any:
        reply = await self.ask(cmd, **fields)
        assert reply["t"] == "ok", reply
        return reply["result"]

    async def refused(self, cmd: str, **fields: Any) -> str:
        reply = await self.ask(cmd, **fields)
        assert reply["t"] == "error", reply
        return str(reply["code"])

    async def start(self, **fields: Any) -> dict[str, Any]:
        call: dict[str, Any] = await self.gets("call_start", device=self.device, **fields)
        self.call = call["call"]
        return call

    async def join(self, call: str) -> dict[str, Any]:
        self.call = call
        joined: dict[str, Any] = await self.gets("call_join", call=call, device=self.device)
        return joined

    async def leave(self) -> Any:
        return await self.gets("call_leave", call=self.call, device=self.device)

    def here(self, **fields: Any) -> dict[str, Any]:
        how = {"muted": False, "mutes": self.mutes, **fields}
        return {"call": self.call, "device": self.device, **how}

    async def event(self, type_: str) -> dict[str, Any]:
        return await self.raw.until(
            lambda frame: frame["t"] == "event" and frame["type"] == f"call.{type_}"
        )

    async def sees(self, phone: Phone, **how: Any) -> None:
        """Until the presence of another says so."""
        while True:
            call = self.raw.calls.get(phone.uid)
            if call is not None and all(call.get(key, False) == how[key] for key in how):
                return
            await self.raw.next()


@asynccontextmanager
async def phone(
    served: Served, person: Person, thread: str, device: str = "desk"
) -> AsyncIterator[Phone]:
    async with signed_in(served, person) as raw:
        raw.__class__ = Watching
        assert isinstance(raw, Watching)
        raw.calls = {}
        reply = await raw.call(cmd="subscribe", thread=thread)
        assert reply["t"] == "ok", reply
        yield Phone(raw, person, thread, device)


class Place:
    """A thread of some people, and their devices."""

    def __init__(self, served: Served, stack: AsyncExitStack) -> None:
        self.served = served
        self._stack = stack
        self.people: dict[str, Person] = {}
        self.thread = ""

    async def begin(self, *names: str) -> None:
        first: Person | None = None
        for name in names:
            self.people[name] = await self.served.person(name, first)
            first = first or self.people[name]
        assert first is not None
        self.thread = await self.served.thread(first, *self.people.values())

    async def phone(
        self, name: str, device: str = "desk", *, served: Served | None = None
    ) -> Phone:  # fmt: skip
        return await self._stack.enter_async_context(
            phone(served or self.served, self.people[name], self.thread, device)
        )

    async def summary(self, name: str) -> dict[str, Any]:
        state = await answer(self.people[name].http.get(f"/api/threads/{self.thread}"))
        summary: dict[str, Any] = state["summary"]
        return summary

    async def lines(self) -> list[dict[str, Any]]:
        """Calls in the history."""
        http = next(iter(self.people.values())).http
        page = await answer(http.get(f"/api/threads/{self.thread}/history"))
        return [item["data"] for item in page["items"] if item["type"] == "call.start"]


@pytest.fixture
async def place(served: Served) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        place = Place(served, stack)
        await place.begin("ada", "ben", "eva")
        yield place


async def test_a_call_is_rung_answered_and_told_of(place: Place) -> None:
    ada, ben, eva = [await place.phone(name) for name in ("ada", "ben", "eva")]
    call = await ada.start()
    rung = await ben.event("start")
    assert set(rung["data"]["ring"]) == {ben.uid, eva.uid}
    assert (await place.summary("ben"))["call"]["people"][ben.uid]["state"] == "ringing"

    await ben.join(call["call"])
    await ada.gets("call_present", **ada.here())
    await ben.gets("call_present", **ben.here(camera=True))
    await ada.sees(ben, camera=True)
    await eva.gets("call_decline", call=call["call"])
    assert (await ada.event("decline"))["sender"] == eva.uid
    # Asked again by mistake: nothing more is written.
    head = (await eva.gets("call_decline", call=call["call"]))["head"]
    assert head == (await place.summary("ada"))["call"]["head"]

    await ada.leave()
    over = await ben.leave()
    assert over["ended"] is not None
    (line,) = await place.lines()
    assert line == over
    assert (await place.summary("eva"))["unread"] == 0  # declined is not missed
    assert (await place.summary("eva"))["call"] is None


async def test_nobody_answers(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "RING_MS", 600)
    ada, ben = await place.phone("ada"), await place.phone("ben")
    call = await ada.start()
    await ada.gets("call_present", **ada.here())
    missed = await ben.event("miss")
    assert ben.uid in missed["data"]["uids"]
    await ben.event("end")
    assert (await place.summary("ben"))["unread"] == 1
    assert (await place.summary("ada"))["unread"] == 0
    (line,) = await place.lines()
    assert line["people"][ben.uid]["state"] == "missed"
    assert await ben.refused("call_join", call=call["call"], device="desk") == "call_ended"
    await ben.gets("mark_read", seq=missed["seq"])
    assert (await place.summary("ben"))["unread"] == 0


async def test_who_missed_it_and_comes_has_not_missed_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "RING_MS", 600)
    ada, ben = await place.phone("ada"), await place.phone("ben")
    call = await ada.start()
    await ben.join(call["call"])
    for one in (ada, ben):
        await one.gets("call_present", **one.here())
    await ada.event("miss")
    assert (await place.summary("eva"))["unread"] == 1
    eva = await place.phone("eva")
    await eva.join(call["call"])
    assert (await place.summary("eva"))["unread"] == 0


async def test_two_who_ring_each_other_are_in_one_call(place: Place) -> None:
    ada, ben = await place.phone("ada"), await place.phone("ben")
    mine, theirs = await asyncio.gather(ada.start(), ben.start())
    assert mine["call"] == theirs["call"]
    assert len(await place.lines()) == 1
    again = await ada.start()
    assert again["head"] == (await place.summary("ada"))["call"]["head"]


async def test_one_device_at_a_time(place: Place) -> None:
    ada, ben = await place.phone("ada"), await place.phone("ben")
    call = await ada.start()
    await ben.join(call["call"])
    await ben.gets("call_present", **ben.here())
    await ada.sees(ben, device="desk")
    other = await place.phone("ben", "phone")
    await other.join(call["call"])
    await other.gets("call_present", **other.here())
    await ada.sees(ben, device="phone")
    # The desk is out of it, whatever it says.
    assert await ben.refused("call_present", **ben.here()) == "not_in_call"
    assert (await ben.leave())["people"][ben.uid]["device"] == "phone"
    in_it = [one for one in await _present(place) if one["uid"] == ben.uid and "call" in one]
    assert [one["call"]["device"] for one in in_it] == ["phone"]
    # The same device on a new connection, while the hub still has the old one.
    anew = await place.phone("ben", "phone")
    await anew.join(call["call"])
    await anew.gets("call_present", **anew.here(hand=True))
    await ada.sees(ben, hand=True)
    in_it = [one for one in await _present(place) if one["uid"] == ben.uid and "call" in one]
    assert [one["call"].get("hand") for one in in_it] == [True]


async def _present(place: Place) -> list[dict[str, Any]]:
    async with signed_in(place.served, place.people["ada"]) as raw:
        reply = await raw.call(cmd="subscribe", thread=place.thread)
        present: list[dict[str, Any]] = reply["result"]["presence"]
        return present


async def test_who_is_not_heard_of_has_left_when_last_heard(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "LOST_MS", 1_500)
    monkeypatch.setattr(watch, "LOOK_S", 0.1)
    monkeypatch.setattr(place.served.hub.services.watch, "_sure_at_s", 0.0)
    ada, ben = await place.phone("ada"), await place.phone("ben")
    call = await ada.start(ring=[ben.uid])
    await ben.join(call["call"])
    for one in (ada, ben):
        await one.gets("call_present", **one.here())

    async def stays() -> None:
        while True:
            await ada.raw.send(cmd="call_present", thread=place.thread, **ada.here())
            await asyncio.sleep(0.2)

    staying = asyncio.create_task(stays())
    lost = await ada.event("leave")
    assert (lost["data"]["uid"], lost["data"]["reason"]) == (ben.uid, "lost")
    assert lost["at"] - lost["data"]["until"] >= 1_500
    # It comes back, within the same call.
    staying.cancel()
    back = await ben.join(call["call"])
    assert back["people"][ben.uid]["stayed"] == lost["data"]["until"] - rung_at(back, ben.uid, lost)
    # And when nobody is heard of, it is over; it lasted until then.
    over = await ben.event("end")
    assert over["data"]["until"] < over["at"]


class Hurried:
    """A clock on which a second goes by with each look at it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now_ms(self) -> int:
        return SystemClock().now_ms()

    def monotonic_s(self) -> float:
        self.seconds += 1
        return self.seconds


async def test_after_a_start_all_have_the_time_to_come_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LOOK_S", 0.05)
    ada, ben = await place.phone("ada"), await place.phone("ben")
    call = await ada.start(ring=[ben.uid])
    await ben.join(call["call"])
    hub, clock = place.served.hub, Hurried()
    async with hub.database.acquire() as connection:
        for one, seen in ((ada, "1 hour"), (ben, "-20 s")):  # she goes on speaking
            await calls.heard(connection, [Heard(call["call"], one.uid, "desk")])
            await connection.execute(
                "UPDATE call_devices SET seen_at = now() + $2::text::interval WHERE uid = $1",
                one.uid, seen,
            )  # fmt: skip
    monkeypatch.setattr(rules, "_last_heard", lambda _, spoke: spoke)  # they came in long ago
    monkeypatch.setattr(hub.services.watch, "_sure_at_s", 1e9)  # only the other one acts
    started = asyncio.create_task(watch.Watch(hub.database, hub.services.calls, clock).run())
    lost = await ada.event("leave")
    assert (lost["data"]["uid"], lost["data"]["reason"]) == (ben.uid, "lost")
    assert clock.seconds > 30  # whoever waited longest before they try again
    started.cancel()


async def test_the_first_who_is_back_throws_out_none_of_the_others(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LOOK_S", 0.05)
    monkeypatch.setattr(rules, "_last_heard", lambda _, spoke: spoke)  # they came in long ago
    hub, clock = place.served.hub, Hurried()
    monkeypatch.setattr(hub.services.watch, "heard", lambda *_: None)
    ada, ben = await place.phone("ada"), await place.phone("ben")
    call = await ada.start(ring=[ben.uid])
    await ben.join(call["call"])

    async def spoke(one: Phone, ago: str) -> None:
        async with hub.database.acquire() as connection:
            await calls.heard(connection, [Heard(call["call"], one.uid, "desk")])
            await connection.execute(
                "UPDATE call_devices SET seen_at = now() - $2::text::interval WHERE uid = $1",
                one.uid, ago,
            )  # fmt: skip

    for one in (ada, ben):
        await spoke(one, "20 s")
    monkeypatch.setattr(hub.services.watch, "_sure_at_s", 1e9)  # only the other one acts
    monkeypatch.setattr(watch, "START_S", 0.0)
    started = asyncio.create_task(watch.Watch(hub.database, hub.services.calls, clock).run())
    while clock.seconds < 20:  # nobody is lost, though both are silent
        await asyncio.sleep(0.01)
    back_s = clock.seconds
    await spoke(ada, "-1 hour")
    lost = await ada.event("leave")
    assert (lost["data"]["uid"], lost["data"]["reason"]) == (ben.uid, "lost")
    assert clock.seconds - back_s >= rules.LOST_MS / 1000
    started.cancel()


def rung_at(call: dict[str, Any], uid: str, lost: dict[str, Any]) -> int:
    """When somebody came in who was lost once: what is known of it now."""
    return int(lost["data"]["until"] - call["people"][uid]["stayed"])


async def test_only_the_device_that_is_in_is_listened_to(place: Place) -> None:
    ada, ben = await place.phone("ada"), await place.phone("ben")
    call = await ada.start(ring=[ben.uid])
    await ben.join(call["call"])
    other = await place.phone("ben", "phone")
    await other.join(call["call"])
    async with place.served.hub.database.acquire() as connection:
        await calls.heard(connection, [Heard(call["call"], ben.uid, "desk")])
        await connection.execute(
            "UPDATE call_devices SET seen_at = now() - interval '1 hour' WHERE device = 'desk'"
        )
        (running,) = await calls.all_running(connection, place.thread)
    assert running.silent_ms.get(ben.uid, 0) < 600_000


async def test_one_can_always_hang_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place.served.hub.services.acts, "_every_s", 1e9)
    ada = await place.phone("ada")
    call = await ada.start()
    for device in range(CALL_ACTS):
        await ada.ask("call_join", call=call["call"], device=str(device))
    assert await ada.refused("call_join", call=call["call"], device="x") == "too_many_attempts"
    ada.device = str(CALL_ACTS - 2)
    assert (await ada.leave())["ended"] is not None


async def test_who_closes_the_tab_has_left(place: Place) -> None:
    ada = await place.phone("ada")
    async with phone(place.served, place.people["ben"], place.thread) as ben:
        call = await ada.start(ring=[ben.uid])
        await ben.join(call["call"])
        await ben.raw.send(
            cmd="call_leave", thread=place.thread, call=call["call"], device=ben.device
        )
    left = await ada.event("leave")
    assert (left["data"]["uid"], left["data"]["reason"]) == (ben.uid, "left")


async def test_a_thread_may_be_too_large_to_ring(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.rooms.call_acts.MAX_RUNG", 2)
    ada, ben = await place.phone("ada"), await place.phone("ben")
    assert await ada.refused("call_start", device="desk") == "too_many_rung"
    path = f"/api/accounts/{ben.uid}"
    await answer(place.people["ada"].http.patch(path, json={"disabled": True}))
    call = await ada.start(ring=[ben.uid, place.people["eva"].uid])
    assert ben.uid not in call["people"]  # whose account is disabled


async def test_no_member_is_in_no_call(place: Place) -> None:
    ada, ben = await place.phone("ada"), await place.phone("ben")
    call = await ada.start()
    await ben.join(call["call"])
    await ada.gets("set_member", send_id="out", uid=ben.uid, role=None)
    gone = await ada.event("leave")
    assert (gone["data"]["uid"], gone["data"]["reason"]) == (ben.uid, "removed")
    assert await ben.refused("call_join", call=call["call"], device="desk") == "thread_not_found"


async def test_muted_by_another(place: Place) -> None:
    ada, ben = await place.phone("ada"), await place.phone("ben")
    call = await ada.start()
    assert await ada.refused("call_mute", call=call["call"], uid=ben.uid) == "not_in_call"
    await ada.gets("call_present", **ada.here())
    assert await ada.refused("call_mute", call=call["call"], uid=ben.uid) == "person_not_in_call"
    await ben.join(call["call"])
    await ben.gets("call_present", **ben.here())
    await ada.sees(ben, muted=False)
    await ada.gets("call_mute", call=call["call"], uid=ben.uid)
    told = await ben.raw.frame("call_muted")
    assert (told["by"], told["mutes"]) == (ada.uid, 1)
    await ada.sees(ben, muted=True)
    # What was on its way then does not unmute, what comes after it does.
    await ben.gets("call_present", **ben.here(hand=True))
    await ada.sees(ben, muted=True, hand=True)
    ben.mutes = 1
    assert (await ben.gets("call_present", **ben.here()))["mutes"] == 1
    await ada.sees(ben, muted=False, hand=False)
    # The number goes on over a new connection.
    anew = await place.phone("ben")
    anew.call, anew.mutes = ben.call, 1
    await anew.gets("call_present", **anew.here())
    await ada.gets("call_mute", call=call["call"], uid=ben.uid)
    assert (await anew.raw.frame("call_muted"))["mutes"] == 2
    told = await anew.gets("call_present", **anew.here())
    assert (told["muted"], told["mutes"]) == (True, 2)


async def test_signals_are_for_those_in_the_call(place: Place) -> None:
    ada, ben, eva = [await place.phone(name) for name in ("ada", "ben", "eva")]
    call = await ada.start()
    await ben.join(call["call"])
    session = {one["uid"]: one["session"] for one in await _present(place)}

    def to(phone: Phone) -> dict[str, Any]:
        return {"to_session": session[phone.uid], "kind": "call", "payload": {"sdp": "…"}}

    assert await ada.refused("signal", **to(ben)) == "not_in_call"
    for one in (ada, ben):
        await one.gets("call_present", **one.here())
    await ada.gets("signal", **to(ben))
    assert (await ben.raw.frame("signal"))["payload"] == {"sdp": "…"}
    assert await ada.refused("signal", **to(eva)) == "not_in_call"
    assert await eva.refused("signal", **to(ben)) == "not_in_call"


async def test_locked_full_removed(served: Served) -> None:
    async with AsyncExitStack() as stack:
        place = Place(served, stack)
        await place.begin("ada", "ben", "eva", "ivo", "uma")
        ada, ben, eva, ivo, uma = [await place.phone(name) for name in place.people]
        call = (await ben.start(ring=[ada.uid]))["call"]
        assert await ada.refused("call_lock", call=call, locked=True) == "not_in_call"
        await ada.join(call)
        await ada.gets("call_lock", call=call, locked=True)
        assert await eva.refused("call_join", call=call, device="desk") == "call_locked"
        assert await eva.refused("call_lock", call=call, locked=False) == "not_moderator"
        await ada.gets("call_ring", call=call, ring=[eva.uid])
        await eva.join(call)
        await ben.gets("call_lock", call=call, locked=False)
        await ivo.join(call)
        assert await uma.refused("call_join", call=call, device="desk") == "call_full"
        assert await ivo.refused("call_remove", call=call, uid=ben.uid) == "not_moderator"
        await ben.gets("call_remove", call=call, uid=ivo.uid)
        await ivo.event("leave")
        assert await ivo.refused("call_join", call=call, device="desk") == "removed_from_call"
        await uma.join(call)


async def test_who_reads_may_come_and_not_begin(place: Place) -> None:
    await answer(
        place.people["ada"].http.post(
            f"/api/threads/{place.thread}/members",
            json={"uid": place.people["ben"].uid, "role": "reader"},
        )
    )
    ben = await place.phone("ben")
    assert await ben.refused("call_start", device="desk") == "read_only"
    ada = await place.phone("ada")
    call = await ada.start()
    assert (await ben.start())["call"] == call["call"]
    assert await ben.refused("call_ring", call=call["call"], ring=[ada.uid]) == "read_only"


async def test_nobody_rings_all_the_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place.served.hub.services.rings, "_every_s", 1e9)
    ada = await place.phone("ada")
    for _ in range(RINGS):
        await ada.start()
        await ada.leave()
    assert await ada.refused("call_start", device="desk") == "too_many_attempts"


async def test_busy_and_not_to_be_disturbed(place: Place) -> None:
    ada, ben = place.people["ada"], place.people["ben"]
    other = await place.served.thread(ada, ben)
    await answer(place.people["eva"].http.patch("/api/me", json={"quiet": True}))
    async with phone(place.served, ben, other) as elsewhere:
        await elsewhere.start()
        mine = await place.phone("ada")
        call = await mine.start()
    assert call["people"][ben.uid]["hush"] == "busy"
    assert call["people"][place.people["eva"].uid]["hush"] == "quiet"
    assert await mine.refused("call_ring", call=call["call"], ring=["u_nobody"]) == "not_member"


@pytest.mark.parametrize("chaos", [Chaos(), Chaos(lost=0.3, repeated=0.2, delayed=0.3)])
async def test_a_call_across_two_processes(
    database_url: str, chaos: Chaos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.rooms.poll.POLL_S", 0.3)
    monkeypatch.setattr("hub.rooms.registry.PRESENCE_S", 0.3)
    exchange = Exchange(random.Random(3), Chaos())
    async with AsyncExitStack() as stack:
        one, two = [
            await stack.enter_async_context(serve(database_url, bus=exchange.bus()))
            for _ in range(2)
        ]
        place = Place(one, stack)
        await place.begin("ada", "ben")
        exchange.chaos = chaos
        ada, ben = await place.phone("ada"), await place.phone("ben", served=two)
        mine, theirs = await asyncio.gather(ada.start(), ben.start())
        assert mine["call"] == theirs["call"]
        for here in (ada, ben):
            while (await here.ask("call_present", **here.here()))["t"] != "ok":
                await asyncio.sleep(0.05)  # its room has not heard yet
        await ben.gets("call_present", **ben.here(camera=True))
        await ada.sees(ben, camera=True)
        await ada.leave()
        assert (await ben.leave())["ended"] is not None
        await ada.event("end")
