"""A hub process under updates that no editor would send: it never dies, and every document opens
afterwards, in the hub and in Yjs, with the same text."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from websockets.asyncio.client import connect

from hub.rooms.fold import fold
from hub.wire import frames, yupdate
from tests.integration.sockets import Raw, Yjs, connection
from tests.support.hub_process import HubProcess, answer, token
from tests.support.oracle import Oracle, content_of
from tests.support.yfuzz import Fuzzer
from tests.support.yupdates import element, nested, text, update

BATCH = 20
STOCK = (77, 2**52 + 12345)


@dataclass
class Load:
    """What was seen so far.

    Attributes:
        codes: of refusals, and how many updates were sent.
        worst: CPU seconds of the hub an update, the most costly batches first, and where.
    """

    codes: Counter[str]
    worst: list[tuple[float, str]]


class Session:
    """One person's connection to a hub process."""

    def __init__(self, hub: HubProcess, http: httpx.AsyncClient, raw: Raw, load: Load) -> None:
        self.hub = hub
        self.http = http
        self._raw = raw
        self._load = load

    async def document(self, kind: str) -> str:
        made = await answer(self.http.post("/api/threads", json={"subject": "Fuzz"}))
        thread = made["summary"]["thread"]
        new = {"kind": kind, "title": "Draft"}
        document = await answer(self.http.post(f"/api/threads/{thread}/documents", json=new))
        return str(document["document"])

    async def bind(self, document: str, kind: str) -> None:
        """Let a stock client bring two ids of its own."""
        made = await answer(self.http.post(f"/api/documents/{document}/ticket"))
        url = self.hub.url.replace("http", "ws", 1)
        where = f"{url}/yjs/{document}?ticket={made['ticket']}"
        async with connect(where, compression=None, proxy=None) as socket:
            stock = Yjs(socket)
            first = element(parent="default") if kind == "rich" else text("x")
            await stock.sync(frames.UPDATE, update({client: (0, [first]) for client in STOCK}))
            await stock.state()

    async def state(self, number: int) -> bytes:
        """What the hub has once it has handled all that was sent."""
        await self._raw.sync(number, frames.STEP1, b"\x00")
        async with asyncio.timeout(60):
            while True:
                message = await self._raw.socket.recv()
                if isinstance(message, str):
                    frame = json.loads(message)
                    if frame["t"] == "refused":
                        self._load.codes[frame["code"]] += 1
                    assert frame["t"] != "document_reset", "the document was loaded again"
                elif message[0] == frames.SYNC:
                    subtype, payload = frames.read_sync(message[frames.HEADER_BYTES :])
                    if subtype == frames.STEP2:
                        return payload

    async def fuzz(self, kind: str, seed: int, count: int) -> tuple[str, bytes]:
        """Send so many updates to a new document; returns it and its state."""
        document = await self.document(kind)
        await self.bind(document, kind)
        reply = await self._raw.call(cmd="lease_client_ids", document=document, count=4)
        fuzzer = Fuzzer(kind, seed, clients=[*STOCK, *reply["result"]["ids"]], strange=0.02)
        number = await self._raw.open(document)
        state = await self.state(number)
        for _ in range(count // BATCH):
            clocks = {
                client: yupdate.end_of(structs)
                for client, structs in yupdate.parse(state).structs.items()
            }
            before = self._cpu_s()
            for _ in range(BATCH):
                await self._raw.sync(number, frames.UPDATE, fuzzer.next(clocks, state))
            state = await self.state(number)
            self._load.codes["sent"] += BATCH
            self._load.worst.append(((self._cpu_s() - before) / BATCH, f"{kind}, seed {seed}"))
            self._load.worst = sorted(self._load.worst, reverse=True)[:3]
        await self._raw.call(cmd="close_document", document=document)
        return document, state

    def _cpu_s(self) -> float:
        assert self.hub.process is not None
        times = psutil.Process(self.hub.process.pid).cpu_times()
        return float(times.user + times.system)


async def run(data_dir: Path, documents: int, each: int) -> Load:
    load = Load(Counter(), [])
    fuzzed: list[tuple[str, str, bytes]] = []
    async with HubProcess(data_dir) as hub:
        http = await hub.first_owner()
        async with connection(hub) as raw:
            await raw.socket.send(json.dumps({"cmd": "auth", "token": await token(http)}))
            await raw.frame("welcome")
            session = Session(hub, http, raw, load)
            for seed in range(documents):
                kind = ("text", "rich")[seed % 2]
                document, state = await session.fuzz(kind, seed, each)
                fuzzed.append((kind, document, state))
        assert hub.process is not None
        assert hub.process.returncode is None
        await hub.kill()
        await hub.start()
        with Oracle() as yjs:
            for kind, document, _ in fuzzed:
                state = (await http.get(f"/api/documents/{document}/state")).content
                mine = content_of(fold(kind, state, []).content.doc, kind)
                assert yjs.read(kind, [state]).get("content") == mine, document
                exported = await http.get(f"/api/documents/{document}/export?format=txt")
                assert exported.status_code == 200
                if kind == "text":
                    assert exported.text == mine
        await http.aclose()
    return load


@pytest.mark.timeout(120)
async def test_a_hub_lives_through_what_a_fuzzer_sends(tmp_path: Path) -> None:
    load = await run(tmp_path, documents=6, each=200)
    assert load.codes["unsupported_content"]
    assert load.codes["malformed_update"]


@pytest.mark.heavy
@pytest.mark.timeout(3000)
async def test_a_hub_lives_through_a_hundred_thousand(tmp_path: Path) -> None:
    count = int(os.environ.get("UPDATES", "100000"))
    load = await run(tmp_path, documents=count // 500, each=500)
    print(f"\n{dict(load.codes)}")
    for seconds, where in load.worst:
        print(f"  {seconds * 1000:.2f} ms of the hub's CPU an update ({where})")


@pytest.mark.timeout(120)
async def test_a_hub_lives_through_endless_nesting(tmp_path: Path) -> None:
    """100,000 elements inside each other, whole and in parts, and the deletion of the outermost."""
    async with HubProcess(tmp_path) as hub:
        http = await hub.first_owner()
        load = Load(Counter(), [])
        async with connection(hub) as raw:
            await raw.socket.send(json.dumps({"cmd": "auth", "token": await token(http)}))
            await raw.frame("welcome")
            session = Session(hub, http, raw, load)
            document = await session.document("rich")
            reply = await raw.call(cmd="lease_client_ids", document=document, count=1)
            (client,) = reply["result"]["ids"]
            number = await raw.open(document)
            await raw.sync(number, frames.UPDATE, nested(client, 100_000))
            for clock in range(0, 1000, 50):
                parent = (client, clock - 1) if clock else None
                made = nested(client, 50, clock, parent)
                await raw.sync(number, frames.UPDATE, made)
            await raw.sync(number, frames.UPDATE, update({}, {client: [(0, 1)]}))
            state = await session.state(number)
        assert load.codes["unsupported_content"] == 2
        assert yupdate.parse(state).deletes
        exported = await http.get(f"/api/documents/{document}/export?format=txt")
        assert (exported.status_code, exported.text) == (200, "")
        await http.aclose()
