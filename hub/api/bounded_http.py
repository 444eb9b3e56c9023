"""uvicorn's HTTP protocol with bounds on what comes before anybody is known.

llhttp and uvicorn keep a header block of any length, any number of trailers and of pipelined
requests, for any time. Here whatever is neither body nor a complete head is counted as it comes,
so that no parser holds more than ``MAX_HEAD_BYTES`` and one slice of it. WebSocket requests take
the same way in. Never looks at what a request says, but for how long its body is: that is given to
the parser as it comes, and copied once.

Source: RFC 6585 section 5 (431), RFC 9112 sections 7.1.1 (chunk extensions), 7.1.2 (trailers).
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from hub.api.problems import problem
from hub.errors import BadRequest, HeadersTooLarge, HubError

MAX_HEAD_BYTES = 64 * 1024
MAX_HEADERS = 128  # trailers count too; the WebSocket parser takes no more either
MAX_PIPELINED = 16
HEAD_TIMEOUT_S = 30.0
SLICE_BYTES = 16 * 1024
# An answer is lost when the socket is closed on what was not read: so much more is thrown away.
LINGER_BYTES = 1024 * 1024
LINGER_S = 1.0
# So much framing is given with each byte of a chunked body: even chunks of one byte are fine.
FRAMING_PER_BODY_BYTE = 16


class BoundedHttp(HttpToolsProtocol):
    """Attributes:
    head_timeout_s: how long a head or the trailers may take to come in, a body may stand still,
        and what is left of a request may take that was answered already.
    """

    head_timeout_s = HEAD_TIMEOUT_S
    _framing = 0  # bytes fed that are neither body nor part of a head that has come to its end
    _headers = 0
    _in_head = True
    _incomplete = False
    _refusal: HubError | None = None
    _body_left = 0  # bytes of a body whose length was announced
    _lingering_bytes: int | None = None  # thrown away since the connection's last answer
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._lingering_bytes is not None:
            self._lingering_bytes += len(data)
            if self._lingering_bytes > LINGER_BYTES:
                self.transport.close()
            return
        at = 0
        while at < len(data):
            piece = data[at : at + max(SLICE_BYTES, self._body_left)]
            at += len(piece)
            self._framing += len(piece)
            super().data_received(piece)
            if self._lingering_bytes is not None or self.transport.is_closing():
                return
            if self.transport.get_protocol() is not self:
                return
            if self._framing > MAX_HEAD_BYTES:
                self._end(HeadersTooLarge("The head of the request is too long."))
                return
        if self._framing or self._incomplete:
            self._watch()

    # --- what the parser calls --------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._framing = self._headers = self._body_left = 0
        self._in_head = self._incomplete = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers += 1
        if self._headers > MAX_HEADERS:
            self._refuse(HeadersTooLarge("The request has too many headers."))
        if self._in_head:  # uvicorn would take a trailer for a header
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._came()
        if len(self.pipeline) >= MAX_PIPELINED:
            self._refuse(BadRequest("Too many requests are waiting for an answer."))
        self._body_left = _announced(self.headers)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._framing = max(0, self._framing - FRAMING_PER_BODY_BYTE * len(body))
        self._body_left = max(0, self._body_left - len(body))
        if not self.cycle.response_complete:  # else nobody waits for the rest
            self._unwatch()
            if not self.cycle.body:  # uvicorn would copy it into a buffer of its own and out again
                self.cycle.body, body = body, b""  # type: ignore[assignment]
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._incomplete = False
        self._came()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._unwatch()
        super().handle_websocket_upgrade()
        socket: Any = self.transport.get_protocol()
        if socket.conn.handshake_exc is not None:  # uvicorn would leave it open, without a word
            _answer(self.transport, HeadersTooLarge("A header of the request is too long."))
            self.transport.close()

    # --- refusing ---------------------------------------------------------------------------------

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn when the parser, or one of the methods above, does not go on."""
        self._end(self._refusal or BadRequest("This is no HTTP request."))

    def _refuse(self, error: HubError) -> None:
        """Stop the parser, which passes no error on."""
        self._refusal = error
        raise error

    def _end(self, error: HubError) -> None:
        """Answer, unless that would be taken for the answer to another request."""
        self._unwatch()
        cycle = self.cycle
        idle = cycle is None or cycle.response_complete
        if self._in_head:
            mine = idle
        else:
            mine = not idle and not self.pipeline and not cycle.response_started
        if not mine:
            self.transport.close()
            return
        if not idle:
            cycle.disconnected = True  # it is answered here
            cycle.message_event.set()
        _answer(self.transport, error)
        self._lingering_bytes = 0
        self._deadline = self.loop.call_later(LINGER_S, self.transport.close)
        self.transport.write_eof()

    # --- the deadline -----------------------------------------------------------------------------

    def _came(self) -> None:
        self._framing = 0
        self._unwatch()

    def _watch(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.head_timeout_s, self._too_late)

    def _too_late(self) -> None:
        self._deadline = None
        if self.flow.read_paused:  # it is the hub that does not read
            self._watch()
        else:
            self.transport.close()

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _announced(headers: list[tuple[bytes, bytes]]) -> int:
    """Bytes of a body that comes in one piece; the parser has refused what is no number."""
    told = dict(headers)
    if b"transfer-encoding" in told:
        return 0
    return int(told.get(b"content-length", b"0"))


def _answer(transport: asyncio.Transport, error: HubError) -> None:
    response = problem(error)
    headers = [*response.raw_headers, (b"connection", b"close")]
    lines = [b"%s: %s\r\n" % header for header in headers]
    body = bytes(response.body)
    transport.write(b"".join((STATUS_LINE[response.status_code], *lines, b"\r\n", body)))
