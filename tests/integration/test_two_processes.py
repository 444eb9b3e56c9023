"""Two processes' worth of rooms over one database and a bus that misbehaves: both converge."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from hub.api.hub import Hub
from hub.bus.messages import UpdateRelayed
from hub.clock import SystemClock
from hub.rooms import limits, poll, registry, replica
from hub.rooms.documents import topic_of
from hub.wire import commands as cmd
from hub.wire import frames
from tests.integration.conftest import Person, Served, serve
from tests.integration.sockets import connection, signed_in
from tests.integration.test_live import exported, leased
from tests.support.hub_process import answer, token
from tests.support.lossy_bus import Chaos, Exchange
from tests.support.redis_server import RedisServer
from tests.support.yupdates import text, update

CHAOS = {
    "well": Chaos(),
    "loses": Chaos(lost=0.3),
    "repeats and overtakes": Chaos(repeated=0.3, delayed=0.5),
    "all of it": Chaos(lost=0.2, repeated=0.2, delayed=0.3),
    "gone": Chaos(lost=1.0),
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The poll and the snapshots come sooner."""
    monkeypatch.setattr(poll, "POLL_S", 0.5)
    monkeypatch.setattr(registry, "PRESENCE_S", 0.5)


async def pair(
    stack: AsyncExitStack, database_url: str, exchange: Exchange
) -> tuple[Served, Served]:
    """Two processes' worth of a hub on one database."""
    one, two = [
        await stack.enter_async_context(serve(database_url, bus=exchange.bus())) for _ in range(2)
    ]
    return one, two


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", CHAOS)
async def test_both_converge(
    database_url: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(name)
    exchange = Exchange(chance, Chaos())

    def begin(number: int) -> None:
        if number == 0:
            exchange.chaos = CHAOS[name]

    async with AsyncExitStack() as stack:
        one, two = await pair(stack, database_url, exchange)
        # Presence is nowhere but on the bus.
        took = await converge(stack, one, two, chance, begin, presence=name != "gone")
    with capsys.disabled():
        print(f"\n{name}: {exchange.lost} of {exchange.sent} messages lost; {took}")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("day", ["good", "killed", "restarted", "frozen", "emptied", "cut"])
async def test_both_converge_over_redis(
    database_url: str, day: str, services: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its bad day begins in the middle; but for one that stays killed it ends there, too."""
    chance = random.Random(day)
    with RedisServer() as redis:

        def bad_day(number: int) -> None:
            match day, number:
                case ("killed" | "restarted", 20):
                    redis.kill()
                case ("frozen", 20):
                    redis.freeze()
                case ("emptied", 20):
                    redis.command("FLUSHALL")
                case ("emptied" | "cut", 21 | 22 | 40):
                    redis.command("CLIENT", "KILL", "TYPE", ("pubsub", "normal")[number % 2])
                case ("restarted", 59):
                    redis.start()
                case ("frozen", 59):
                    redis.thaw()

        async with AsyncExitStack() as stack:
            one, two = [
                await stack.enter_async_context(serve(database_url, redis_url=redis.url))
                for _ in range(2)
            ]
            assert one.hub.bus.health.up
            took = await converge(stack, one, two, chance, bad_day, presence=day != "killed")
    with capsys.disabled():
        print(f"\nRedis {day}: {took}")


class JumpingClock(SystemClock):
    """Somebody sets it."""

    def __init__(self) -> None:
        self.off_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.off_ms


@pytest.mark.timeout(120)
@pytest.mark.parametrize("hours", [1, -1])
async def test_both_converge_although_a_clock_jumps(database_url: str, hours: int) -> None:
    exchange, clock = Exchange(random.Random(hours), Chaos()), JumpingClock()

    def jump(number: int) -> None:
        if number in (20, 40):  # and is put right
            clock.off_ms = hours * 3_600_000 - clock.off_ms

    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(serve(database_url, bus=exchange.bus()))
        two = await stack.enter_async_context(serve(database_url, bus=exchange.bus(), clock=clock))
        await converge(stack, one, two, random.Random(hours), jump, presence=True)
        clock.off_ms = hours * 3_600_000
        async with httpx.AsyncClient(base_url=two.url, trust_env=False) as http:
            lines = (await http.get("/readyz")).text.splitlines()
        way = "ahead of" if hours > 0 else "behind"
        assert lines[0] == "ready"
        assert f"clock: this machine's is 3,600 s {way} the database's" in lines[1]


async def converge(
    stack: AsyncExitStack, one: Served, two: Served, chance: random.Random,
    before: Callable[[int], None], *, presence: bool,
) -> str:  # fmt: skip
    """Much happens at both, and both end with the same; ``before`` each of 60 steps something may
    befall them. Says how long it took from the last step."""
    ada = await one.person("ada")
    grace = await one.person("grace", ada)
    linus = await one.person("linus", ada)
    thread = await one.thread(ada, grace)
    document = await one.document(ada, thread)
    here = await stack.enter_async_context(one.live(ada))
    there = await stack.enter_async_context(two.live(grace))
    feeds = [await client.subscribe(thread, after=0) for client in (here, there)]
    texts = [await client.open_document(document) for client in (here, there)]
    inbox = await stack.enter_async_context(signed_in(two, linus))
    await inbox.call(cmd="watch_inbox")

    for number in range(60):
        before(number)
        side = number % 2
        client, opened = (here, there)[side], texts[side]
        send_id = f"s{number}"
        match chance.choice(("post", "post", "type", "type", "type", "react", "rename")):
            case "post":
                await client.send(cmd.Post(thread=thread, send_id=send_id, text=f"n {number}"))
            case "react":
                posted = await client.send(
                    cmd.Post(thread=thread, send_id=send_id, text=f"n {number}")
                )
                await client.send(
                    cmd.React(thread=thread, send_id=send_id + "r", target=posted.seq, emoji="👍")
                )
            case "rename":
                await client.send(
                    cmd.Rename(thread=thread, send_id=send_id, subject=f"Subject {number}")
                )
            case "type":
                with opened.doc.transaction():
                    place = chance.randrange(len(str(opened.text)) + 1)
                    opened.text.insert(place, f"{number} ")
    # Somebody who only watches, at the other process, is let in.
    await here.send(cmd.SetMember(thread=thread, send_id="m", uid=linus.uid, role="editor"))
    last = await here.send(cmd.Post(thread=thread, send_id="last", text="The end"))

    started = time.perf_counter()
    seen: list[list[int]] = []
    for feed in feeds:
        seqs: list[int] = []
        while not seqs or seqs[-1] < last.seq:
            seqs.append((await feed.next(timeout_s=30)).seq)
        seen.append(seqs)
    events_s = time.perf_counter() - started
    assert seen == [list(range(1, last.seq + 1))] * 2
    for opened in texts:
        await opened.saved()
    async with asyncio.timeout(30):
        while str(texts[0].text) != str(texts[1].text):
            await asyncio.sleep(0.02)
    documents_s = time.perf_counter() - started
    joined = await inbox.until(lambda f: f["t"] == "event" and f["seq"] == last.seq)
    assert joined["data"]["text"] == "The end"
    presence_s = 0.0
    if presence:
        sessions = await _presence(one.hub, two.hub, thread)
        presence_s = time.perf_counter() - started
        assert len(sessions) == 2
    # Whoever goes is gone at the other process, too.
    await there.close()
    async with asyncio.timeout(40):
        while len(_present(one.hub, thread)) != 1:
            await asyncio.sleep(0.05)
    return (
        f"events the same after {events_s:.2f} s, documents {documents_s:.2f} s, presence"
        f" {presence_s:.2f} s"
    )


async def test_one_client_id_at_two_processes_is_one_persons(database_url: str) -> None:
    """Where the bus says nothing, both let their user have it; the log lets the first. The other's
    words are refused, and the document is loaded again."""
    exchange = Exchange(random.Random(1), CHAOS["gone"])
    async with AsyncExitStack() as stack:
        one, two = await pair(stack, database_url, exchange)
        ada = await one.person("ada")
        grace = await one.person("grace", ada)
        document = await one.document(ada, await one.thread(ada, grace))
        here = await stack.enter_async_context(signed_in(one, ada))
        there = await stack.enter_async_context(signed_in(two, grace))
        numbers = [await raw.open(document) for raw in (here, there)]
        # The poll must not tell in between.
        two.hub.library.read_on = lambda document: None  # type: ignore[method-assign]
        await here.sync(numbers[0], frames.UPDATE, update({7: (0, [text("ada's")])}))
        await here.until(lambda f: f["t"] == "durable" and f["count"] == 1)
        # She writes on while the first is on its way to the disk.
        flush, flushing, go_on = two.hub.writer._flush, asyncio.Event(), asyncio.Event()

        async def slowly(batch: Any) -> None:
            flushing.set()
            await go_on.wait()
            await flush(batch)

        two.hub.writer._flush = slowly  # type: ignore[method-assign]
        await there.sync(numbers[1], frames.UPDATE, update({7: (0, [text("grace's")])}))
        await flushing.wait()
        await there.sync(numbers[1], frames.UPDATE, update({7: (7, [text(" too")])}))
        async with asyncio.timeout(5):
            while not two.hub.writer._queue:
                await asyncio.sleep(0.005)
        go_on.set()
        reset = await there.frame("document_reset")
        assert reset["action"] == "open"
        await _written(two, document)
        async with two.hub.database.acquire() as connection_:
            hers = await connection_.fetchval(
                "SELECT count(*) FROM events WHERE stream_id = $1 AND sender = $2",
                document, grace.uid,
            )  # fmt: skip
        assert hers == 0
        del two.hub.library.read_on

        authors = await answer(ada.http.get(f"/api/documents/{document}/authors"))
        assert authors["ids"] == [{"first": 7, "last": 7, "uid": ada.uid}]
        assert await exported(one, ada, document) == "ada's"
        number = await there.open(document)
        await there.sync(number, frames.UPDATE, update({7: (0, [text("grace's")])}))
        refused = await there.frame("refused")
        assert refused["code"] in ("client_id_reused", "foreign_client_id")


async def test_leases_count_together(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many at once get no more than one after the other."""
    monkeypatch.setattr(limits, "MAX_LEASED", 128)
    ada = await served.person("ada")
    document = await served.document(ada, await served.thread(ada))
    async with AsyncExitStack() as stack:
        raws = [await stack.enter_async_context(signed_in(served, ada)) for _ in range(5)]
        replies = await asyncio.gather(
            *(raw.call(cmd="lease_client_ids", document=document, count=64) for raw in raws)
        )
    given = [one["result"]["ids"] for one in replies if one["t"] == "ok"]
    refused = [one["code"] for one in replies if one["t"] == "error"]
    assert len({id_ for ids in given for id_ in ids}) == 128
    assert refused == ["too_many_client_ids"] * 3


@pytest.mark.parametrize("name", ["well", "gone"])
async def test_people_and_ended_rights_reach_both(database_url: str, name: str) -> None:
    """Also where the bus says nothing: the poll finds them."""
    exchange = Exchange(random.Random(name), CHAOS[name])
    async with AsyncExitStack() as stack:
        one, two = await pair(stack, database_url, exchange)
        ada = await one.person("ada")
        grace, linus = [await one.person(who, ada) for who in ("grace", "linus")]
        bot = Person(grace.uid, grace.http, await token(grace.http))
        watching = await stack.enter_async_context(signed_in(two, ada))
        by_token, by_bot, other = [
            await stack.enter_async_context(signed_in(two, who)) for who in (grace, bot, linus)
        ]
        await answer(grace.http.patch("/api/me", json={"display_name": "Grace H."}))
        told = await watching.until(
            lambda f: f["t"] == "person" and f["display_name"] == "Grace H."
        )
        assert told["uid"] == grace.uid

        tokens = await answer(grace.http.get("/api/tokens"))
        await answer(grace.http.delete(f"/api/tokens/{tokens[0]['id']}"))
        assert await by_bot.closed() == (4401, "session_ended")
        async with connection(two, additional_headers=cookie(linus), origin=two.url) as browser:
            await browser.frame("welcome")
            await answer(linus.http.delete("/api/session"))
            assert await browser.closed() == (4401, "session_ended")
        await answer(ada.http.patch(f"/api/accounts/{grace.uid}", json={"disabled": True}))
        assert await by_token.closed() == (4401, "session_ended")
        told = await watching.until(lambda f: f["t"] == "person" and f["disabled"])
        assert told["uid"] == grace.uid
        assert (await other.call(cmd="ping"))["t"] == "ok"  # a token outlives the sign-in


async def test_markers_that_were_lost_are_told_again(database_url: str) -> None:
    exchange = Exchange(random.Random(1), CHAOS["well"])
    async with AsyncExitStack() as stack:
        one, two = await pair(stack, database_url, exchange)
        ada = await one.person("ada")
        threads = [await one.thread(ada, subject=str(number)) for number in range(3)]
        here = await stack.enter_async_context(signed_in(one, ada))
        there = await stack.enter_async_context(signed_in(two, ada))
        await here.call(cmd="mark_read", thread=threads[0], seq=1)
        assert (await there.frame("read"))["thread"] == threads[0]
        exchange.chaos = CHAOS["gone"]
        await here.call(cmd="mark_read", thread=threads[1], seq=2)
        exchange.chaos = CHAOS["well"]
        await here.call(cmd="mark_read", thread=threads[2], seq=2)
        told: set[tuple[str, int]] = set()
        while not {(thread, 2) for thread in threads[1:]} <= told:
            frame = await there.frame("read")
            told.add((frame["thread"], frame["seq"]))


def cookie(person: Person) -> dict[str, str]:
    pairs = (f"{name}={value}" for name, value in person.http.cookies.items())
    return {"Cookie": "; ".join(pairs)}


def _present(hub: Hub, thread: str) -> set[str]:
    room = hub.rooms.get(thread)
    return set(room.presence) if room is not None else set()


async def _presence(one: Hub, two: Hub, thread: str) -> set[Any]:
    """Until both processes know of the same connections, all of them."""
    async with asyncio.timeout(30):
        while True:
            known = _present(one, thread)
            if len(known) == 2 and known == _present(two, thread):
                return known
            await asyncio.sleep(0.05)


async def test_what_a_dead_process_relayed_is_not_acknowledged_and_goes(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words were shown and never written: nobody is told that they are on disk, and the
    document is loaded again without them."""
    ada = await served.person("ada")
    document = await served.document(ada, await served.thread(ada))
    async with signed_in(served, ada) as raw:
        number = await raw.open(document)
        first, second = await leased(raw, document), await leased(raw, document)
        ghost = update({first: (0, [text("ghost")])})
        bus, topic = served.hub.bus, topic_of(document)
        bus.publish(topic, UpdateRelayed("elsewhere", 1, "c_x", ghost, ada.uid))
        await raw.sync(number, frames.UPDATE, ghost)  # what was shown comes back, as known
        await raw.sync(number, frames.UPDATE, update({second: (0, [text("kept")])}))
        id_ = await raw.send(cmd="ping")
        told = [await raw.until(lambda f: f["t"] == "durable" or f.get("re") == id_)]
        while told[-1].get("re") != id_:
            told.append(await raw.until(lambda f: f["t"] == "durable" or f.get("re") == id_))
        await _written(served, document)
        monkeypatch.setattr(replica, "WRITTEN_S", -1.0)
        frame = await raw.until(lambda f: f["t"] in ("durable", "document_reset"))
        assert frame == {
            "t": "document_reset", "document": document, "number": number, "action": "open",
        }  # fmt: skip
        assert all(one.get("count", 0) < 1 for one in told[:-1])
        assert await exported(served, ada, document) == "kept"


async def _written(served: Served, document: str) -> None:
    async with asyncio.timeout(10):
        while served.hub.writer.queued_bytes:
            await asyncio.sleep(0.005)


async def test_what_one_decides_cuts_the_other_by_the_bell_alone(
    database_url: str, services: None, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Nobody polls: role, membership, sign-in, token and account all end over Redis."""
    monkeypatch.setattr(poll, "POLL_S", 3600.0)
    took: dict[str, float] = {}
    with RedisServer() as redis:
        async with AsyncExitStack() as stack:
            one, two = [
                await stack.enter_async_context(serve(database_url, redis_url=redis.url))
                for _ in range(2)
            ]
            ada = await one.person("ada")
            grace, linus, mei = [await one.person(who, ada) for who in ("grace", "linus", "mei")]
            thread = await one.thread(ada, grace)
            client = await stack.enter_async_context(one.live(ada))
            there = await stack.enter_async_context(signed_in(two, grace))
            await there.call(cmd="subscribe", thread=thread)

            async def cut(what: str, deed: Any, found: Any) -> Any:
                since_s = time.perf_counter()
                await deed
                seen = await found
                took[what] = time.perf_counter() - since_s
                return seen

            set_role = cmd.SetMember(thread=thread, send_id="d", uid=grace.uid, role="reader")
            demoted = await cut("role", client.send(set_role), there.frame("demoted"))
            assert demoted["role"] == "reader"
            remove = cmd.SetMember(thread=thread, send_id="r", uid=grace.uid, role=None)
            await cut("removal", client.send(remove), there.frame("removed"))
            async with connection(two, additional_headers=cookie(linus), origin=two.url) as browser:
                await browser.frame("welcome")
                ended = answer(linus.http.delete("/api/session"))
                assert await cut("sign-in", ended, browser.closed()) == (4401, "session_ended")
            by_token = await stack.enter_async_context(signed_in(two, mei))
            tokens = await answer(mei.http.get("/api/tokens"))
            revoked = answer(mei.http.delete(f"/api/tokens/{tokens[0]['id']}"))
            assert await cut("token", revoked, by_token.closed()) == (4401, "session_ended")
            disabled = answer(ada.http.patch(f"/api/accounts/{grace.uid}", json={"disabled": True}))
            assert await cut("account", disabled, there.closed()) == (4401, "session_ended")
    with capsys.disabled():
        print("\n" + ", ".join(f"{what} {s * 1000:.0f} ms" for what, s in took.items()))


async def test_a_signal_that_cannot_go_out_is_said(database_url: str, services: None) -> None:
    with RedisServer() as redis:
        async with AsyncExitStack() as stack:
            one, two = [
                await stack.enter_async_context(serve(database_url, redis_url=redis.url))
                for _ in range(2)
            ]
            ada = await one.person("ada")
            grace = await one.person("grace", ada)
            thread = await one.thread(ada, grace)
            here = await stack.enter_async_context(signed_in(one, ada))
            await here.call(cmd="subscribe", thread=thread)
            there = await stack.enter_async_context(signed_in(two, grace))
            await there.call(cmd="subscribe", thread=thread)
            beside = await stack.enter_async_context(signed_in(one, grace))
            joined = await beside.call(cmd="subscribe", thread=thread)
            own = {
                one["session"]: one["uid"] for one in joined["result"]["presence"]
            }  # of both processes
            assert len(own) == 3

            async def signal(session: str) -> dict[str, Any]:
                return await here.call(
                    cmd="signal", thread=thread, kind="x", payload=1, to_session=session
                )

            sessions = [one for one, uid in own.items() if uid == grace.uid]
            redis.kill()
            async with asyncio.timeout(10):
                while one.hub.bus.health.up:
                    await asyncio.sleep(0.02)
            answers = sorted([(await signal(session)).get("code", "sent") for session in sessions])
            assert answers == ["bus_down", "sent"]
            await beside.frame("signal")
