"""uvicorn's WebSocket protocol with a direct road: messages in by a call, encoded frames out.

The handshake goes through ASGI as ever. Then an endpoint takes the socket over (``take_over``):
what comes in is handed to it without a queue, and frames that were encoded once for everybody are
written straight to the transport, whose back-pressure it hears. Once the endpoint has said
``detach`` it may return: the connection lasts without its request, which would take 20 KiB of
memory. Figures: docs/adr/0009.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.websockets import WebSocket
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from hub.rooms.outbox import Outbox

EXTENSION = "hub.socket"
INVALID_TEXT = 1007
# What the protocol closes with by itself, and what this hub says instead.
_CLOSES = {1007: (4400, "bad_text"), 1009: (4413, "frame_too_large")}


class FastSocket(WebSocketsSansIOProtocol):
    """Attributes:
    on_message: gets every whole message, in order.
    on_gone: called once, when the connection is lost.
    """

    on_message: Callable[[str | bytes], None] | None = None
    on_gone: Callable[[], None] | None = None
    _outbox: Outbox | None = None
    _detached = False

    def take_over(
        self, on_message: Callable[[str | bytes], None], on_gone: Callable[[], None]
    ) -> None:
        """Hand over what comes in; call it before the upgrade is accepted."""
        self.on_message = on_message
        self.on_gone = on_gone
        self.conn.fail = partial(_fail, self.conn.fail)  # type: ignore[method-assign]

    def detach(self) -> None:
        """The connection outlasts its request; let go of what only that needs. Call it after the
        upgrade was accepted; the ASGI side can do nothing afterwards."""
        self._detached = True
        self.queue, self.writable = _NOBODY, _ALWAYS  # type: ignore[assignment]
        del self.scope, self.request, self.response

    def send_from(self, outbox: Outbox) -> None:
        """Let an outbox write here and hear of back-pressure."""
        self._outbox = outbox
        if not self.writable.is_set():
            outbox.paused()

    async def say_goodbye(self, code: int, reason: str) -> None:
        """Close with a code; the transport closes once the peer has answered, or 10 s later."""
        with contextlib.suppress(ClientDisconnected):
            if not self.close_sent:
                await self.send({"type": "websocket.close", "code": code, "reason": reason})

    def limit(self, max_message_bytes: int) -> None:
        """Refuse longer messages from now on (close code 4413)."""
        self.conn.max_message_size = max_message_bytes

    def write(self, wire: bytes) -> None:
        """Send an encoded frame; one that comes too late is dropped."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(wire)

    def pause_reading(self) -> None:
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self.read_paused:
            self.read_paused = False
            if not self.transport.is_closing():
                self.transport.resume_reading()

    def abort(self) -> None:
        """End at once and forget what was not sent."""
        self.transport.abort()

    # --- what uvicorn calls -----------------------------------------------------------------------

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["extensions"][EXTENSION] = self  # type: ignore[assignment]

    async def run_asgi(self) -> None:
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except BaseException:
            self.logger.exception("Exception in ASGI application\n")
            self.send_500_response()
            if self._detached:  # nobody else would end it
                self.transport.abort()
        if not self._detached and self.close_timer is None:
            self.transport.close()

    def send_receive_event_to_app(self) -> None:
        if self.on_message is None:
            super().send_receive_event_to_app()
            return
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "bytes":
            self.on_message(bytes(data))
            return
        try:
            text = bytes(data).decode()
        except UnicodeDecodeError:
            self.conn.fail(INVALID_TEXT)
            self.handle_parser_exception()
            return
        self.on_message(text)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if (on_gone := self.on_gone) is not None:
            self.on_message = self.on_gone = self._outbox = None
            on_gone()

    def pause_writing(self) -> None:
        if not self._detached:
            super().pause_writing()
        if self._outbox is not None:
            self._outbox.paused()

    def resume_writing(self) -> None:
        if not self._detached:
            super().resume_writing()
        if self._outbox is not None:
            self._outbox.resumed()


def _fail(fail: Callable[[int, str], None], code: int, reason: str = "") -> None:
    fail(*_CLOSES.get(int(code), (code, reason)))


class _Nobody:
    """The queue of a request that is over."""

    def put_nowait(self, message: object) -> None:
        """Nobody would read it."""


_NOBODY = _Nobody()
_ALWAYS = asyncio.Event()
_ALWAYS.set()


def fast_socket(websocket: WebSocket) -> FastSocket:
    """The socket below a WebSocket; the hub runs on no other server protocol."""
    socket: FastSocket = websocket.scope["extensions"][EXTENSION]
    return socket
