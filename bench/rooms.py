"""Rooms that are opened and left again: what stays of them in memory."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import psutil
from websockets.asyncio.client import ClientConnection

from bench.chat import Team, signed_in, team
from hub.rooms.limits import MAX_SUBSCRIPTIONS
from tests.support.hub_process import answer

AT_ONCE = MAX_SUBSCRIPTIONS
SETTLE_S = 20.0
"""Above what a room is kept for after the last one left."""


async def _call(socket: ClientConnection, commands: list[dict[str, Any]]) -> None:
    """Send them all, and wait for all answers."""
    for number, command in enumerate(commands, 1):
        await socket.send(msgspec.json.encode({"id": number, **command}).decode())
    left = len(commands)
    while left:
        frame = msgspec.json.decode(await socket.recv(decode=False))
        if frame["t"] == "error":
            raise RuntimeError(f"refused: {frame}")
        left -= frame["t"] == "ok"


async def _threads(there: Team, many: int) -> list[str]:
    made = []
    async with there.hub.browser() as http:
        http.headers["authorization"] = f"Bearer {there.tokens[0]}"
        for number in range(many):
            state = await answer(http.post("/api/threads", json={"subject": f"Room {number}"}))
            made.append(state["summary"]["thread"])
    return made


async def _visit(there: Team, threads: list[str], turn: str) -> int:
    """Open all rooms, so many at a time, with a message in each; returns the most memory."""
    highest = 0
    for first in range(0, len(threads), AT_ONCE):
        some = threads[first : first + AT_ONCE]
        socket = await signed_in(there.hub.url, there.tokens[0])
        await _call(socket, [{"cmd": "subscribe", "thread": one} for one in some])
        for at in range(0, len(some), 32):
            await _call(
                socket,
                [
                    {"cmd": "post", "thread": one, "send_id": turn + one, "text": "Hello"}
                    for one in some[at : at + 32]
                ],
            )
        highest = max(highest, _rss(there.process))
        await socket.close()
    return highest


def _rss(process: psutil.Process) -> int:
    return int(process.memory_info().rss)


async def run(many: int) -> None:
    print(f"{many} rooms opened, {AT_ONCE} at a time, written in and left: MiB\n")
    print(f"{'':10}{'before':>8}{'most':>8}{'after':>8}{'ratio':>8}")
    async with team(1, 1) as there:
        turns = {turn: await _threads(there, many) for turn in ("first", "second")}
        await _visit(there, turns["first"][:AT_ONCE], "warm")  # what is loaded once
        await asyncio.sleep(SETTLE_S)
        for turn, threads in turns.items():
            before = _rss(there.process)
            most = await _visit(there, threads, turn)
            await asyncio.sleep(SETTLE_S)
            after = _rss(there.process)
            print(
                f"{turn:10}{before / 2**20:8.1f}{most / 2**20:8.1f}{after / 2**20:8.1f}"
                f"{after / before:8.2f}",
                flush=True,
            )
