"""What one connection may cost the hub before anybody is known."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hub.api import requests
from hub.api.bounded_http import (
    LINGER_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_PIPELINED,
    SLICE_BYTES,
    BoundedHttp,
)
from tests.integration.conftest import Served
from tests.integration.sockets import signed_in

PIECE = 4096
# What the hub may have read and the two kernels may hold beyond it.
TAKEN_AT_MOST = MAX_HEAD_BYTES + SLICE_BYTES
START = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
CHUNKED = (
    b"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: none\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
UPGRADE = (
    b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


class Wire:
    """Bytes to the hub and back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def drip(self, first: bytes, more: bytes, most: int) -> int:
        """Send ``more`` again and again, waiting each time until the hub has taken it; returns how
        much was sent when the hub answered or closed."""
        self.writer.write(first)
        sent = len(first)
        pieces = more * (PIECE // len(more) + 1)
        while sent < most and not self.reader.at_eof() and not self.answered:
            self.writer.write(pieces)
            sent += len(pieces)
            await self.taken()
        return sent

    @property
    def answered(self) -> bool:
        return bool(self.reader._buffer)  # type: ignore[attr-defined]

    async def taken(self) -> None:
        """The loop is shared with the hub: after some turns it has read what was sent."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(10):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status, *lines = head.split("\r\n")
            headers = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
            }
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(status.split()[1]), headers, body

    async def refused(self) -> dict[str, Any]:
        """The answer is a problem, and the connection ends behind it."""
        status, headers, body = await self.answer()
        assert headers["content-type"] == "application/problem+json"
        assert headers["connection"] == "close"
        assert await self.ended() == b""
        found = json.loads(body)
        assert found["status"] == status
        return dict(found)

    async def ended(self) -> bytes:
        async with asyncio.timeout(10):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""


@asynccontextmanager
async def wire(served: Served) -> AsyncIterator[Wire]:
    host, _, port = served.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (START, b"a:b\r\n"),
        (START + b"a: ", b"x"),
        (b"GET /", b"x"),
        (b"", b"\r\n"),
        (UPGRADE, b"a:b\r\n"),
        (UPGRADE + b"a: ", b"x"),
        (CHUNKED + b"1\r\nx\r\n0\r\n", b"a:b\r\n"),
        (CHUNKED + b"1\r\nx\r\n0\r\na: ", b"x"),
        (CHUNKED + b"1;a=", b"x"),
        (CHUNKED, b"1;" + b"x" * 500 + b"\r\nx\r\n"),
    ],
    ids=[
        "headers", "a header", "a path", "blank lines", "headers of a socket",
        "a header of a socket", "trailers", "a trailer", "a chunk extension", "chunk extensions",
    ],
)  # fmt: skip
async def test_what_has_no_end_is_cut_off(served: Served, first: bytes, more: bytes) -> None:
    async with wire(served) as one:
        sent = await one.drip(first, more, 4 * 1024 * 1024)
        assert sent < TAKEN_AT_MOST + 4 * PIECE
        found = await one.refused()
        assert (found["status"], found["code"]) == (431, "headers_too_large")


async def test_trailers_behind_an_answer_are_cut_off(served: Served) -> None:
    async with wire(served) as one:
        one.writer.write(CHUNKED.replace(b"/api/session", b"/healthz") + b"1\r\nx\r\n0\r\n")
        assert (await one.answer())[0] == 405
        assert await one.drip(b"", b"a:b\r\n", 4 * 1024 * 1024) < TAKEN_AT_MOST + 4 * PIECE
        assert await one.ended() == b""


async def test_a_header_too_long_for_a_socket_is_answered(served: Served) -> None:
    async with wire(served) as one:
        one.writer.write(UPGRADE + b"a: " + b"x" * 20_000 + b"\r\n\r\n")
        assert (await one.refused())["code"] == "headers_too_large"


async def test_trailers_are_no_headers(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    whole = BoundedHttp.on_message_complete

    def watched(self: BoundedHttp) -> None:
        seen.extend(name for name, _ in self.headers)
        whole(self)

    monkeypatch.setattr(BoundedHttp, "on_message_complete", watched)
    async with wire(served) as one:
        one.writer.write(CHUNKED + b"1\r\nx\r\n0\r\ncookie: late\r\n\r\n")
        await one.answer()
    assert seen == [b"host", b"sec-fetch-site", b"transfer-encoding"]


async def test_a_head_in_one_write_is_cut_off(served: Served) -> None:
    async with wire(served) as one:
        one.writer.write(START + b"a:b\r\n" * 200_000)
        assert (await one.refused())["status"] == 431


async def test_an_answer_reaches_who_has_sent_more_than_is_read(served: Served) -> None:
    """Closing a socket on unread bytes resets it, and a reset takes the answer along."""
    async with wire(served) as one:
        one.writer.write(START + b"a: " + b"x" * (LINGER_BYTES // 2))
        await one.writer.drain()
        assert (await one.refused())["code"] == "headers_too_large"
        assert one.reader.exception() is None


async def test_what_follows_an_answer_is_not_read_for_ever(served: Served) -> None:
    async with wire(served) as one:
        with pytest.raises((ConnectionResetError, BrokenPipeError)):  # noqa: PT012 until then
            async with asyncio.timeout(10):
                while True:
                    one.writer.write(b"x" * LINGER_BYTES)
                    await one.writer.drain()


async def test_the_largest_head_is_taken(served: Served) -> None:
    many = b"".join(b"h%d: x\r\n" % number for number in range(MAX_HEADERS - 1))
    large = b"a: " + b"x" * (MAX_HEAD_BYTES - len(START) - 7) + b"\r\n"
    async with wire(served) as one:
        for headers in (many, large):
            one.writer.write(START + headers + b"\r\n")
            assert (await one.answer())[0] == 200
        one.writer.write(START + many + b"one: more\r\n\r\n")
        assert (await one.refused())["code"] == "headers_too_large"


async def test_a_connection_serves_one_request_after_another(served: Served) -> None:
    async with wire(served) as one:
        for _ in range(200):  # more bytes and headers than one head may have
            one.writer.write(START + b"a: " + b"x" * 1000 + b"\r\n\r\n")
            assert (await one.answer())[0] == 200
        one.writer.write(START + b"\r\n" + START + b"\r\n")
        assert [(await one.answer())[0] for _ in range(2)] == [200, 200]


async def test_a_body_may_be_longer_than_a_head(served: Served) -> None:
    body = b'{"address": "' + b"x" * 300_000 + b'"}'
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\nafter: all\r\n\r\n"
    plain = CHUNKED.replace(b"Transfer-Encoding: chunked", b"Content-Length: %d" % len(body))
    async with wire(served) as one:
        for request in (CHUNKED + chunks, plain + body):
            one.writer.write(request)
            status, _, answer = await one.answer()
            assert (status, json.loads(answer)["code"]) != (431, "headers_too_large")
            assert status < 500


async def test_what_comes_behind_a_body_is_the_next_request(served: Served) -> None:
    body = b'{"address": "' + b"x" * 300_000 + b'"}'
    plain = CHUNKED.replace(b"Transfer-Encoding: chunked", b"Content-Length: %d" % len(body))
    async with wire(served) as one:
        one.writer.write(plain + body + START + b"\r\n")
        assert [(await one.answer())[0] for _ in range(2)] == [400, 200]
        one.writer.write(plain + body + START + b"a: " + b"x" * 2 * (MAX_HEAD_BYTES + SLICE_BYTES))
        assert b" 200 " not in await one.ended()


async def test_requests_that_wait_are_counted(served: Served) -> None:
    async with wire(served) as one:
        one.writer.write((START + b"\r\n") * (MAX_PIPELINED * 100))
        answers = (await one.ended()).count(b"HTTP/1.1 ")
        assert answers <= MAX_PIPELINED + 1


async def test_no_request_is_no_http(served: Served) -> None:
    async with wire(served) as one:
        one.writer.write(b"\x16\x03\x01\x02\x00\x01\r\n\r\n")
        assert (await one.refused())["code"] == "bad_request"


@pytest.mark.parametrize(
    "start",
    [
        b"",
        START,
        CHUNKED + b"9\r\nx",
        CHUNKED + b"1\r\nx\r\n0\r\na",
        CHUNKED.replace(b"/api", b"/no") + b"9\r\nx",
    ],
    ids=["nothing", "headers", "a body", "trailers", "a body after the answer"],
)
async def test_a_head_has_a_deadline(
    served: Served, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(BoundedHttp, "head_timeout_s", 0.05)
    async with wire(served) as one:
        one.writer.write(start)
        if start.startswith(b"POST /no"):
            await one.answer()
            one.writer.write(b"x")
        async with asyncio.timeout(3):  # uvicorn's own, between requests, is 5 s
            await one.ended()


async def test_a_socket_has_no_such_deadline(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedHttp, "head_timeout_s", 0.05)
    ada = await served.person("ada")
    passed = asyncio.Event()
    async with signed_in(served, ada) as raw:
        asyncio.get_running_loop().call_later(0.1, passed.set)
        await passed.wait()
        assert (await raw.call(cmd="ping"))["t"] == "ok"


@pytest.mark.parametrize("announced", [True, False])
async def test_who_sends_too_much_is_told_so_and_goes_on(served: Served, announced: bool) -> None:
    """All of it is taken, so that no proxy between takes the refusal for a fault."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(48):
            yield b"x" * 65536

    browser = served.browser()
    content = b"x" * (3 << 20) if announced else pieces()
    refused = await browser.post("/api/session", content=content)
    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")
    assert (await browser.get("/healthz")).status_code == 200


async def test_what_is_sent_without_end_is_not_taken_for_ever(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "DISCARD_S", 0.2)
    reader, writer = await asyncio.open_connection(*served.url.removeprefix("http://").split(":"))
    writer.write(
        b"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: none\r\n"
        b"Content-Length: 999999999\r\n\r\nx"
    )
    assert b" 413 " in await reader.readline()
    writer.close()
