"""The bus over a real Redis, on its good and on its bad days."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from hub.bus import redis_bus
from hub.bus.messages import Message, PresenceAsked, StreamCommitted, ToUser
from hub.bus.redis_address import RedisAddress
from hub.bus.redis_bus import RedisBus
from tests.support.hub_process import free_port
from tests.support.redis_server import RedisServer, SentinelServer
from tests.support.stall import Stall

KEY = b"k" * 32

pytestmark = pytest.mark.usefixtures("services")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The beat is faster, so that a test takes less time."""
    monkeypatch.setattr(redis_bus, "BEAT_S", 0.1)
    monkeypatch.setattr(redis_bus, "CONNECT_S", 0.5)
    monkeypatch.setattr(redis_bus, "CONFIRM_S", 0.3)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@asynccontextmanager
async def bus(url: str, *, key: bytes = KEY, prefix: str = "hub") -> AsyncIterator[RedisBus]:
    made = RedisBus(RedisAddress(url), prefix, key)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def pair(redis: RedisServer) -> AsyncIterator[tuple[RedisBus, RedisBus]]:
    async with bus(redis.url) as one, bus(redis.url) as two:
        assert one.health.up
        assert two.health.up
        yield one, two


class Ear:
    """What is heard on a topic."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.gaps = 0
        self._moved = asyncio.Event()

    async def listen(self, to: RedisBus, topic: str) -> Ear:
        self.subscription = await to.subscribe(topic, self._hear, self._gap)
        return self

    def _hear(self, message: Message) -> None:
        self.heard.append(message)
        self._moved.set()

    def _gap(self) -> None:
        self.gaps += 1
        self._moved.set()

    @property
    def threads(self) -> list[str]:
        return [one.thread for one in self.heard if isinstance(one, PresenceAsked)]

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not true():
                self._moved.clear()
                await self._moved.wait()


async def until(true: Callable[[], bool]) -> None:
    """Something that nobody tells of."""
    async with asyncio.timeout(15):
        while not true():
            await asyncio.sleep(0.01)


async def test_what_one_says_the_other_hears_once_and_in_order(
    pair: tuple[RedisBus, RedisBus],
) -> None:
    one, two = pair
    here, there = await Ear().listen(one, "room:a"), await Ear().listen(two, "room:a")
    other = await Ear().listen(two, "room:b")
    for number in range(1000):
        one.publish("room:a", PresenceAsked(str(number)))
        if number % 7 == 0:
            await asyncio.sleep(0)
    assert here.threads == [str(number) for number in range(1000)], "here it is at once"
    await there.until(lambda: len(there.heard) == 1000)
    assert there.threads == here.threads
    assert (there.gaps, other.heard) == (0, [])


async def test_a_subscription_is_active_when_it_returns(
    pair: tuple[RedisBus, RedisBus],
) -> None:
    one, two = pair
    for number in range(100):
        ear = await Ear().listen(two, f"room:{number}")
        one.publish(f"room:{number}", PresenceAsked("x"))
        await ear.until(lambda ear=ear: ear.heard != [])  # type: ignore[misc]
        ear.subscription.close()


async def test_one_turn_of_the_loop_is_one_publish_a_topic(
    pair: tuple[RedisBus, RedisBus],
) -> None:
    one, two = pair
    ear = await Ear().listen(two, "document:d")
    await until(lambda: not one._outgoing)
    before = one.publishes
    for number in range(20):
        one.publish("document:d", PresenceAsked(str(number)))
    await ear.until(lambda: len(ear.heard) == 20)
    assert one.publishes - before == 1
    # What is committed waits for the next update, not for ever.
    one.publish("document:d", StreamCommitted("l", 1))
    one.publish("document:d", PresenceAsked("next"))
    await ear.until(lambda: len(ear.heard) == 22)
    assert one.publishes - before == 2
    one.publish("document:d", StreamCommitted("l", 2))
    await ear.until(lambda: len(ear.heard) == 23)


async def test_a_topic_that_nobody_hears_any_more_is_unsubscribed(
    redis: RedisServer, pair: tuple[RedisBus, RedisBus]
) -> None:
    one, _ = pair

    def channels() -> int:
        return redis.command("PUBSUB", "CHANNELS", "*room:a*").count(b"room:a")

    first, second = await Ear().listen(one, "room:a"), await Ear().listen(one, "room:a")
    first.subscription.close()
    assert channels() == 1
    second.subscription.close()
    await until(lambda: channels() == 0)
    assert not one._channels.get("room:a")


async def test_many_channels_are_back_after_the_connections_were_cut(
    redis: RedisServer, pair: tuple[RedisBus, RedisBus]
) -> None:
    one, two = pair
    ears = [await Ear().listen(two, f"room:{number}") for number in range(300)]
    gaps = [ear.gaps for ear in ears]
    redis.command("CLIENT", "KILL", "TYPE", "pubsub")
    await until(lambda: all(ear.gaps > before for ear, before in zip(ears, gaps, strict=True)))
    await until(lambda: one.health.up and two.health.up)
    for number in range(300):
        one.publish(f"room:{number}", PresenceAsked(str(number)))
    for number, ear in enumerate(ears):
        await ear.until(lambda ear=ear: ear.heard != [])  # type: ignore[misc]
        assert ear.threads == [str(number)]


@pytest.mark.parametrize("how", ["frozen", "killed", "emptied", "restarted"])
async def test_a_bad_day_of_redis_delays_nobody_and_ends(
    redis: RedisServer, pair: tuple[RedisBus, RedisBus], how: str
) -> None:
    one, two = pair
    ear = await Ear().listen(two, "room:a")
    loop = asyncio.get_running_loop()
    lives = one.lives, two.lives
    if how == "frozen":
        redis.freeze()
    elif how == "emptied":
        redis.command("FLUSHALL")
        redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    else:
        redis.kill()
    if how != "emptied":
        one.publish("room:a", PresenceAsked("into the void"))
        await until(lambda: not one.health.up and not two.health.up)
        assert "PostgreSQL" in one.health.words
        before_s = loop.time()
        for number in range(50_000):
            one.publish("room:a", ToUser("u", f"{number} {'x' * 200}"))
        assert one._outgoing._bytes < 100, "nothing is kept for a Redis that is away"
        assert (await Ear().listen(two, "room:b")).heard == []
        assert loop.time() - before_s < 5, "nobody waits for it"
    gaps = ear.gaps
    if how == "frozen":
        redis.thaw()
    elif how != "emptied":
        redis.start()
    await until(lambda: one.lives > lives[0] and two.lives > lives[1])
    await ear.until(lambda: ear.gaps > gaps)
    ear.heard.clear()
    one.publish("room:a", PresenceAsked("again"))
    await ear.until(lambda: "again" in ear.threads)


async def test_a_subscription_while_it_comes_up_keeps_it_from_nothing(redis: RedisServer) -> None:
    """All that was asked of the server so far is confirmed, and the first echo is not here yet."""
    made = RedisBus(RedisAddress(redis.url), "hub", KEY)
    real, asked = made._echo, asyncio.Event()

    def not_yet(data: bytes) -> None:
        if made._channels.settled:
            asked.set()

    made._echo = not_yet  # type: ignore[method-assign]
    starting = asyncio.create_task(made.start())
    await asyncio.wait_for(asked.wait(), 5)
    await made.subscribe("room:a", lambda _: None)
    made._echo = real  # type: ignore[method-assign]
    await until(lambda: made.health.up)
    await starting
    await made.close()


async def test_while_it_is_away_the_loop_rests(redis: RedisServer) -> None:
    """Also when something that may wait was waiting when it went."""
    async with bus(redis.url) as one:
        redis.freeze()
        while one.health.up:
            one.publish("document:d", StreamCommitted("l", 1))
            await asyncio.sleep(0.005)
        rings = 0
        real = one._ring

        def ring() -> None:
            nonlocal rings
            rings += 1
            real()

        one._ring = ring  # type: ignore[method-assign]
        one.publish("document:d", StreamCommitted("l", 2))
        before = one._count
        await until(lambda: one._count > before + 5)  # beats of further tries
        redis.thaw()
        assert rings < 50


async def test_who_could_not_speak_says_so_to_those_who_heard_all_the_time(
    redis: RedisServer, pair: tuple[RedisBus, RedisBus]
) -> None:
    """Only one process is cut off: the other learns what it missed before the poll comes."""
    one, two = pair
    ear = await Ear().listen(two, "room:a")
    one.publish("room:a", PresenceAsked("before"))
    await ear.until(lambda: ear.threads == ["before"])
    lives, gaps = two.lives, ear.gaps
    own = [
        client.split(b" ")[0].removeprefix(b"id=")
        for client in redis.command("CLIENT", "LIST").splitlines()
        if b"cmd=publish" in client
    ]
    assert len(own) == 2
    before = one._space
    one._space = "elsewhere:"  # its beat does not come back
    await until(lambda: not one.health.up)
    one.publish("room:a", PresenceAsked("unheard"))
    one._space = before
    await until(lambda: one.health.up)
    await ear.until(lambda: ear.gaps > gaps)
    assert two.lives == lives
    assert "unheard" not in ear.threads


async def test_what_was_on_the_way_when_a_connection_was_lost_is_said_to_be_missing(
    redis: RedisServer,
) -> None:
    async with (
        Stall(redis.port) as road,
        bus(f"redis://127.0.0.1:{road.port}") as one,
        bus(redis.url) as two,
    ):
        ear = await Ear().listen(two, "room:a")
        one.publish("room:a", PresenceAsked("before"))
        await ear.until(lambda: ear.threads == ["before"])
        await until(lambda: not one._said)  # that has arrived
        gaps, lives = ear.gaps, one.lives
        road.stall()
        one.publish("room:a", PresenceAsked("unheard"))
        await until(lambda: bool(one._said))
        road.cut()
        road.go_on()
        await until(lambda: one.lives > lives)
        await ear.until(lambda: ear.gaps > gaps)
        assert ear.threads == ["before"]


async def test_a_redis_that_lets_nobody_publish_is_away(redis: RedisServer) -> None:
    redis.command("ACL", "SETUSER", "mute", "on", ">pw", "&*", "+@all", "-publish")
    async with bus(f"redis://mute:pw@127.0.0.1:{redis.port}") as one:
        await until(lambda: "publish" in one.health.words)
        assert not one.health.up
        redis.command("ACL", "SETUSER", "mute", "+publish")
        await until(lambda: one.health.up)


async def test_the_user_of_the_manual_may_do_enough(redis: RedisServer) -> None:
    manual = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    found = re.search(r"`ACL (SETUSER hub on [^`]*)`", manual)
    assert found is not None
    redis.command("ACL", *found[1].split())
    async with bus(f"redis://hub:password@127.0.0.1:{redis.port}") as one:
        assert one.health.up
        ear = await Ear().listen(one, "room:a")
        ear.subscription.close()
        await until(lambda: one._channels.settled and not one._channels._drop)
        assert one.health.up


async def test_a_wrong_password_is_said_in_words() -> None:
    with RedisServer("requirepass right") as redis:
        async with bus(f"redis://:wrong@127.0.0.1:{redis.port}") as one:
            await until(lambda: "password" in one.health.words)
        async with bus(f"redis://:right@127.0.0.1:{redis.port}") as one:
            assert one.health.up


async def test_a_redis_that_is_full_still_carries() -> None:
    with RedisServer("maxmemory 1mb", "maxmemory-policy noeviction") as redis:
        async with bus(redis.url) as one, bus(redis.url) as two:
            ear = await Ear().listen(two, "room:a")
            assert redis.command("SET", "a", "b").startswith(b"-OOM")
            one.publish("room:a", PresenceAsked("x"))
            await ear.until(lambda: ear.threads == ["x"])


@pytest.mark.parametrize(
    "answer",
    [b"-ERR no\r\n", b"$5\r\nhello\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"*-1\r\n",
     b"\x00" * 50, b"*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n:3\r\n", b"*3\r\n*1\r\n:1\r\n$-1\r\n:1\r\n",
     b""],
)  # fmt: skip
async def test_a_server_that_answers_nonsense_is_away(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            writer.write(answer or b"+OK\r\n" * 1000)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with bus(f"redis://127.0.0.1:{port}") as one:
        await until(lambda: one.health.words.count("not connected yet") == 0)
        assert not one.health.up
        one.publish("room:a", PresenceAsked("x"))
        await asyncio.wait_for(one.subscribe("room:a", lambda _: None), 1)
    server.close()


async def test_what_others_put_into_its_channels_is_counted_and_dropped(
    redis: RedisServer, pair: tuple[RedisBus, RedisBus]
) -> None:
    one, two = pair
    ear = await Ear().listen(two, "room:a")
    for garbage in ("x", '"\\x01\\x00"', "{}", "x" * 1000):
        redis.command("PUBLISH", f"{two._space}room:a", garbage)
        redis.command("PUBLISH", f"{two._space}beat:{two.process}", garbage)
    one.publish("room:a", PresenceAsked("good"))
    await ear.until(lambda: ear.threads == ["good"])
    assert two.unreadable == 4
    assert two.health.up


async def test_two_hubs_on_one_redis_do_not_hear_each_other(redis: RedisServer) -> None:
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(bus(redis.url))
        other_database = await stack.enter_async_context(bus(redis.url, key=b"other"))
        other_prefix = await stack.enter_async_context(bus(redis.url, prefix="test"))
        same = await stack.enter_async_context(bus(redis.url))
        ears = [await Ear().listen(each, "room:a") for each in (other_database, other_prefix, same)]
        one.publish("room:a", PresenceAsked("x"))
        await ears[2].until(lambda: ears[2].heard != [])
        assert [ear.heard for ear in ears[:2]] == [[], []]
        assert other_database.unreadable == 0


async def test_a_hub_starts_without_its_redis() -> None:
    port = free_port()
    async with bus(f"redis://127.0.0.1:{port}") as one:
        ear = await Ear().listen(one, "room:a")
        one.publish("room:a", PresenceAsked("x"))
        assert ear.threads == ["x"]
        assert not one.health.up
        redis = RedisServer()
        redis.port = port
        with redis:
            await ear.until(lambda: ear.gaps == 1)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A folder with ``cert.pem`` and ``key.pem`` of localhost."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    return tmp_path


async def test_over_tls(certificate: Path) -> None:
    plain = RedisServer()
    secure = free_port()
    plain._options = (
        f"tls-port {secure}", f"tls-cert-file {certificate}/cert.pem",
        f"tls-key-file {certificate}/key.pem", "tls-auth-clients no",
    )  # fmt: skip
    with plain:
        trusted = f"rediss://localhost:{secure}?ssl_ca_certs={certificate}/cert.pem"
        async with bus(trusted) as one:
            assert one.health.up
        async with bus(f"rediss://localhost:{secure}") as one:
            await until(lambda: "certificate" in one.health.words.lower())


async def test_sentinel_fails_over() -> None:
    with RedisServer() as first, RedisServer(f"replicaof 127.0.0.1 {first.port}") as second:
        await until(lambda: b"state=online" in first.command("INFO", "replication"))
        with SentinelServer(mymaster=first) as sentinel:
            url = f"redis+sentinel://127.0.0.1:1,127.0.0.1:{sentinel.port}/mymaster"
            await until(
                lambda: (
                    b"slave0" in sentinel.command("INFO", "sentinel")
                    or b"slaves=1" in sentinel.command("INFO", "sentinel")
                )
            )
            async with bus(url) as one, bus(url) as two:
                ear = await Ear().listen(two, "room:a")
                assert one.health.up
                gaps = ear.gaps
                first.kill()
                await ear.until(lambda: ear.gaps > gaps)
                await until(lambda: one.health.up and two.health.up)
                one.publish("room:a", PresenceAsked("x"))
                await ear.until(lambda: "x" in ear.threads)
                assert b"role:master" in second.command("INFO", "replication")
