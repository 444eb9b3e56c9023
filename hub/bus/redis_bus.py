"""The bus over Redis: one PUBLISH a topic and turn of the loop, and nobody here waits for it.

Two connections, one to say and one to hear, live and end together. Each second a beat goes out by
the one and has to come in by the other: a server that is frozen, refuses to publish, or is another
one on either side, is found by that and by nothing else (connecting to a frozen Redis succeeds).
While they are down everything is left out; when they are up again everybody who hears something
here is told that something may have been lost, and so are the other processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time

import structlog
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError, ResponseError

from hub.bus.channels import Channels
from hub.bus.envelope import Sender, Unreadable
from hub.bus.interface import Handler, Health, OnGap
from hub.bus.local import LocalBus, LocalSubscription
from hub.bus.messages import Message
from hub.bus.outgoing import Outgoing
from hub.bus.redis_address import RedisAddress
from hub.ids import b64url, sha256

CONNECT_S = 3.0
START_S = 2.0
CONFIRM_S = 1.0
BEAT_S = 1.0
MAX_UNHEARD = 3
"""So many beats without an echo: nobody hears this process."""
AGAIN_S = (0.1, 0.25, 0.5, 1.0)
DOUBTS_AT_ONCE = 100
DOUBT_EVERY_S = 0.02
BREATH = 100

log = structlog.get_logger()


class RedisBus(LocalBus):
    """Args:
    address: of the server.
    prefix: begins the names of all channels.
    key: secret of the hub; its hash parts the hubs that share one Redis.

    Attributes:
        publishes: PUBLISH commands sent.
        unreadable: what came and was no parcel of this hub.
        gaps: how often something was found missing.
        lives: how often the connections have come up.
        echo_s: how long the last beat was on its way.
    """

    def __init__(self, address: RedisAddress, prefix: str, key: bytes) -> None:
        super().__init__()
        self.publishes = self.unreadable = self.gaps = self.lives = 0
        self.echo_s = 0.0
        self._address = address
        self._space = f"{prefix}:{b64url(sha256(b'bus', key)[:9])}:"
        self._start = len(self._space)
        self._own_beat = f"beat:{self.process}"
        self._sender = Sender(self.process, key)
        self._channels = Channels(key)
        self._outgoing = Outgoing()
        self._to_say = asyncio.Event()
        self._to_ask = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._beats: dict[int, float] = {}  # number → when it was sent
        self._said: dict[str, int] = {}  # topic → the beat before what was last said of it
        self._count = 0
        self._beat = b""  # to be sent
        self._heard_itself = False
        self._up = asyncio.Event()
        self._reason = "not connected yet"
        self._refusal = ""
        self._task: asyncio.Task[None] | None = None

    # --- life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Connect, and stay connected; goes on without after ``START_S``."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._run(), name="redis-bus")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                await self._up.wait()

    async def close(self) -> None:
        """Say what waits, and hear that it has arrived, for a second at most, and end."""
        if self._task is None:
            return
        deadline_s = self._loop.time() + 1.0
        asked = False
        while (
            self._up.is_set() and (self._outgoing or self._said) and self._loop.time() < deadline_s
        ):
            if self._outgoing:
                self._outgoing.hurry()
                self._to_say.set()
            elif not asked:
                asked = True
                self._beat_once()
            await asyncio.sleep(0.01)
        self._task.cancel()
        await asyncio.wait((self._task,), timeout=5)
        await self._address.aclose()
        if self._timer is not None:
            self._timer.cancel()

    @property
    def health(self) -> Health:
        if self._up.is_set():
            return Health(True, "Redis answers")
        return Health(False, f"Redis: {self._reason}; rooms go on by reading PostgreSQL")

    @property
    def channels(self) -> int:
        """How many are heard."""
        return len(self._channels)

    @property
    def left_out(self) -> int:
        """Messages that could not be sent in time."""
        return self._outgoing.left_out

    # --- saying -----------------------------------------------------------------------------------

    def publish(self, topic: str, message: Message) -> None:
        self.deliver(topic, message)
        now_s = self._loop.time()
        if not self._up.is_set():
            self._outgoing.lose(topic)
        elif (due_s := self._outgoing.put(topic, message, now_s)) <= now_s:
            self._to_say.set()
        elif self._timer is None or due_s < self._timer.when():
            self._ring_at(due_s)

    def _ring_at(self, due_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(due_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._to_say.set()

    async def _say(self, connection: AbstractConnection) -> None:
        while True:
            await self._to_say.wait()
            self._to_say.clear()
            packed: list[bytes] = []
            if self._beat:
                channel, self._beat, beat = self._space + self._own_beat, b"", self._beat
                packed += connection.pack_command("PUBLISH", channel, beat)
            # Before it is up nobody listens to what is said.
            up = self._up.is_set()
            for topic, messages in self._outgoing.take(self._loop.time()) if up else ():
                parcel = self._sender.seal(topic, messages)
                packed += connection.pack_command("PUBLISH", self._space + topic, parcel)
                self._said[topic] = self._count
                self.publishes += 1
            if packed:
                await connection.send_packed_command(packed, check_health=False)
            next_s = self._outgoing.next_s()
            if up and next_s is not None and self._timer is None:
                self._ring_at(next_s)

    async def _read_answers(self, connection: AbstractConnection) -> None:
        while True:
            try:
                answer = await connection.read_response(timeout=math.inf)
            except ResponseError as error:
                self._refusal = str(error)
                continue
            if not isinstance(answer, int):
                raise _nonsense(answer)

    # --- hearing ----------------------------------------------------------------------------------

    async def subscribe(
        self, topic: str, handler: Handler, on_gap: OnGap | None = None
    ) -> LocalSubscription:
        subscription = await super().subscribe(topic, handler, on_gap)
        channel = self._channels.open(topic)
        if channel.active:
            return subscription
        self._to_ask.set()  # also while it comes up, which waits for all that is wanted
        if not self._up.is_set():
            return subscription  # of a bus that is down everybody hears when it is up
        try:
            async with asyncio.timeout(CONFIRM_S):
                await channel.confirmed()
        except TimeoutError:
            channel.doubted = True
        except BaseException:
            subscription.close()
            raise
        return subscription

    def drop(self, subscription: LocalSubscription) -> None:
        super().drop(subscription)
        if not self.hears(subscription.topic):
            self._channels.close(subscription.topic)
            self._to_ask.set()

    async def _ask(self, connection: AbstractConnection) -> None:
        while True:
            for name, topics in self._channels.take():
                channels = [self._space + topic for topic in topics]
                await connection.send_command(name, *channels, check_health=False)
            await self._to_ask.wait()
            self._to_ask.clear()

    async def _hear(self, connection: AbstractConnection) -> None:
        count = 0
        while True:
            answer = await connection.read_response(timeout=math.inf)
            if not isinstance(answer, list) or len(answer) != 3:
                raise _nonsense(answer)
            kind, channel, data = answer
            if kind == b"message":
                self._take(channel, data)
            elif kind == b"subscribe":
                self._confirmed(channel[self._start :].decode())
            elif kind != b"unsubscribe":
                raise _nonsense(answer)
            count += 1
            if count % BREATH == 0:
                await asyncio.sleep(0)

    def _take(self, name: bytes, data: bytes) -> None:
        topic = name[self._start :].decode(errors="replace")
        if topic == self._own_beat:
            self._echo(data)
            return
        channel = self._channels.get(topic)
        if channel is None or data.startswith(self._sender.head):
            return
        try:
            messages, missing = channel.receiver.open(data)
        except Unreadable as error:
            self.unreadable += 1
            if self.unreadable & (self.unreadable - 1) == 0:  # 1, 2, 4, 8, …
                log.warning("no parcel of this hub", reason=str(error), count=self.unreadable)
            return
        if missing:
            self.gaps += 1
            self.doubt(topic)
        for message in messages:
            self.deliver(topic, message)

    def _confirmed(self, topic: str) -> None:
        channel = self._channels.confirm(topic)
        if channel is not None and channel.doubted:
            channel.doubted = False
            self.doubt(topic)
        self._look_whether_up()

    # --- alive or not -----------------------------------------------------------------------------

    async def _beats_on(self) -> None:
        """Raises:
        Disconnected: nobody hears this process, itself included.
        """
        while True:
            if len(self._beats) >= MAX_UNHEARD:
                raise Disconnected(self._refusal or "it does not answer")
            self._beat_once()
            await asyncio.sleep(BEAT_S)

    def _beat_once(self) -> None:
        self._count += 1
        self._beats[self._count] = time.monotonic()
        self._beat = str(self._count).encode()
        self._to_say.set()

    def _echo(self, data: bytes) -> None:
        number = int(data) if data.isdigit() and len(data) < 16 else -1
        if (sent_s := self._beats.get(number)) is None:
            return
        self.echo_s = time.monotonic() - sent_s
        self._beats = {one: at_s for one, at_s in self._beats.items() if one > number}
        # What was said before a beat that is back has arrived.
        self._said = {topic: beat for topic, beat in self._said.items() if beat >= number}
        self._heard_itself = True
        self._refusal = ""
        self._look_whether_up()

    def _look_whether_up(self) -> None:
        if not self._up.is_set() and self._heard_itself and self._channels.settled:
            self._up.set()

    async def _tell_doubts(self) -> None:
        """Something may have been lost on every topic: not all at once, each is a query."""
        await self._up.wait()
        self.lives += 1
        log.info("the bus is up", channels=len(self._channels), echo_ms=round(self.echo_s * 1e3, 2))
        self._outgoing.hurry()
        self._to_say.set()
        for number, topic in enumerate(self._channels):
            self.doubt(topic)
            if number % DOUBTS_AT_ONCE == DOUBTS_AT_ONCE - 1:
                await asyncio.sleep(DOUBT_EVERY_S)
        await asyncio.Event().wait()

    async def _run(self) -> None:
        failures = 0
        while True:
            lives = self.lives
            try:
                await self._live()
            except Exception as error:
                reason = _words(error)
                if self.lives > lives or reason != self._reason:
                    # With where it happened, if that is in this program.
                    log.warning("the bus is away", reason=reason, exc_info=not _is_expected(error))
                self._reason = reason
            finally:
                self._up.clear()
            failures = 0 if self.lives > lives else failures + 1
            pause_s = AGAIN_S[min(failures, len(AGAIN_S) - 1)]
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311

    async def _live(self) -> None:
        """One life of the two connections; ends by an exception alone."""
        self._beats.clear()
        self._heard_itself, self._refusal = False, ""
        self._channels.lost()
        self._channels.open(self._own_beat)
        saying, hearing = self._address.connection(), self._address.connection()
        try:
            async with asyncio.timeout(CONNECT_S):
                await saying.connect()
                await hearing.connect()
            async with asyncio.TaskGroup() as tasks:
                for work in (
                    self._hear(hearing), self._ask(hearing), self._say(saying),
                    self._read_answers(saying), self._beats_on(), self._tell_doubts(),
                ):  # fmt: skip
                    tasks.create_task(work)
        finally:
            self._up.clear()
            self._outgoing.leave_out()
            for topic in self._said:
                self._outgoing.doubt(topic)
            self._said.clear()
            self._channels.lost()
            for connection in (saying, hearing):
                await _cut(connection)


async def _cut(connection: AbstractConnection) -> None:
    """Close it without waiting for a server to take what was not sent yet."""
    if (writer := connection._writer) is not None:
        writer.transport.abort()
    with contextlib.suppress(Exception):
        await connection.disconnect(nowait=True)


def _nonsense(answer: object) -> Exception:
    if answer is None:  # what redis-py makes of a connection that the kernel gave up
        return Disconnected("the connection timed out")
    return Disconnected(f"it answers nonsense ({answer!r:.60})")


def _is_expected(error: BaseException) -> bool:
    """Whether it comes from outside of this program."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_expected, error.exceptions))
    return isinstance(error, RedisError | OSError | EOFError | TimeoutError)


def _words(error: BaseException) -> str:
    """Why it is away, for people."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return "it does not answer"
    return str(error).rstrip(".") or type(error).__name__
