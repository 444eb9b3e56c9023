"""pycrdt's own ``Provider`` on one document, over ``websockets``. Speaks tests/interop/stock.py.

Needs nothing of this repository, as a stranger's program would not.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Self

from pycrdt import Doc, Provider, Text, XmlElement, XmlFragment, XmlText
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed


def say(**message: Any) -> None:
    print(json.dumps(message), flush=True)


class WebSocketChannel:
    """What a ``Provider`` asks of a transport (``pycrdt.Channel``)."""

    def __init__(self, socket: ClientConnection, path: str) -> None:
        self._socket = socket
        self.path = path

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await self.recv()
        except ConnectionClosed:
            say(closed=self._socket.close_code)
            raise StopAsyncIteration from None

    async def send(self, message: bytes) -> None:
        with suppress(ConnectionClosed):  # who reads says so
            await self._socket.send(message)

    async def recv(self) -> bytes:
        return await self._socket.recv(decode=False)


class Editor:
    """The roots of a document, counted in UTF-16 units as Yjs does; pycrdt counts UTF-8 bytes."""

    def __init__(self) -> None:
        self.doc: Doc[Any] = Doc()
        self.text = self.doc.get("content", type=Text)
        self.xml = self.doc.get("default", type=XmlFragment)
        self.text.observe(lambda: say(text=str(self.text)))
        self.xml.observe_deep(lambda: say(xml=str(self.xml)))

    def obey(self, order: dict[str, Any]) -> None:
        if insert := order.get("insert"):
            self.text.insert(self._at(insert[0]), insert[1])
        if delete := order.get("delete"):
            del self.text[self._at(delete[0]) : self._at(sum(delete))]
        if append := order.get("append"):
            self.text += append
        if (remove := order.get("remove")) and remove in self.text:
            start = len(str(self.text).partition(remove)[0].encode())
            del self.text[start : start + len(remove.encode())]
        if paragraph := order.get("xml"):
            self.xml.children.append(XmlElement("paragraph", {}, [XmlText(paragraph)]))

    def _at(self, units: int) -> int:
        head = str(self.text).encode("utf-16-le")[: 2 * units]
        return len(head.decode("utf-16-le").encode())


async def orders() -> AsyncIterator[dict[str, Any]]:
    """Those of standard input, up to the last."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while (line := await lines.readline()) and not (order := json.loads(line)).get("end"):
        yield order


async def tell_synced(provider: Provider) -> None:
    await provider.synced.wait()
    say(synced=True)


async def main(url: str, document: str, ticket: str) -> None:
    editor = Editor()
    path = f"{url}/{document}"
    async with (
        connect(f"{path}?ticket={ticket}", proxy=None) as socket,
        Provider(editor.doc, WebSocketChannel(socket, path)) as provider,
        asyncio.TaskGroup() as group,
    ):
        telling = group.create_task(tell_synced(provider))
        async for order in orders():
            editor.obey(order)
        telling.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
