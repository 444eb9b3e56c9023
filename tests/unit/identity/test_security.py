from __future__ import annotations

from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from hub.api import problems
from hub.api.security import SecurityHeaders
from hub.errors import RateLimited
from hub.settings import Settings


async def fine(request: Request) -> Response:
    return PlainTextResponse("fine")


async def own(request: Request) -> Response:
    return PlainTextResponse("own", headers={"Content-Security-Policy": "sandbox"})


async def broken(request: Request) -> Response:
    raise RuntimeError("a secret detail")


async def limited(request: Request) -> Response:
    raise RateLimited(retry_after_s=7.2)


async def breaks_late(request: Request) -> Response:
    async def parts() -> object:
        yield b"begun"
        raise RuntimeError("late")

    return StreamingResponse(parts())  # type: ignore[arg-type]


def client(public_url: str = "http://127.0.0.1:8480", base_url: str = "") -> httpx.AsyncClient:
    settings = Settings.from_environ({"HUB_PUBLIC_URL": public_url})
    app = Starlette(
        routes=[
            Route("/api/fine", fine, methods=["GET"]),
            Route("/api/fine", fine, methods=["POST"]),
            Route("/healthz", fine),
            Route("/own", own),
            Route("/api/broken", broken),
            Route("/api/limited", limited),
            Route("/late", breaks_late),
        ],
        exception_handlers=dict(problems.HANDLERS),
        middleware=[Middleware(SecurityHeaders, secure=settings.secure)],
    )
    app.state.hub = SimpleNamespace(settings=settings)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url or public_url)


async def test_every_answer_carries_the_headers() -> None:
    async with client() as http:
        for path in ("/api/fine", "/api/broken", "/api/nothing", "/api/limited"):
            headers = (await http.get(path)).headers
            policy = headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self';")
            assert "connect-src 'self' ws://127.0.0.1:8480;" in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cross-origin-opener-policy"] == "same-origin"
            assert headers["cache-control"] == "no-store"
            assert "strict-transport-security" not in headers


async def test_a_route_keeps_its_own_policy() -> None:
    async with client() as http:
        answer = await http.get("/own")
    assert answer.headers["content-security-policy"] == "sandbox"
    assert "cache-control" not in answer.headers


async def test_https_is_kept_by_the_browser_and_names_its_socket() -> None:
    async with client("https://mail.north.example", "http://inner:8480") as http:
        headers = (await http.get("/api/fine")).headers
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert "connect-src 'self' wss://mail.north.example;" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8480", "192.0.2.1:8480", "a@127.0.0.1", "x;y.localhost",
             "127.0.0.1:x", "[", ""],
)  # fmt: skip
async def test_plain_http_answers_to_names_of_this_machine_only(host: str) -> None:
    async with client() as http:
        answer = await http.get("/api/fine", headers={"Host": host})
        health = await http.get("/healthz", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.json()["code"] == "wrong_host"
    assert "http://127.0.0.1:8480" in answer.json()["detail"]
    assert health.status_code == 200
    assert "connect-src 'self';" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["localhost:8480", "[::1]:8480", "127.0.0.1", "hub.localhost"])
async def test_plain_http_answers_to_every_name_of_this_machine(host: str) -> None:
    async with client() as http:
        answer = await http.get("/api/fine", headers={"Host": host})
    assert answer.status_code == 200
    assert f"ws://{host};" in answer.headers["content-security-policy"]


async def test_a_failure_is_a_problem_without_its_details() -> None:
    async with client() as http:
        answer = await http.get("/api/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "internal"
    assert "secret" not in answer.text


async def test_a_failure_after_the_first_byte_cuts_the_answer() -> None:
    async with client() as http:
        with pytest.raises(RuntimeError, match="late"):
            await http.get("/late")


async def test_a_limit_says_when_to_come_again() -> None:
    async with client() as http:
        answer = await http.get("/api/limited")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "7"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Too many requests",
        "status": 429,
        "detail": "Too many requests",
        "code": "rate_limited",
        "retry_after_s": 7.2,
    }


async def test_a_method_no_route_takes_is_told_which_are() -> None:
    async with client() as http:
        answer = await http.delete("/api/fine")
        unknown = await http.delete("/api/nothing")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert answer.json()["code"] == "method_not_allowed"
    assert unknown.status_code == 404
    assert unknown.json()["code"] == "not_found"


@pytest.mark.parametrize("path", ["/api/%00", "/api/fine?q=a%00b"])
async def test_an_address_with_nul_is_refused(path: str) -> None:
    async with client() as http:
        answer = await http.get(path)
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_path"
