"""The connection: authentication, one reply a command, reconnect and resume.

Owns the socket and the tasks that read and write it. Documents are in ``hub.client.document``;
this module only hands them their binary frames.
"""

from __future__ import annotations

import asyncio
import random
import urllib.request
from collections import deque
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, Self, TypeVar

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from hub.client.document import RemoteDocument
from hub.errors import HubError, ProtocolError, Unavailable
from hub.wire import events as ev
from hub.wire.commands import (
    Command,
    LeaseClientIds,
    OpenDocument,
    Subscribe,
    Unsubscribe,
    WatchInbox,
)

SUBPROTOCOL = Subprotocol("hub.live.v1")
DEADLINE_S = 30.0
MAX_QUEUED_FRAMES = 10_000

_encode = msgspec.json.Encoder().encode
_decode_frame = msgspec.json.Decoder(ev.AnyFrame).decode
Result = TypeVar("Result")


class CommandFailed(HubError):
    """The hub answered a command with an error; ``code`` is the hub's."""

    code = "command_failed"
    title = "The hub refused the command"
    retry_s = None


class ThreadFeed:
    """The events of one thread in order, without gap or duplicate, across reconnects."""

    def __init__(self, thread: str, after: int | None) -> None:
        self.thread = thread
        self.last_seq = after
        self._queue: asyncio.Queue[ev.Event | HubError] = asyncio.Queue()

    def fail(self, error: HubError) -> None:
        """It does not go on: no member any more, or what was read is not the hub's."""
        self._queue.put_nowait(error)

    def offer(self, event: ev.Event) -> None:
        """Take an event from the socket; an older one than the last is a duplicate."""
        if self.last_seq is not None and event.seq <= self.last_seq:
            return
        self.last_seq = event.seq
        self._queue.put_nowait(event)

    async def next(self, timeout_s: float = DEADLINE_S) -> ev.Event:
        """The next event, waiting for it.

        Raises:
            HubError: the feed does not go on; ``code`` says why (``removed``, ``after_unknown``,
                ``client_closed``, what ended the connection for good).
        """
        async with asyncio.timeout(timeout_s):
            event = await self._queue.get()
        if isinstance(event, HubError):
            raise event
        return event

    async def __aiter__(self) -> AsyncIterator[ev.Event]:
        while True:
            event = await self._queue.get()
            if isinstance(event, HubError):
                raise event
            yield event


class _Waiting:
    """A command on its way: sent or to be sent again after a reconnect."""

    __slots__ = ("command", "future")

    def __init__(self, command: Command) -> None:
        self.command = command
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    @property
    def repeatable(self) -> bool:
        return getattr(self.command, "send_id", None) is not None


class LiveClient:
    """One live connection of a program.

    Args:
        url: the hub's http(s) address.
        token: from ``hub token create``.
        reconnect: try again after a lost connection (close codes 4400 to 4499 never are).
        on_frame: called with every decoded frame that is no reply, for observers.
        on_subscribed: called with a thread and how its room is when it is entered, also when that
            is after a reconnect; frames of the room come after it.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        reconnect: bool = True,
        on_frame: Callable[[ev.Frame], None] | None = None,
        on_subscribed: Callable[[str, ev.SubscribeResult], None] | None = None,
    ) -> None:
        self._http = url.rstrip("/")
        self._url = self._http.replace("http", "ws", 1) + "/live"
        self._token = token
        self._reconnect = reconnect
        self._on_frame = on_frame
        self._on_subscribed = on_subscribed
        self._socket: ClientConnection | None = None
        self._ready = asyncio.Event()
        self._closed: HubError | None = None
        self._next_id = 1
        self._waiting: dict[int, _Waiting] = {}
        self._feeds: dict[str, ThreadFeed] = {}
        self._documents: dict[str, RemoteDocument] = {}
        self._numbers: dict[int, RemoteDocument] = {}
        self._watching_inbox = False
        self._outgoing: deque[bytes | str] = deque()
        self._wake = asyncio.Event()
        self._room_to_write = asyncio.Event()
        self._room_to_write.set()
        self._task: asyncio.Task[None] | None = None
        self._fetching: set[asyncio.Task[None]] = set()
        self.welcome: ev.Welcome | None = None
        self.connects = 0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="hub.client")
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._until_ready()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    @property
    def connected(self) -> bool:
        return self._ready.is_set()

    async def close(self) -> None:
        """Close the socket and stop every task; bounded to 5 s."""
        if self._closed is None:
            self._closed = Unavailable("The client was closed.", code="client_closed")
        if self._task is not None:
            self._task.cancel()
            ended, _ = await asyncio.wait([self._task], timeout=5)
            for task in ended:
                if not task.cancelled():
                    task.exception()  # which has been said to whoever waited
            self._task = None
        for fetching in tuple(self._fetching):
            fetching.cancel()
        self._fail_all(self._closed)

    # --- commands ---------------------------------------------------------------------------------

    async def send(self, command: Command, timeout_s: float = DEADLINE_S) -> ev.Accepted:
        """Send a command that writes an event; repeated over reconnects under its ``send_id``."""
        return await self.call(command, ev.Accepted, timeout_s)

    async def call(
        self, command: Command, result: type[Result], timeout_s: float = DEADLINE_S
    ) -> Result:
        """Send a command and return its result.

        Raises:
            CommandFailed: the hub answered with an error; ``code`` is stable.
            Unavailable: the connection went before the answer, or the deadline passed.
        """
        if self._closed is not None:
            raise self._closed
        async with asyncio.timeout(timeout_s):
            await self._until_ready()
        waiting = self._submit(command)
        try:
            async with asyncio.timeout(timeout_s):
                raw = await waiting.future
        except TimeoutError as late:
            raise Unavailable("The hub did not answer in time.", code="timeout") from late
        finally:
            self._waiting.pop(command.id, None)
        return msgspec.convert(raw, result)

    async def subscribe(self, thread: str, after: int | None = None) -> ThreadFeed:
        """Enter a room; the feed begins after seq ``after`` (null: at the head)."""
        feed = ThreadFeed(thread, after)
        self._feeds[thread] = feed
        result = await self.call(Subscribe(thread=thread, after=after), ev.SubscribeResult)
        if feed.last_seq is None:
            feed.last_seq = result.head
        return feed

    async def unsubscribe(self, thread: str) -> None:
        self._feeds.pop(thread, None)
        await self.call(Unsubscribe(thread=thread), object)

    async def watch_inbox(self) -> None:
        """Receive events of all threads through ``on_frame``."""
        self._watching_inbox = True
        await self.call(WatchInbox(), object)

    async def open_document(self, document: str, *, schema_version: int = 2) -> RemoteDocument:
        """Open a document and wait until its content is here."""
        leased = await self.call(LeaseClientIds(document=document, count=1), ev.Leased)
        opened = RemoteDocument(self, document, schema_version, leased.ids[0])
        self._documents[document] = opened
        await self._open(opened)
        await opened.synced()
        return opened

    def forget_document(self, opened: RemoteDocument) -> None:
        self._documents.pop(opened.document, None)
        self._numbers.pop(opened.number, None)

    # --- what documents use -----------------------------------------------------------------------

    def push(self, frame: bytes) -> bool:
        """Queue a binary frame; False while there is no connection."""
        if not self._ready.is_set():
            return False
        self._enqueue(frame)
        return True

    async def drained(self) -> None:
        """Wait until the queue has room again: the way a fast writer holds back."""
        await self._room_to_write.wait()

    def fetch_state(self, opened: RemoteDocument) -> None:
        """Fetch a document too large for a sync on the socket, and give it to ``opened``."""
        task = asyncio.create_task(self._fetch_state(opened), name="hub.client state")
        self._fetching.add(task)
        task.add_done_callback(self._fetching.discard)

    def reopen(self, opened: RemoteDocument, pause_s: float = 0) -> None:
        """Open the document again; what was not acknowledged goes with the handshake."""
        if opened.failed:
            return
        self._numbers.pop(opened.number, None)
        task = asyncio.create_task(self._reopen(opened, pause_s), name="hub.client reopen")
        self._fetching.add(task)
        task.add_done_callback(self._fetching.discard)

    async def _reopen(self, opened: RemoteDocument, pause_s: float) -> None:
        connect = self.connects
        await asyncio.sleep(pause_s)
        if connect != self.connects or not self.connected or self._closed is not None:
            return  # the next connection opens it
        try:
            await self._open(opened)
        except CommandFailed as error:
            if error.retry_after_s is not None or error.code == "already_open":
                opened.again(error.retry_after_s)
            else:  # no member any more, perhaps
                opened.fail(error)
        except HubError:
            pass  # the connection went
        except TimeoutError:
            if connect == self.connects:
                opened.fail(Unavailable("The hub does not answer.", code="timeout"))

    async def _fetch_state(self, opened: RemoteDocument) -> None:
        try:
            state = await asyncio.to_thread(self._get, f"/api/documents/{opened.document}/state")
        except OSError as error:
            opened.fail(Unavailable(f"The document's state: {error}", code="unreachable"))
            return
        opened.fetched(state)

    def _get(self, path: str) -> bytes:
        request = urllib.request.Request(  # noqa: S310 the hub's own address
            self._http + path, headers={"Authorization": f"Bearer {self._token}"}
        )
        # Programs talk to their hub straight, as the socket does.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=DEADLINE_S) as response:
            return bytes(response.read())

    # --- connection -------------------------------------------------------------------------------

    async def _until_ready(self) -> None:
        while not self._ready.is_set():
            if self._closed is not None:
                raise self._closed
            await self._ready.wait()
        if self._closed is not None:
            raise self._closed

    async def _run(self) -> None:
        failures = 0
        while self._closed is None:
            try:
                async with connect(
                    self._url,
                    subprotocols=[SUBPROTOCOL],
                    additional_headers={"Authorization": f"Bearer {self._token}"},
                    compression=None,
                    max_size=64 * 1024 * 1024,
                    open_timeout=10,
                    close_timeout=2,
                    proxy=None,
                ) as socket:
                    await self._session(socket)
                    failures = 0
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                reason = closed.rcvd.reason if closed.rcvd else ""
                if 4400 <= code <= 4499:
                    self._end(CommandFailed(reason or "The hub ended the session.", code=reason))
                    return
            except InvalidStatus as refused:
                if refused.response.status_code in (401, 403, 404):
                    self._end(CommandFailed("The hub refused the connection."))
                    return
            except (OSError, TimeoutError, EOFError, InvalidHandshake):
                pass  # gone, perhaps in the middle of a handshake: try again
            except HubError as error:
                self._end(error)
                return
            except Exception as error:
                # Nobody awaits this task while commands wait for their answers.
                self._end(Unavailable(f"The client failed: {error!r}", code="client_failed"))
                raise
            finally:
                self._lost()
            if not self._reconnect:
                self._end(Unavailable("The connection was lost.", code="connection_lost"))
                return
            failures += 1
            await asyncio.sleep(min(5.0, 0.05 * 2 ** min(failures, 7)) * random.uniform(0.5, 1.0))  # noqa: S311 jitter

    async def _session(self, socket: ClientConnection) -> None:
        async with asyncio.timeout(10):
            while self.welcome is None or self._socket is not socket:
                frame = _decode_frame(await socket.recv())
                if isinstance(frame, ev.Welcome):
                    self.welcome = frame
                    self._socket = socket
                elif isinstance(frame, ev.ErrorReply):
                    raise CommandFailed(frame.detail, code=frame.code)
        self._outgoing.clear()
        writer = asyncio.create_task(self._write(socket))
        try:
            # Documents and threads come back before commands that were under way, so that an
            # event caused by one of those is seen by its feed.
            self.connects += 1
            self._ready.set()
            if self.connects > 1:
                self._resume()
            async for message in socket:
                self._receive(message)
            raise ConnectionClosed(socket.protocol.close_rcvd, None)
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    def _resume(self) -> None:
        if self._watching_inbox:
            self._submit(WatchInbox())
        for feed in self._feeds.values():
            self._resubscribe(feed)
        for waiting in [w for w in self._waiting.values() if w.repeatable]:
            self._enqueue(_encode(waiting.command).decode())
        for document in list(self._documents.values()):
            self.reopen(document)

    def _resubscribe(self, feed: ThreadFeed) -> None:
        waiting = self._submit(Subscribe(thread=feed.thread, after=feed.last_seq))
        waiting.future.add_done_callback(partial(self._resumed, feed, self.connects))

    def _resumed(self, feed: ThreadFeed, connect: int, answer: asyncio.Future[Any]) -> None:
        error = None if answer.cancelled() else answer.exception()
        # A connection that is lost again resumes again.
        if not isinstance(error, CommandFailed) or connect != self.connects or self._closed:
            return
        if error.retry_after_s is None:
            self._end_feed(feed.thread, error)
        else:
            asyncio.get_running_loop().call_later(error.retry_after_s, self._again, feed, connect)

    def _again(self, feed: ThreadFeed, connect: int) -> None:
        still = self._feeds.get(feed.thread) is feed and connect == self.connects
        if still and self.connected and self._closed is None:
            self._resubscribe(feed)

    def _end_feed(self, thread: str, error: HubError) -> None:
        feed = self._feeds.pop(thread, None)
        if feed is not None:
            feed.fail(error)

    async def _open(self, document: RemoteDocument) -> None:
        command = OpenDocument(
            document=document.document,
            schema_version=document.schema_version,
            lineage=document.lineage,
        )
        waiting = self._submit(command)
        waiting.future.add_done_callback(lambda f: None if f.cancelled() else f.exception())
        # The hub's first frames may follow its answer in the same read, so the document is known
        # under its number the moment the answer is read: see `_receive`.
        async with asyncio.timeout(DEADLINE_S):
            await waiting.future

    def _submit(self, command: Command) -> _Waiting:
        command.id = self._next_id
        self._next_id += 1
        waiting = _Waiting(command)
        self._waiting[command.id] = waiting
        self._enqueue(_encode(command).decode())
        return waiting

    def _enqueue(self, frame: bytes | str) -> None:
        self._outgoing.append(frame)
        if len(self._outgoing) >= MAX_QUEUED_FRAMES:
            self._room_to_write.clear()
        self._wake.set()

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._outgoing:
                await socket.send(self._outgoing.popleft())
                if len(self._outgoing) < MAX_QUEUED_FRAMES // 2:
                    self._room_to_write.set()

    def _receive(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            if len(message) < 10:
                raise ProtocolError("A binary frame is too short.")
            document = self._numbers.get(int.from_bytes(message[1:9], "big"))
            if document is not None:
                document.receive(message)
            return
        frame = _decode_frame(message)
        match frame:
            case ev.Ok():
                self._answer(frame)
            case ev.ErrorReply():
                waiting = self._waiting.pop(frame.re, None)
                if waiting is not None and not waiting.future.done():
                    waiting.future.set_exception(
                        CommandFailed(
                            frame.detail, code=frame.code, retry_after_s=frame.retry_after_s
                        )
                    )
            case ev.Event():
                feed = self._feeds.get(frame.thread)
                if feed is not None:
                    feed.offer(frame)
            case ev.Durable() | ev.Refused() | ev.CaretOwners() | ev.DocumentReset():
                document = self._numbers.get(frame.number)
                if document is not None:
                    document.notice(frame)
            case ev.Removed():
                self._end_feed(
                    frame.thread, CommandFailed("You are no member any more.", code="removed")
                )
            case _:
                pass
        if self._on_frame is not None and not isinstance(frame, ev.Ok | ev.ErrorReply):
            self._on_frame(frame)

    def _answer(self, frame: ev.Ok) -> None:
        waiting = self._waiting.pop(frame.re, None)
        if waiting is None:
            return
        if isinstance(waiting.command, Subscribe) and self._on_subscribed is not None:
            room = msgspec.convert(frame.result, ev.SubscribeResult)
            self._on_subscribed(waiting.command.thread, room)
        if isinstance(waiting.command, OpenDocument):
            document = self._documents.get(waiting.command.document)
            if document is not None:
                opened = msgspec.convert(frame.result, ev.OpenResult)
                self._numbers[opened.number] = document
                document.opened(opened)
        if not waiting.future.done():
            waiting.future.set_result(frame.result)

    def _lost(self) -> None:
        self._ready.clear()
        self._socket = None
        self._outgoing.clear()
        self._room_to_write.set()
        self._numbers.clear()
        for document in self._documents.values():
            document.lost()
        gone = Unavailable("The connection was lost.", code="connection_lost")
        for id_, waiting in list(self._waiting.items()):
            if not waiting.repeatable:
                del self._waiting[id_]
                if not waiting.future.done():
                    waiting.future.set_exception(gone)
                    waiting.future.exception()

    def _end(self, error: HubError) -> None:
        self._closed = error
        self._fail_all(error)
        self._ready.set()

    def _fail_all(self, error: HubError) -> None:
        for waiting in self._waiting.values():
            if not waiting.future.done():
                waiting.future.set_exception(error)
                waiting.future.exception()
        self._waiting.clear()
        for thread in tuple(self._feeds):
            self._end_feed(thread, error)
