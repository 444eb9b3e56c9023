"""What every WebSocket endpoint does: check the origin, sign in, handle frames, close well.

Close codes: docs/protocol.md. 4400 to 4499 mean "do not retry".
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from hub.api.fast_socket import fast_socket
from hub.api.hub import Hub
from hub.api.requests import COOKIE, is_own_origin
from hub.errors import Forbidden, HubError, Unavailable
from hub.identity.service import Principal
from hub.rooms import limits
from hub.rooms.connections import Connection
from hub.rooms.outbox import Outbox

Take = Callable[[str | bytes], Awaitable[float | None] | None]

CLOSE_S = 5.0
LOOK_S = 60.0

log = structlog.get_logger()


class GoneError(Exception):
    """The other side has left."""


class TokenExpired(HubError):
    code = "token_expired"
    http_status = 401
    close_code = 4501
    title = "The token or session has expired; bring a fresh one"
    retry_s = None


class Busy(Unavailable):
    code = "busy"
    title = "Too many are connecting at once; try again in a moment"


class Silent(HubError):
    code = "silent"
    http_status = 408
    close_code = 4508
    title = "Nothing was heard from you"
    retry_s = None


class Restarting(Unavailable):
    code = "restarting"
    close_code = 1012
    title = "The hub is restarting"


async def from_browser(hub: Hub, websocket: WebSocket) -> Principal | None:
    """The signed-in browser, or null when there is no cookie. It says where its page came from;
    only this hub's own pages may connect.

    Raises:
        Forbidden: ``cross_site``: another Origin, or a cookie without one.
        Unauthenticated: the session has ended.
    """
    origin, secret = websocket.headers.get("origin"), websocket.cookies.get(COOKIE)
    if origin is None:
        if secret is None:
            return None
        raise Forbidden("A browser must say its origin.", code="cross_site")
    if not is_own_origin(hub.settings, origin, websocket.headers.get("host", "")):
        raise Forbidden("This page is not of this hub.", code="cross_site")
    return None if secret is None else await hub.identity.authenticate_cookie(secret)


class Conversation:
    """One connection's frames, one after the other, and its end.

    A frame is handled at once where it can be. One that must wait (``take`` returned something to
    await), or whose sender has used up its budget, holds up those behind it: they wait here and
    then in the peer's own TCP window, while others are served.

    Attributes:
        silent_s: without a frame for so long the connection ends with 4508; null = never.
    """

    __slots__ = (
        "_arrived",
        "_budget",
        "_busy",
        "_connection",
        "_gone",
        "_heard_s",
        "_hub",
        "_leave",
        "_stopwatch",
        "_take",
        "_timer",
        "_waiting",
        "_work",
        "outbox",
        "silent_s",
        "socket",
    )

    def __init__(self, hub: Hub, websocket: WebSocket) -> None:
        self.socket = fast_socket(websocket)
        self.outbox = Outbox(hub.clock, self.socket)
        self.silent_s: float | None = None
        self._hub = hub
        self._take: Take | None = None
        self._leave: Callable[[], None] | None = None
        self._waiting: deque[str | bytes] | None = None  # an empty one has 760 bytes
        self._busy = True
        self._work: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._gone = False
        self._arrived: asyncio.Event | None = None
        self._budget = limits.Budget(hub.clock)
        self._stopwatch = limits.Stopwatch()
        self._heard_s = hub.clock.monotonic_s()
        self._connection: Connection | None = None
        self.socket.take_over(self._on_message, self._on_gone)
        self.socket.send_from(self.outbox)

    async def first(self) -> str | bytes:
        """The first frame, before anything is handled.

        Raises:
            GoneError: the peer left instead.
        """
        while not self._waiting:
            if self._gone:
                raise GoneError
            self._arrived = asyncio.Event()
            await self._arrived.wait()
        self._arrived = None
        return self._waiting.popleft()

    def begin(self, connection: Connection, take: Take, leave: Callable[[], None]) -> None:
        """Handle frames from now on, and let the request end that brought the connection.

        Args:
            take: handles a frame; returns what must be awaited before the next one, or null.
            leave: called once, when the peer has gone, or was told why ``outbox`` ended.
        """
        self._connection, self._take, self._leave = connection, take, leave
        self.socket.detach()
        self.outbox.on_ended = self._on_ended
        if self._gone:
            self._over()
        elif self.outbox.ended is not None:
            self._on_ended()
        else:
            self._look()
            self._work = asyncio.create_task(self._catch_up())

    def stop(self) -> None:
        """Handle nothing more."""
        self._take = None
        self._waiting = None
        if self._work is not None:
            self._work.cancel()
        if self._timer is not None:
            self._timer.cancel()

    # --- frames in --------------------------------------------------------------------------------

    def _on_message(self, message: str | bytes) -> None:
        self._heard_s = self._hub.clock.monotonic_s()
        if self._busy:
            if self._waiting is None:
                self._waiting = deque()
            self._waiting.append(message)
            self.socket.pause_reading()
            if self._arrived is not None:
                self._arrived.set()
            return
        self._busy = True
        rest = self._handle(message)
        if rest is None:
            self._busy = False
        else:
            self._work = asyncio.create_task(self._go_on(rest))

    def _handle(self, message: str | bytes) -> Awaitable[float | None] | None:
        """Returns what the next frame must wait for."""
        if self._take is None or self.outbox.ended is not None:
            return None
        self._stopwatch.start()
        try:
            rest = self._take(message)
        except Exception as error:
            self._fail(error)
            return None
        # Nothing is awaited in between.
        pause_s = self._budget.spend(self._stopwatch.stop(), len(message))
        if rest is None and not pause_s and not self.outbox.crowded:
            return None
        return self._rest(rest, pause_s)

    async def _rest(self, rest: Awaitable[float | None] | None, pause_s: float) -> None:
        if rest is not None:
            try:
                if work_s := await rest:
                    pause_s = max(pause_s, self._budget.spend(work_s, 0))
            except Exception as error:
                self._fail(error)
        if pause_s:
            await asyncio.sleep(pause_s)
        if self.outbox.crowded:
            await self.outbox.half_empty()

    async def _go_on(self, rest: Awaitable[float | None]) -> None:
        await rest
        await self._catch_up()

    async def _catch_up(self) -> None:
        while self._waiting:
            if (rest := self._handle(self._waiting.popleft())) is not None:
                await rest
        self._waiting = None
        self._busy = False
        self.socket.resume_reading()

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, HubError):
            log.error("a connection failed", exc_info=error)
            error = HubError("The hub failed at this.", code="internal")
        if self._connection is not None:
            self._connection.end(error)

    # --- the end ----------------------------------------------------------------------------------

    def _on_ended(self) -> None:
        reason = self.outbox.ended
        assert reason is not None
        if not self._gone:
            self._hub.background.spawn(self._say_goodbye(reason), "say goodbye")

    async def _say_goodbye(self, reason: HubError) -> None:
        """What is queued is still sent, for a moment at most; then the reason."""
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self.outbox.finished()
            await self.socket.say_goodbye(reason.close_code, reason.code)
        finally:
            # A peer that reads nothing would keep the rest in memory.
            asyncio.get_running_loop().call_later(CLOSE_S, self.socket.abort)
            self._over()

    def _over(self) -> None:
        self.stop()
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def _on_gone(self) -> None:
        self._gone = True
        self.outbox.leave()
        if self._arrived is not None:
            self._arrived.set()
        self._over()

    def _look(self) -> None:
        """Now and then: has the token expired, is the browser still there?"""
        connection = self._connection
        assert connection is not None
        wait_s = LOOK_S
        if (expires_at_ms := connection.principal.expires_at_ms) is not None:
            left_ms = expires_at_ms - self._hub.clock.now_ms()
            if left_ms <= 0:
                connection.end(TokenExpired())
                return
            wait_s = min(wait_s, left_ms / 1000)
        if self.silent_s is not None and not self._busy:
            silent_s = self._hub.clock.monotonic_s() - self._heard_s
            if silent_s >= self.silent_s:
                connection.end(Silent())
                return
            wait_s = min(wait_s, self.silent_s - silent_s)
        self._timer = asyncio.get_running_loop().call_later(wait_s + 0.001, self._look)


async def close(websocket: WebSocket, reason: HubError) -> None:
    """Close with the reason's code; never longer than 5 s."""
    if websocket.application_state is WebSocketState.DISCONNECTED:
        return
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError, OSError):
        async with asyncio.timeout(CLOSE_S):
            await websocket.close(code=reason.close_code, reason=reason.code)
