"""Twenty writers and the checker's notebook, run as a process of its own beside the hub.

    python -m tests.crash.writers URL NOTEBOOK THREAD DOCUMENT TOKEN…

Each writer types into one shared document and chats. Every acknowledgement the hub gives is
written to the notebook (and flushed) the moment it arrives, so that it outlives both processes.
The writers go on until a line arrives on standard input; then all of them wait until everything
is saved, write their final text and end.

A mark is a unique word, so that "present exactly once" can be checked in the text.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, TextIO

from hub.client import LiveClient, RemoteDocument
from hub.client.connection import CommandFailed
from hub.wire.commands import Post

BURST = 20
PAUSE_S = 0.25


class Notebook:
    """Append-only record of what the hub acknowledged."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.acknowledged = 0

    def note(self, **fact: Any) -> None:
        self._file.write(json.dumps(fact) + "\n")
        self._file.flush()
        if fact["kind"] in ("edit", "message"):
            self.acknowledged += 1


async def type_marks(
    number: int, document: RemoteDocument, notebook: Notebook, stop: asyncio.Event
) -> None:
    """Insert marks one by one; note each once the hub says it is on disk."""
    count = 0
    noted = 0
    while not stop.is_set():
        mark = f"<{number}:{count}>"
        count += 1
        with document.doc.transaction():
            document.text.insert(len(document.text) if number % 2 else 0, mark)
        wait = 0.02 if count % 5 else 0.12  # people type in bursts
        try:
            await document.saved(timeout_s=wait)
        except TimeoutError:
            if count - noted > BURST:  # nobody types so fast for long
                await asyncio.sleep(PAUSE_S)
            continue
        for earlier in range(noted, count):
            notebook.note(kind="edit", mark=f"<{number}:{earlier}>")
        noted = count
    await document.saved(timeout_s=60)
    for earlier in range(noted, count):
        notebook.note(kind="edit", mark=f"<{number}:{earlier}>")


async def chat(
    number: int, client: LiveClient, thread: str, notebook: Notebook, stop: asyncio.Event
) -> None:
    count = 0
    while not stop.is_set():
        text = f"message {number}:{count}"
        post = Post(thread=thread, send_id=f"{number}-{count}", text=text)
        try:
            accepted = await client.send(post, timeout_s=60)
        except CommandFailed as failed:
            if failed.retry_after_s is None:
                raise
            await asyncio.sleep(failed.retry_after_s)  # as it was told
            continue
        notebook.note(kind="message", seq=accepted.seq, text=text)
        count += 1


async def follow(number: int, feed: Any, seen: list[tuple[int, str]]) -> None:
    async for event in feed:
        seen.append((event.seq, event.type))


async def write(
    number: int, url: str, token: str, thread: str, document: str,
    notebook: Notebook, stop: asyncio.Event, finish: asyncio.Barrier,
    everybody: list[RemoteDocument],
) -> None:  # fmt: skip
    async with LiveClient(url, token) as client:
        feed = await client.subscribe(thread, after=0)
        seen: list[tuple[int, str]] = []
        opened = await client.open_document(document)
        following = asyncio.create_task(follow(number, feed, seen))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(type_marks(number, opened, notebook, stop))
            tasks.create_task(chat(number, client, thread, notebook, stop))
        everybody.append(opened)
        await finish.wait()  # nobody writes any more, and all is saved
        async with asyncio.timeout(60):
            while len({str(other.text) for other in everybody}) > 1:
                await asyncio.sleep(0.02)
        end = Post(thread=thread, send_id=f"{number}-last", text=f"end {number}")
        last = await client.send(end, timeout_s=60)
        async with asyncio.timeout(60):
            while not seen or seen[-1][0] < last.seq:
                await asyncio.sleep(0.01)
        following.cancel()
        notebook.note(
            kind="final",
            writer=number,
            text=str(opened.text),
            seqs=[seq for seq, _ in seen if seq <= last.seq],
            connects=client.connects,
            refusals=[refusal.code for refusal in opened.refusals],
        )
        await finish.wait()


async def main(url: str, path: str, thread: str, document: str, tokens: list[str]) -> None:
    stop = asyncio.Event()
    with Path(path).open("a") as file:  # noqa: ASYNC230 a notebook, written before anything else
        notebook = Notebook(file)
        finish = asyncio.Barrier(len(tokens))
        everybody: list[RemoteDocument] = []

        async def until_told() -> None:
            while not stop.is_set():
                line = await asyncio.to_thread(sys.stdin.readline)
                if line.strip() == "count":
                    print(notebook.acknowledged, flush=True)
                else:
                    stop.set()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(until_told())
            for number, token in enumerate(tokens):
                tasks.create_task(
                    write(number, url, token, thread, document, notebook, stop, finish, everybody)
                )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]))
