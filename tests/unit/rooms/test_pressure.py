"""One person, or a disk that stands still, takes neither the others' turns nor memory without
end."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from hub.rooms import admission, delivery, limits
from hub.rooms.access import Grounds
from hub.rooms.documents import LiveDocument
from hub.rooms.fold import fold
from hub.rooms.owners import Owners
from hub.rooms.relays import Relays
from hub.wire import frames
from tests.support.document_harness import Client, Harness
from tests.support.yupdates import text, update

GROUNDS = Grounds(None, 2)


async def test_a_connection_is_not_read_while_the_disk_stands_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MAX_UNSETTLED", 10)
    harness = Harness("text")
    harness.roles["u_0"] = "editor"
    client = harness.join("u_0", None, 2, stock=False)
    first, _ = harness.leased("u_0")
    typed = update({first: (0, [text("a")])})
    for _ in range(10):  # the same again: nothing new, and nothing on disk
        assert harness.live.receive(client, frames.UPDATE, typed) is None
    waits = harness.live.receive(client, frames.UPDATE, typed)
    assert waits is not None
    waiting = asyncio.ensure_future(waits)
    await harness.idle()
    assert not waiting.done()
    harness.disk.commit(1)
    async with asyncio.timeout(5):
        await waiting
    await harness.idle()
    assert client.durable == 11
    assert harness.live.receive(client, frames.UPDATE, typed) is None


async def test_a_person_with_much_to_study_leaves_the_others_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    harness = Harness("text")
    studied = []
    study = admission.study

    def noting(found: Any, *arguments: Any, **options: Any) -> admission.Study:
        studied.append(min(found.structs))
        return study(found, *arguments, **options)

    monkeypatch.setattr(admission, "study", noting)
    long = text("x" * 200_000)
    ids = [harness.leased(uid)[0] + at for at, uid in enumerate(["u_0", "u_0", "u_0", "u_1"])]
    for number, (uid, id_) in enumerate(zip(["u_0", "u_0", "u_0", "u_1"], ids, strict=True)):
        owners = Owners()
        owners.lease(*harness.leased(uid), uid)
        info = msgspec.structs.replace(harness.info, document=f"d_{number}", number=number)
        live = LiveDocument(info, harness.house, fold("text", None, []), owners, Relays(), 0)
        client = Client(f"c_{number}", uid, GROUNDS, stock=False)
        live.attach(client, "editor", GROUNDS, stock=False)
        assert live.receive(client, frames.UPDATE, update({id_: (0, [long])})) is not None
    await harness.idle()
    assert studied == [ids[0], ids[3], ids[1], ids[2]]


async def test_an_acknowledgement_comes_after_what_was_there_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a crowd updates are gathered for a while; a client tells by what comes after its own is
    on disk that others knew of it. Who lags hears of it once it has caught up."""
    monkeypatch.setattr(delivery, "CROWD", -100)  # a window of 20 ms
    harness = Harness("text")
    harness.roles |= {"u_0": "editor", "u_1": "editor"}
    one, two = (harness.join(uid, None, 2, stock=False) for uid in ("u_0", "u_1"))
    await harness.idle()
    first, second = harness.leased("u_0")[0], harness.leased("u_1")[0]

    def typed(client: int, clock: int = 0) -> bytes:
        place = {"origin": (client, clock - 1)} if clock else {}
        return update({client: (clock, [text("a", **place)])})

    harness.send(one, typed(first))
    two.received.clear()
    harness.send(two, typed(second))
    harness.disk.commit(2)
    await harness.idle()
    assert (two.received, two.durable) == ([], 0)  # gathered, and so not acknowledged
    async with asyncio.timeout(5):
        while two.durable == 0:
            await asyncio.sleep(0)
    assert len(two.received) == 1

    harness.live.leave_behind(two)
    harness.send(two, typed(second, 1))
    harness.disk.commit(1)
    harness.live._delivery.flush()
    await harness.idle()
    assert two.durable == 1
    harness.live.resume(two)
    await harness.idle()
    assert two.durable == 2
