"""The bytes of an upload's request, as whoever takes them sees them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from hub.api.uploads import RequestBody


def body_of(*messages: dict[str, Any]) -> RequestBody:
    left = list(messages)

    async def receive() -> dict[str, Any]:
        return left.pop(0)

    return RequestBody(Request({"type": "http"}, receive))


def part(body: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_an_end_and_a_break_are_told_apart() -> None:
    whole = body_of(part(b"a"), part(b""), part(b"b", more=False))
    assert [one async for one in whole] == [b"a", b"b", b""]
    broken = body_of(part(b"a"), {"type": "http.disconnect"})
    assert [one async for one in broken] == [b"a"]


async def test_an_interruption_is_heard_while_bytes_keep_coming() -> None:
    body = body_of(*(part(b"x") for _ in range(5)), part(b"", more=False))
    seen = []
    async for one in body:
        seen.append(one)
        if len(seen) == 2:
            body.interrupt()  # nobody waits at this moment
    assert seen == [b"x", b"x", None, b"x", b"x", b"x", b""]
