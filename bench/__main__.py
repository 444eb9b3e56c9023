"""python -m bench typing --runs 3: the hub beside its peers, interleaved, ratio of medians.
python -m bench ingest: 20,000 one-edit updates on one connection, as fast as they go.
python -m bench post: messages on one connection, 64 in flight.
python -m bench chat: fifty who write, in as many threads and in one; --workers 2: two processes.
python -m bench rooms: 5,000 rooms opened and left.
python -m bench storm: a hub is killed, and 2,000 clients reconnect.
python -m bench memory: connections that do nothing, and one that does not read.
python -m bench files --gib 4: a file in and out, beside the disk, @tus/server and nginx.
python -m bench beside: typing while somebody uploads at full speed, beside typing at rest.
python -m bench editing: a Word file of 300 pages and 5 MB of Markdown opened and saved; pandoc.
python -m bench found: a known number among a million messages, beside the search for it.
python -m bench planned: the day and the month of one of 500 people, 10,000 reminders.
python -m bench calendars: a calendar program with 5,000 tasks, beside Radicale.
python -m bench many: 1,000 small files from the browser, and a thread that has 10,000.
python -m bench processes: two processes and a Redis, beside two nodes of Hocuspocus and theirs.
python -m bench calls: rings, first frames, a change of network, four people in a mesh.
python -m bench client: the browser client against its bars."""

from __future__ import annotations

import argparse
import asyncio
import statistics
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import uvloop

from bench import (
    beside,
    calendars,
    calls,
    chat,
    client,
    editing,
    files,
    found,
    many,
    planned,
    processes,
    rooms,
    storm,
)
from bench.load import ingest, post, typing
from bench.memory import idle, stalled
from bench.servers import Target, cpu_s, hub, hub_yjs, own_cpu_s, y_websocket

SERVERS = {"hub /live": hub, "hub /yjs": hub_yjs, "y-websocket": y_websocket}
PEER = "y-websocket"


@dataclass(frozen=True)
class Run:
    p50_ms: float
    p99_ms: float
    cpu_s: float
    database_cpu_s: float


async def one_run(
    server: AbstractAsyncContextManager[Target], clients: int, rate: float, seconds: float
) -> Run:
    async with server as target:
        before: list[float] = []

        def look() -> None:
            before[:] = own_cpu_s(target.process), cpu_s(target.database)

        latencies, sent, durable = await typing(
            target, clients=clients, edits_per_s=rate, seconds=seconds, on_joined=look
        )
        if not target.path and durable != sent:
            raise SystemExit(f"{sent - durable} edits were not acknowledged")
        cuts = statistics.quantiles(latencies, n=100)
        return Run(
            statistics.median(latencies) * 1000,
            cuts[98] * 1000,
            own_cpu_s(target.process) - before[0],
            cpu_s(target.database) - before[1],
        )


async def compare(runs: int, clients: int, rate: float, seconds: float) -> None:
    results: dict[str, list[Run]] = {name: [] for name in SERVERS}
    print(f"{clients} clients x {rate:g} edits/s x {seconds:g} s, {runs} interleaved runs\n")
    print(f"{'':14}{'p50 ms':>8}{'p99 ms':>8}{'CPU s':>8}{'PostgreSQL CPU s':>18}")
    for _ in range(runs):
        for name, server in SERVERS.items():
            run = await one_run(server(), clients, rate, seconds)
            results[name].append(run)
            print(
                f"{name:14}{run.p50_ms:8.2f}{run.p99_ms:8.2f}{run.cpu_s:8.2f}"
                f"{run.database_cpu_s:18.2f}",
                flush=True,
            )
    print("\nratio of medians to y-websocket (which keeps no log and asks nobody who he is)")
    print(f"{'':14}{'p50':>8}{'p99':>8}{'CPU':>8}")
    for name in SERVERS:
        print(f"{name:14}", end="")
        for label in ("p50_ms", "p99_ms", "cpu_s"):
            ours, theirs = (
                statistics.median(getattr(run, label) for run in results[one])
                for one in (name, PEER)
            )
            print(f"{ours / theirs:8.2f}", end="")
        print()


async def compare_ingest(runs: int, updates: int) -> None:
    rates: dict[str, list[float]] = {name: [] for name in SERVERS}
    print(f"{updates} one-edit updates on one connection, {runs} interleaved runs: updates/s\n")
    for _ in range(runs):
        for name, server in SERVERS.items():
            async with server() as target:
                rates[name].append(updates / await ingest(target, updates))
            print(f"{name:14}{rates[name][-1]:10,.0f}", flush=True)
    print("\nratio of medians to y-websocket")
    for name in SERVERS:
        ratio = statistics.median(rates[name]) / statistics.median(rates[PEER])
        print(f"{name:14}{ratio:8.2f}")


async def posts(runs: int, messages: int) -> None:
    print(f"{messages} messages on one connection, 64 in flight, {runs} runs: on disk, in order\n")
    for _ in range(runs):
        async with hub() as target:
            print(f"{'hub /live':14}{await post(target, messages):10,.0f} messages/s", flush=True)


async def memory(runs: int, connections: int) -> None:
    """Only stock clients: their connection is one socket at one document, here and there."""
    servers = {name: SERVERS[name] for name in ("hub /yjs", PEER)}
    each: dict[str, list[float]] = {name: [] for name in servers}
    more: dict[str, list[float]] = {name: [] for name in servers}
    print(f"{connections} idle connections; one that does not read beside 17 MiB of edits\n")
    print(f"{'':14}{'KiB each':>10}{'MiB more':>10}")
    for _ in range(runs):
        for name, server in servers.items():
            async with server() as target:
                each[name].append(await idle(target, connections) / 1024)
            grown = []
            for readers in (0, 1):
                async with server() as target:
                    grown.append(await stalled(target, 17 * 2**20, readers) / 2**20)
            more[name].append(grown[1] - grown[0])
            print(f"{name:14}{each[name][-1]:10.1f}{more[name][-1]:10.1f}", flush=True)
    ratio = statistics.median(each["hub /yjs"]) / statistics.median(each[PEER])
    print(f"\nratio of medians, idle: {ratio:.2f}")


PARTS: dict[str, Callable[[argparse.Namespace], Coroutine[None, None, None]]] = {
    "typing": lambda o: compare(o.runs, o.clients, o.edits_per_s, o.seconds),
    "ingest": lambda o: compare_ingest(o.runs, o.updates),
    "post": lambda o: posts(o.runs, o.updates // 4),
    "chat": lambda o: chat.run(o.runs, o.clients, o.seconds, o.workers),
    "rooms": lambda o: rooms.run(5_000),
    "storm": lambda o: storm.run(2_000, o.clients),
    "memory": lambda o: memory(o.runs, 1000),
    "editing": lambda o: editing.run(o.runs, o.clients, o.edits_per_s, o.seconds),
    "found": lambda o: found.run(),
    "planned": lambda o: planned.run(),
    "calendars": lambda o: calendars.run(),
    "files": lambda o: files.run(o.runs, int(o.gib * (1 << 30))),
    "beside": lambda o: beside.run(o.runs, o.clients, o.edits_per_s, o.seconds),
    "many": lambda o: many.run(),
    "processes": lambda o: processes.run(o.runs, o.clients, o.edits_per_s, o.seconds),
    "calls": lambda o: calls.run(),
    "client": lambda o: client.run(),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "what",
        nargs="?",
        default="typing",
        choices=[*PARTS],
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--edits-per-s", type=float, default=2)
    parser.add_argument("--updates", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--gib", type=float, default=4)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    # Where the load takes as much of the processor as the hub does, it takes less.
    factory = uvloop.new_event_loop if options.what in ("chat", "rooms", "storm") else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(PARTS[options.what](options))


if __name__ == "__main__":
    main()
