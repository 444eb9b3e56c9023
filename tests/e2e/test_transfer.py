"""The upload queue of the browser client: a real browser and a real hub, without the page."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route

from tests.e2e.wire import Wire
from tests.interop.stock import NODE, ROOT
from tests.support.hub_process import HubProcess, answer

SIZE = 24 * 2**20
BUILD = """
import { build } from 'vite';
import { svelte } from '@sveltejs/vite-plugin-svelte';
const entry = { transfer: 'src/transfer/index.ts', store: 'src/lib/local-store.ts' };
await build({
  configFile: false, publicDir: false, logLevel: 'error', plugins: [svelte()],
  build: { outDir: process.argv[1], target: 'es2022', lib: { entry, formats: ['es'] } },
});
"""
BEGIN = """async () => {
    const [{ UploadQueue }, { LocalStore }] = await Promise.all([
        import('/transfer/transfer.js'), import('/transfer/store.js'),
    ]);
    window.known = [];
    const known = ({ name, upload }) => void window.known.push([name, upload]);
    window.queue = new UploadQueue({ uid: 'u_test', store: new LocalStore('u_test'), known });
    await queue.loaded;
    window.film = (size, at = -1) => {
        const words = new Uint32Array(size / 4);
        for (let i = 0; i < words.length; i++) words[i] = Math.imul(i, 2654435761);
        const bytes = new Uint8Array(words.buffer);
        if (at >= 0) bytes[at] ^= 1;
        return new File([bytes], 'film.mov', { lastModified: 1000 });
    };
    window.until = async (done) => {
        while (!done(queue.items)) await new Promise((resolve) => setTimeout(resolve, 20));
    };
}"""


def film() -> bytes:
    """What ``window.film`` makes."""
    return b"".join((i * 2654435761 % 2**32).to_bytes(4, "little") for i in range(SIZE // 4))


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("transfer")
    command = [*NODE, "--input-type=module", "-e", BUILD, str(out)]
    subprocess.run(command, cwd=ROOT / "web", check=True, timeout=60)
    return out


class Sender:
    """Somebody signed in, a thread, and pages that have nothing but the queue."""

    def __init__(self, context: BrowserContext, hub: HubProcess, thread: str) -> None:
        self.context, self.hub, self.thread = context, hub, thread
        self.requests: list[str] = []
        context.on(
            "request",
            lambda one: self.requests.append(one.method) if "/files/" in one.url else None,
        )

    async def page(self) -> Page:
        page = await self.context.new_page()
        await self.begin(page)
        return page

    async def begin(self, page: Page) -> None:
        """Also after a reload."""
        await page.goto("/transfer/page.html")
        await page.evaluate(BEGIN)

    async def holds_film(self, upload: str) -> bool:
        stored = self.hub.data_dir / "blobs" / "sealed" / upload[2:4] / upload
        async with asyncio.timeout(20):
            while not stored.exists():
                await asyncio.sleep(0.02)
        return hashlib.sha256(stored.read_bytes()).digest() == hashlib.sha256(film()).digest()


@pytest.fixture
async def sender(
    browser: Browser, hub: HubProcess, wire: Wire, scripts: Path
) -> AsyncIterator[Sender]:
    owner = await hub.first_owner()
    made = await answer(owner.post("/api/threads", json={"subject": "Films"}))
    context = await browser.new_context(base_url=wire.url)
    await context.add_cookies(
        [{"name": one.name, "value": one.value or "", "url": wire.url} for one in owner.cookies.jar]
    )

    async def give(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        if name == "page.html":
            await route.fulfill(
                body="<!doctype html><title>Sender</title>", content_type="text/html"
            )
        else:
            await route.fulfill(path=scripts / name, content_type="text/javascript")

    await context.route("**/transfer/*", give)
    yield Sender(context, hub, made["summary"]["thread"])
    await context.close()
    await owner.aclose()


async def slow(page: Page, bytes_s: int) -> None:
    """Chromium sends no faster than this."""
    session = await page.context.new_cdp_session(page)
    await session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_s},
    )


async def test_small_files_go_with_a_request_each(sender: Sender) -> None:
    page = await sender.page()
    await page.evaluate(
        """async (thread) => {
            const files = Array.from({ length: 200 }, (_, i) => new File([`${i}`], `${i}.txt`));
            queue.add(files, thread);
            await until((items) => items.every((one) => one.state === 'done'));
        }""",
        sender.thread,
    )
    assert sender.requests == ["POST"] * 200
    assert len({upload for _, upload in await page.evaluate("known")}) == 200


async def test_a_cut_is_nothing_to_a_large_file(sender: Sender, wire: Wire) -> None:
    page = await sender.page()
    await slow(page, 12 * 2**20)
    await page.evaluate("thread => queue.add([film(24 * 2 ** 20)], thread)", sender.thread)
    await page.evaluate("until(([one]) => one.sent > 4e6)")
    wire.cut()
    await page.evaluate("until(([one]) => one.error?.code === 'unreachable')")
    wire.mend()
    await page.evaluate("until(([one]) => one.state === 'done')")
    [[_, upload]] = await page.evaluate("known")
    assert await sender.holds_film(upload)
    assert sender.requests.count("POST") == 1


async def test_a_reload_asks_for_the_file_and_takes_only_that(sender: Sender) -> None:
    page = await sender.page()
    await slow(page, 6 * 2**20)
    await page.evaluate(
        """async (thread) => {
            const [added] = queue.add([film(24 * 2 ** 20)], thread);
            await added.upload;
            await until(([one]) => one.acknowledged > 0);
        }""",
        sender.thread,
    )
    await sender.begin(page)
    await page.evaluate("until(([one]) => one?.state === 'needs-file')")
    other = await page.evaluate("queue.offer(film(24 * 2 ** 20, 7))")
    assert other["error"]["code"] == "other_file"
    taken = await page.evaluate("queue.offer(film(24 * 2 ** 20))")
    assert taken["error"] is None
    await page.evaluate("until(([one]) => one.state === 'done')")
    assert await sender.holds_film(taken["item"]["upload"])
    assert sender.requests.count("POST") == 1


async def test_another_tab_goes_on_when_the_first_is_closed(sender: Sender, wire: Wire) -> None:
    first = await sender.page()
    second = await sender.page()
    wire.cut()
    await first.evaluate(
        "thread => void queue.add([new File(['words'], 'a.txt')], thread)", sender.thread
    )
    await second.evaluate("until(([one]) => one?.name === 'a.txt' && !one.here)")
    await first.evaluate("until(([one]) => one.error?.code === 'unreachable')")
    await first.close()
    wire.mend()
    await second.evaluate("until(([one]) => one.state === 'done' && one.here)")
    assert [name for name, _ in await second.evaluate("known")] == ["a.txt"]
