"""Commands and signals of a call that no client would send, from a member of its thread: the call
of the others goes on, and what the log says stays true."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from hub.wire.calls import after, begun
from tests.integration.rtc.test_calls import Phone, Place, place
from tests.integration.sockets import signed_in

__all__ = ["place"]

BATCH = 50
JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, 1.5, "", "x", "x" * 300, "\0", "😀" * 40, [], [None], {}, {"a": {}},
    ["u_" + "0" * 22] * 300,
)  # fmt: skip


class Hostile:
    """Makes commands out of good ones."""

    def __init__(self, seed: int, thread: str, call: str, people: list[str]) -> None:
        self.random = random.Random(seed)
        self._words = [thread, call, *people, "desk", "phone", "k_none", "r_none"]
        self._good: list[dict[str, Any]] = [
            {"cmd": "call_start", "thread": thread, "device": "phone", "ring": None},
            {"cmd": "call_start", "thread": thread, "device": "phone", "ring": people},
            {"cmd": "call_join", "thread": thread, "call": call, "device": "phone"},
            {"cmd": "call_leave", "thread": thread, "call": call, "device": "phone"},
            {"cmd": "call_leave", "thread": thread, "call": call, "device": "desk"},
            {"cmd": "call_decline", "thread": thread, "call": call},
            {"cmd": "call_ring", "thread": thread, "call": call, "ring": people},
            {"cmd": "call_remove", "thread": thread, "call": call, "uid": people[0]},
            {"cmd": "call_lock", "thread": thread, "call": call, "locked": True},
            {"cmd": "call_present", "thread": thread, "call": call, "device": "phone",
             "muted": False, "mutes": 3, "camera": True},
            {"cmd": "call_present", "thread": thread, "call": call, "device": "desk",
             "muted": False},
            {"cmd": "signal", "thread": thread, "to_session": "s", "kind": "call",
             "payload": {"call": call, "from": "phone", "to": "desk", "session": None}},
        ]  # fmt: skip

    def next(self) -> dict[str, Any]:
        command = dict(self.random.choice(self._good))
        for _ in range(self.random.randrange(3)):
            key = self.random.choice(list(command))
            match self.random.randrange(4):
                case 0:
                    command.pop(key)
                case 1:
                    command[key] = self.random.choice(self._words)
                case 2:
                    command[self.random.choice(("uid", "until", "by", "topology"))] = 1
                case _:
                    command[key] = self.random.choice(JUNK)
            if not command:
                break
        return command


async def run(place: Place, count: int, seed: int) -> Counter[str]:
    ada, ben = [await place.phone(name) for name in ("ada", "ben")]
    call = (await ada.start())["call"]
    await ben.join(call)
    for one in (ada, ben):
        await one.gets("call_present", **one.here())
    codes: Counter[str] = Counter()
    fuzzer = Hostile(seed, place.thread, call, [ada.uid, ben.uid])
    sent = 0
    while sent < count:
        async with AsyncExitStack() as stack:
            eva = await Place.phone(place, "eva", "phone")
            stack.push_async_callback(eva.raw.socket.close)
            try:
                while sent < count:
                    sent += BATCH
                    await flood(eva, fuzzer, codes)
                    await talks(ada, ben, sent)
            except ConnectionClosed as closed:
                codes[f"closed {closed.rcvd.code if closed.rcvd else None}"] += 1
    for one in (ada, ben):
        await one.gets("call_present", **one.here())
    await true_to_the_log(place, ada, ben)
    return codes


async def flood(eva: Phone, fuzzer: Hostile, codes: Counter[str]) -> None:
    for _ in range(BATCH):
        eva.raw._id += 1
        await eva.raw.socket.send(json.dumps({"id": eva.raw._id, **fuzzer.next()}))
    ping = await eva.raw.send(cmd="ping")
    while True:
        frame = await eva.raw.next()
        if frame["t"] == "ok" and frame.get("re") == ping:
            return
        if frame["t"] in ("ok", "error"):
            codes[frame.get("code", "ok")] += 1


async def talks(ada: Phone, ben: Phone, number: int) -> None:
    """What one of the others says arrives at the other."""
    me = await ben.gets("call_present", **ben.here(hand=number % 2 == 0))
    assert me["call"] == ben.call
    await ada.gets("call_present", **ada.here(camera=number % 2 == 0))
    await ada.sees(ben, hand=number % 2 == 0)
    await ben.sees(ada, camera=number % 2 == 0)


async def true_to_the_log(place: Place, ada: Phone, ben: Phone) -> None:
    summary = await place.summary("ada")
    people = summary["call"]["people"]
    assert {uid for uid in (ada.uid, ben.uid) if people[uid]["state"] == "in"} == {ada.uid, ben.uid}
    assert people[ada.uid]["device"] == people[ben.uid]["device"] == "desk"
    assert not summary["call"].get("locked", False)
    # The same from the events as from the tables; time may do more to it meanwhile.
    (line,) = await place.lines()
    folded = None
    async with signed_in(place.served, place.people["ada"]) as raw:
        await raw.send(cmd="subscribe", thread=place.thread, after=0)
        while folded is None or folded.head < line["head"]:
            event = await raw.until(lambda frame: frame["t"] == "event")
            told = event["seq"], event["type"], event["sender"], event["at"], event.get("data")
            if event["type"] == "call.start":
                folded = begun(event["seq"], event["sender"], event["at"], event["data"])
            elif event["type"].startswith("call.") and folded is not None:
                folded = after(folded, *told)
    assert folded is not None
    assert line["head"] == folded.head
    assert {uid: one["state"] for uid, one in line["people"].items()} == {
        uid: one.state for uid, one in folded.people.items()
    }


@pytest.mark.timeout(120)
async def test_nonsense_from_a_member_disturbs_no_call(place: Place) -> None:
    codes = await run(place, count=2_000, seed=17)
    assert codes["ok"]
    assert codes["not_moderator"]
    assert len(codes) > 5, codes


@pytest.mark.heavy
@pytest.mark.timeout(3000)
async def test_a_hundred_thousand_of_them_disturb_no_call(place: Place) -> None:
    codes = await run(place, count=int(os.environ.get("COMMANDS", "100000")), seed=23)
    print(f"\n{dict(codes)}")
