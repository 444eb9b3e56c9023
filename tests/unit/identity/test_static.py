from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from hub.api import problems, static


@pytest.fixture
async def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = (tmp_path / "static").resolve()
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>page")
    (folder / "manifest.webmanifest").write_text("{}")
    (folder / "assets" / "app-1a2b.js").write_text("plain")
    (folder / "assets" / "app-1a2b.js.br").write_bytes(b"brotli")
    (folder / "assets" / "app-1a2b.js.gz").write_bytes(b"gzip")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(static, "FOLDER", folder)
    return folder


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=static.routes(), exception_handlers=dict(problems.HANDLERS))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as opened:
        yield opened


@pytest.mark.parametrize(
    ("accepted", "encoding", "size"),
    [
        ("gzip, deflate, br", "br", 6),
        ("gzip", "gzip", 4),
        ("br;q=0, gzip;q=0.5", "gzip", 4),
        ("br;q=0", None, 5),
        ("identity", None, 5),
        ("brotli", None, 5),
    ],
)
async def test_static_sends_what_the_browser_takes(
    built: Path, client: httpx.AsyncClient, accepted: str, encoding: str | None, size: int
) -> None:
    answer = await client.head("/assets/app-1a2b.js", headers={"Accept-Encoding": accepted})
    assert answer.status_code == 200
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["content-length"] == str(size)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/", "/threads/r_abc", "/welcome", "/lively", "/settings/me"])
async def test_static_answers_every_page_with_the_client(
    built: Path, client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert answer.text == "<!doctype html>page"
    assert answer.headers["cache-control"] == "no-cache"
    again = await client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.headers["etag"] == answer.headers["etag"]
    assert again.content == b""


async def test_static_etag_changes_with_the_file_and_its_encoding(
    built: Path, client: httpx.AsyncClient
) -> None:
    tags = set()
    for accepted in ("br", "gzip", "identity"):
        headers = {"Accept-Encoding": accepted}
        tags.add((await client.head("/assets/app-1a2b.js", headers=headers)).headers["etag"])
    assert len(tags) == 3
    old = (await client.get("/")).headers["etag"]
    (built / "index.html").write_text("<!doctype html>another page")
    answer = await client.get("/", headers={"If-None-Match": old})
    assert answer.status_code == 200
    assert answer.headers["etag"] != old


@pytest.mark.parametrize("path", ["/api/nothing", "/assets/old-3c4d.js", "/yjs/x", "/live", "/api"])
async def test_static_has_no_page_for_what_is_no_page(
    built: Path, client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("path", ["/..%2fsecret.txt", "/%2e%2e/secret.txt", "//etc/passwd"])
async def test_static_stays_in_its_folder(
    built: Path, client: httpx.AsyncClient, path: str
) -> None:
    assert (await client.get(path)).text == "<!doctype html>page"


async def test_static_knows_the_manifest(built: Path, client: httpx.AsyncClient) -> None:
    answer = await client.get("/manifest.webmanifest")
    assert answer.headers["content-type"] == "application/manifest+json"


async def test_static_says_when_the_client_was_not_built(
    tmp_path: Path, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static, "FOLDER", tmp_path)
    answer = await client.get("/")
    assert answer.status_code == 503
    assert "make build" in answer.text
