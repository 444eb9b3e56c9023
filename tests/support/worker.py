"""A worker that serves one word, and misbehaves as it is told: for tests of the supervisor."""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import os
import signal
import socket
import time
from pathlib import Path

from hub.workers.pulse import Pulse


async def serve(given: argparse.Namespace) -> None:
    faulthandler.enable()
    state = Path(given.state)
    (state / f"started-{given.number}-{os.getpid()}").touch()
    how = (state / "how").read_text()
    if how == "dies":
        raise SystemExit(3)
    listener = socket.socket(fileno=given.listener)
    gone = asyncio.Event()
    answering: set[asyncio.Task[None] | None] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.add(asyncio.current_task())
        line = await reader.readline()
        if line == b"block\n":
            time.sleep(60)  # noqa: ASYNC251  as bad code would
        writer.write(f"{given.number} {os.getpid()}\n".encode())
        await writer.drain()
        writer.close()
        answering.discard(asyncio.current_task())

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, (lambda: None) if how == "stays" else gone.set)
    server = await asyncio.start_server(answer, sock=listener)
    pulse = Pulse(given.pulse)
    if how != "never ready":
        pulse.ready()
    beating = asyncio.create_task(pulse.run(gone.set))
    await gone.wait()
    server.close()
    for _ in range(10):  # what was accepted begins: its transport, its protocol, its task
        await asyncio.sleep(0)
    await asyncio.gather(*(one for one in answering if one is not None))
    beating.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("--state", "--number"):
        parser.add_argument(name)
    for name in ("--listener", "--pulse"):
        parser.add_argument(name, type=int)
    asyncio.run(serve(parser.parse_args()))
