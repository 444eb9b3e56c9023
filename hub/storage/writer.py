"""The group-commit writer: the only code that writes streams, one transaction a flush.

Whatever was queued while the last flush was on its way to disk goes with the next one, so the cost
of a commit is shared. Stream rows are locked in id order, ``seq`` and ``prev`` are computed inside
the lock, and an append is acknowledged (its future resolves) after the commit.

When the database is away, timeline events fail after ``EVENT_DEADLINE_S`` (their sender repeats
them under the same ``send_id``, which is one event however often it arrives), while document
updates, which people have seen already, stay queued until the database is back. The queue is
bounded in bytes: beyond ``max_queued_bytes`` an append is refused with ``writer_busy``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, NamedTuple

import structlog

from hub import figures
from hub.clock import Clock, to_datetime
from hub.errors import HubError, NotFound, Unavailable
from hub.ids import new_id, sha256, thread_id_of
from hub.storage import streams
from hub.storage.pool import Database, DatabaseAway
from hub.wire.varint import write_varint

log = structlog.get_logger()

GATHER_S = 0.004
GATHER_UPDATES_S = 0.016
MAX_BATCH_ENTRIES = 2_000
MAX_BATCH_BYTES = 4 * 1024 * 1024
MAX_UPDATE_ENTRY_BYTES = 256 * 1024
EVENT_DEADLINE_S = 5.0
COMMAND_S = 10.0
"""Of one statement; then it is written again, which finds out what of it was."""
RETRY_S = (0.1, 0.25, 0.5, 1.0, 2.0)
TROUBLE = 3
"""Failures in a row, of about a second: people are told."""
PROBE_S = 2.0
OVERHEAD_BYTES = 600
MAX_APPENDS = 3
MAX_HEADS = 20_000

UPDATE = "doc.update"
"""Updates whose sender owns every client id they bring something under: it is proven theirs."""
RELAYED = "doc.relay"
"""Updates that bring something under another person's client id."""
CLAIM = "doc.claim"
UPDATES = (UPDATE, RELAYED)


Guard = Callable[[Any], Awaitable[None]]
"""Gets the connection of the transaction; raises a ``HubError``, which stands against its own
entry alone, whatever it says; ``DatabaseAway`` is everybody's."""


class Append(NamedTuple):
    """What to write. ``update``: ``body`` is one raw Yjs update, which may share an entry with
    its neighbours of the same stream, type and sender (docs/adr/0001). ``claim``: the body of a
    claim that is written right before it, in the same transaction; ``before``: events that are,
    without guards of their own; ``begins``: rows of streams that this event makes. ``guard`` is
    asked in that transaction, with the stream locked and everything before it in the tables: what
    it raises stands against the entry."""

    stream_id: str
    type: str
    sender: str
    body: bytes
    send_id: str | None = None
    update: bool = False
    claim: bytes | None = None
    guard: Guard | None = None
    before: tuple[Append, ...] = ()
    begins: tuple[Append, ...] = ()

    @property
    def size(self) -> int:
        """Bytes it takes in the queue, at most."""
        own = len(self.body) + (0 if self.claim is None else len(self.claim) + OVERHEAD_BYTES)
        return own + sum(one.size + OVERHEAD_BYTES for one in (*self.before, *self.begins))


@dataclass(frozen=True, slots=True)
class Committed:
    """An entry on disk. ``duplicate``: it had been there before, under the same ``send_id``."""

    stream_id: str
    seq: int
    type: str
    sender: str
    at_ms: int
    send_id: str | None
    body: bytes
    duplicate: bool = False
    home: str | None = None
    """Issuer that wrote it, where it is not this hub's present one (a log read again)."""


Settle = Callable[[Committed | BaseException, list[Any]], None]
"""Hears of updates that are on disk, or why they are not."""


@dataclass(slots=True, eq=False)
class _Entry:
    """One row to be: an event, or the updates of one sender that came in a row."""

    stream_id: str | None  # null until the thread it creates has an id
    type: str
    sender: str
    body: bytes
    send_id: str | None
    deadline: float | None
    updates: list[bytes] | None = None
    futures: list[asyncio.Future[Committed]] = field(default_factory=list)
    settle: Settle | None = None
    tokens: list[Any] = field(default_factory=list)
    followers: list[_Entry] = field(default_factory=list)
    before: list[_Entry] = field(default_factory=list)
    begins: list[_Entry] = field(default_factory=list)
    guard: Guard | None = None
    size: int = 0
    tried: bool = False  # it may be on disk already
    since_s: float = field(default_factory=perf_counter)

    def seal_body(self) -> None:
        if self.updates is not None and not self.body:
            self.body = b"".join(write_varint(len(one)) + one for one in self.updates)


class GroupCommitWriter:
    """One per process.

    Args:
        home: issuer URL written into every entry.
        max_queued_bytes: bound of the queue; overflow policy: refuse.

    ``project`` is awaited inside the transaction with the flush's new events (all but proven
    document updates); ``on_commit`` is called after it with all of them, in commit order, before
    their futures resolve. ``on_recovered`` is called when the database answers again after it did
    not: what was committed then without an answer is in the log, and nobody was told.
    ``on_trouble`` is called with the code of what keeps it from writing, and with null afterwards;
    meanwhile it tries every few seconds, also when nobody asks it to.
    """

    def __init__(
        self, database: Database, clock: Clock, home: str, *, max_queued_bytes: int = 64 * 2**20
    ) -> None:
        self.project: Callable[[Any, list[Committed]], Awaitable[None]] | None = None
        self.on_commit: Callable[[list[Committed]], None] | None = None
        self.on_recovered: Callable[[], None] | None = None
        self.on_trouble: Callable[[str | None], None] | None = None
        self.queued_bytes = 0
        self.flushes = 0
        self.entries_written = 0
        self._line = database.own(timeout_s=COMMAND_S)
        self._clock = clock
        self._home = home
        self._max_queued_bytes = max_queued_bytes
        self._queue: deque[_Entry] = deque()
        self._open: dict[str, _Entry] = {}
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._heads: dict[str, streams.Head] = {}  # of documents this process wrote last
        self._moved: list[tuple[str, streams.Head]] = []  # by the flush under way
        self._name = new_id("w")
        self._count = 0

    # --- life -------------------------------------------------------------------------------------

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()  # kept: to ask for it is a system call in 3.11
        self._task = asyncio.create_task(self._run(), name="group-commit-writer")

    async def stop(self, timeout_s: float = 5.0) -> None:
        """Write what is queued, for at most ``timeout_s``, and end."""
        self._stopping = True
        self._wake.set()
        self._hurry.set()
        if self._task is None:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await self._task
        except TimeoutError:
            pass
        finally:
            self._task = None
            self._line.terminate()
            for entry in self._queue:
                _fail(entry, Unavailable("The hub is stopping.", code="stopping"))
            self._queue.clear()

    # --- appending --------------------------------------------------------------------------------

    def append(self, append: Append) -> asyncio.Future[Committed]:
        """Queue an entry; the future resolves once it is on disk.

        Raises:
            Unavailable: ``writer_busy`` when the queue is full, ``stopping`` at the end.
        """
        future: asyncio.Future[Committed] = self._loop.create_future()
        if append.update:
            self._entry_of(append).futures.append(future)
            return future
        size = append.size + OVERHEAD_BYTES
        self._admit(size)
        deadline = self._loop.time() + EVENT_DEADLINE_S
        entry = _Entry(
            append.stream_id, append.type, append.sender, append.body, append.send_id, deadline,
            None, [future], guard=append.guard, size=size,
        )  # fmt: skip
        entry.before = [
            _Entry(append.stream_id, one.type, one.sender, one.body, one.send_id, deadline)
            for one in append.before
        ]
        entry.begins = [
            _Entry(one.stream_id, one.type, one.sender, one.body, None, deadline)
            for one in append.begins
        ]
        self._open.pop(append.stream_id, None)
        self._hurry.set()
        self._queue.append(entry)
        self._wake.set()
        return future

    def append_update(self, append: Append, settle: Settle, token: Any) -> None:
        """Queue an update; ``settle`` is called with the tokens of all that went into its row.

        Raises:
            Unavailable: as ``append``.
        """
        entry = self._entry_of(append)
        entry.settle = settle
        entry.tokens.append(token)

    def _entry_of(self, append: Append) -> _Entry:
        """Put an update into the row that its stream is gathering, or a new one."""
        size = len(append.body)
        entry = self._open.get(append.stream_id)
        if (
            entry is not None
            and entry.updates is not None
            and entry.sender == append.sender
            and entry.type == append.type
            and append.claim is None
            and append.guard is None
            and entry.size + size <= MAX_UPDATE_ENTRY_BYTES
        ):
            self._admit(size)
            entry.updates.append(append.body)
            entry.size += size
            return entry
        size = append.size + OVERHEAD_BYTES
        self._admit(size)
        entry = _Entry(
            append.stream_id, append.type, append.sender, b"", self._next_name(), None,
            [append.body], guard=append.guard, size=size,
        )  # fmt: skip
        if append.claim is not None:
            claim = append.claim
            entry.before = [
                _Entry(append.stream_id, CLAIM, append.sender, claim, self._next_name(), None)
            ]
        self._open[append.stream_id] = entry
        self._queue.append(entry)
        self._wake.set()
        return entry

    def _next_name(self) -> str:
        self._count += 1
        return f"{self._name}.{self._count}"

    def create_thread(
        self, sender: str, body: bytes, send_id: str, followers: Sequence[tuple[str, bytes]] = ()
    ) -> asyncio.Future[Committed]:
        """Queue the event that creates a thread, and ``(type, body)`` events right behind it in
        the same transaction. The future gives the creating event; its stream id is the thread's."""
        size = len(body) + OVERHEAD_BYTES + sum(len(b) + OVERHEAD_BYTES for _, b in followers)
        self._admit(size)
        future: asyncio.Future[Committed] = self._loop.create_future()
        deadline = self._loop.time() + EVENT_DEADLINE_S
        entry = _Entry(
            None, "thread.create", sender, body, send_id, deadline, None, [future], size=size
        )
        entry.followers = [
            _Entry(None, type_, sender, follower, None, deadline) for type_, follower in followers
        ]
        self._queue.append(entry)
        self._wake.set()
        self._hurry.set()
        return future

    def require_room(self, size: int) -> None:
        """Whether an append of ``size`` bytes would be taken now.

        Raises:
            Unavailable: ``writer_busy``, ``stopping``.
        """
        if self._stopping:
            raise Unavailable("The hub is stopping.", code="stopping", retry_after_s=2)
        if self.queued_bytes + size + 2 * OVERHEAD_BYTES > self._max_queued_bytes:
            raise Unavailable(
                "More is waiting to be written than the hub can hold.",
                code="writer_busy",
                retry_after_s=2,
            )

    def _admit(self, size: int) -> None:
        self.require_room(size - 2 * OVERHEAD_BYTES)
        self.queued_bytes += size

    # --- the loop ---------------------------------------------------------------------------------

    async def _run(self) -> None:
        failures = 0
        while True:
            if not self._queue:
                if self._stopping:
                    return
                self._wake.clear()
                if failures:
                    if await self._works_again():
                        failures = self._recovered(failures)
                    continue
                await self._wake.wait()
                if not self._stopping:
                    await asyncio.sleep(GATHER_S)
            if not self._urgent():
                self._hurry.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(GATHER_UPDATES_S):
                        await self._hurry.wait()
            batch = self._take()
            try:
                await self._flush(batch)
            except DatabaseAway as away:
                self._give_back(batch, away)
                pause = RETRY_S[min(failures, len(RETRY_S) - 1)]
                failures += 1
                if failures >= TROUBLE and self.on_trouble is not None:
                    self.on_trouble(away.code)
                await asyncio.sleep(pause)
            except asyncio.CancelledError:
                self._give_back(batch, Unavailable("The hub is stopping.", code="stopping"))
                raise
            except Exception as error:
                await self._flush_one_by_one(batch, error)
                failures = self._recovered(failures)
            else:
                failures = self._recovered(failures)

    async def _works_again(self) -> bool:
        """Nothing waits to be written: find out in a while whether it could be. False also when
        something came meanwhile, which finds out better."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PROBE_S):
                await self._wake.wait()
            return False
        try:
            async with self._line.transaction() as connection:
                await connection.execute(_PROBE)
        except DatabaseAway as away:
            if self.on_trouble is not None:
                self.on_trouble(away.code)
            return False
        return True

    def _recovered(self, failures: int) -> int:
        """Returns how many failures there are since: none."""
        if failures and self.on_recovered is not None:
            self.on_recovered()
        if failures and self.on_trouble is not None:
            self.on_trouble(None)
        return 0

    def _urgent(self) -> bool:
        """Somebody waits for an event; updates have been seen by all and may gather longer."""
        return (
            self._stopping
            or self.queued_bytes > MAX_UPDATE_ENTRY_BYTES
            or any(entry.deadline is not None for entry in self._queue)
        )

    def _take(self) -> list[_Entry]:
        batch: list[_Entry] = []
        size = 0
        while self._queue and len(batch) < MAX_BATCH_ENTRIES and size < MAX_BATCH_BYTES:
            entry = self._queue.popleft()
            entry.seal_body()
            if entry.stream_id is not None and self._open.get(entry.stream_id) is entry:
                del self._open[entry.stream_id]
            batch.append(entry)
            size += entry.size
        return batch

    def _give_back(self, batch: list[_Entry], away: HubError) -> None:
        """The database is away: keep what must not be lost, fail what is late."""
        now = self._loop.time()
        kept: list[_Entry] = []
        for entry in [*batch, *self._queue]:
            if entry.deadline is not None and entry.deadline <= now:
                self.queued_bytes -= entry.size
                _fail(entry, away)
            else:
                kept.append(entry)
        self._queue = deque(kept)
        # An entry that may have reached the disk must not grow: its send_id stands for its bytes.
        self._open = {key: one for key, one in self._open.items() if not one.body}

    async def _flush_one_by_one(self, batch: list[_Entry], error: Exception) -> None:
        """One entry of the batch cannot be written: find it, let it fail alone."""
        if len(batch) == 1:
            self.queued_bytes -= batch[0].size
            _fail(batch[0], error)
            return
        for position, entry in enumerate(batch):
            try:
                await self._flush([entry])
            except DatabaseAway as away:
                self._give_back(batch[position:], away)
                return
            except Exception as own:
                self.queued_bytes -= entry.size
                _fail(entry, own)

    async def _flush(self, batch: list[_Entry]) -> None:
        done: list[tuple[_Entry, Committed]] = []
        failed: list[tuple[_Entry, HubError]] = []
        rest = await self._append_at_known_heads(batch, done)
        if rest:
            await self._flush_locked(rest, done, failed)
        self._finish(batch, done, failed)

    async def _append_at_known_heads(
        self, batch: list[_Entry], done: list[tuple[_Entry, Committed]]
    ) -> list[_Entry]:
        """Write document updates in one round trip, or in another one where some other process has
        written to their stream since; returns the entries still to be written."""
        by_stream: dict[str, list[_Entry]] = {}
        for entry in batch:
            if entry.type != UPDATE or entry.tried or entry.before:
                return batch
            assert entry.stream_id is not None
            if entry.stream_id not in self._heads:
                return batch
            by_stream.setdefault(entry.stream_id, []).append(entry)
        for entry in batch:
            entry.tried = True
        heads = {stream_id: self._heads.pop(stream_id) for stream_id in by_stream}
        for _ in range(MAX_APPENDS):
            heads = await self._append_at(
                {stream_id: (head, by_stream[stream_id]) for stream_id, head in heads.items()}, done
            )
            if not heads:
                break
        written = {id(entry) for entry, _ in done}
        return [entry for entry in batch if id(entry) not in written]

    async def _append_at(
        self,
        places: dict[str, tuple[streams.Head, list[_Entry]]],
        done: list[tuple[_Entry, Committed]],
    ) -> dict[str, streams.Head]:
        """Append to streams whose heads are where they are believed to be, all or nothing of each;
        returns the heads of the others."""
        rows: list[tuple[Any, ...]] = []
        after: dict[str, tuple[streams.Head, list[tuple[_Entry, Committed]]]] = {}
        for stream_id, (head, entries) in places.items():
            placed: list[tuple[_Entry, Committed]] = []
            for entry in entries:
                head, row, committed = self._row(stream_id, head, entry, None)
                rows.append(row)
                placed.append((entry, committed))
            after[stream_id] = head, placed
        async with self._line.acquire() as connection:
            found = await connection.fetch(
                _APPEND_AT,
                list(places),
                [before.seq for before, _ in places.values()],
                [before.hash for before, _ in places.values()],
                [head.seq for head, _ in after.values()],
                [head.hash for head, _ in after.values()],
                [to_datetime(head.at_ms) for head, _ in after.values()],
                *(list(column) for column in zip(*rows, strict=True)),
            )
        others: dict[str, streams.Head] = {}
        for stream_id, moved, *head_now in found:
            if moved:
                head, placed = after[stream_id]
                self._remember(stream_id, head)
                done += placed
            else:
                others[stream_id] = streams.Head(*head_now)
        return others

    def _remember(self, stream_id: str, head: streams.Head) -> None:
        if len(self._heads) >= MAX_HEADS:
            self._heads.clear()
        self._heads[stream_id] = head

    async def _flush_locked(
        self,
        batch: list[_Entry],
        done: list[tuple[_Entry, Committed]],
        failed: list[tuple[_Entry, HubError]],
    ) -> None:
        """Write entries of any kind, with their streams locked."""
        self._moved.clear()
        async with self._line.transaction() as connection:
            creations = [entry for entry in batch if entry.type == "thread.create"]
            creations.sort(key=lambda one: (one.sender, one.send_id or ""))  # locks in one order
            already = len(done)
            if creations:
                await self._create_threads(connection, creations, done)
                await self._project(connection, done[already:])
            parts = _parts([entry for entry in batch if entry.type != "thread.create"])
            if len(parts) > 1:  # in one order everywhere, before the first of them
                names = {str(one.stream_id) for part in parts for one in part}
                await connection.fetch(_LOCK_STREAMS, sorted(names))
            for part in parts:
                already = len(done)
                await self._append(connection, part, done, failed)
                await self._project(connection, done[already:])
                begun = _begun(done[already:])
                if begun:
                    already = len(done)
                    await self._append(connection, begun, done, failed)
                    await self._project(connection, done[already:])
        documents = {entry.stream_id for entry in batch if entry.updates is not None}
        for stream_id, head in self._moved:
            if stream_id in documents:
                self._remember(stream_id, head)

    async def _project(self, connection: Any, done: list[tuple[_Entry, Committed]]) -> None:
        fresh = [one for _, one in done if not one.duplicate and one.type != UPDATE]
        if fresh and self.project is not None:
            await self.project(connection, fresh)

    def _finish(
        self,
        batch: list[_Entry],
        done: list[tuple[_Entry, Committed]],
        failed: list[tuple[_Entry, HubError]],
    ) -> None:
        """Committed: announce what is new, and tell whoever waits."""
        self.flushes += 1
        now_s = perf_counter()
        figures.GROUP.observe(len(done))
        for entry in batch:
            figures.COMMITTED.observe(now_s - entry.since_s)
        self.entries_written += len(done)
        self.queued_bytes -= sum(entry.size for entry in batch)
        announced = [one for _, one in done if not one.duplicate]
        if announced and self.on_commit is not None:
            self.on_commit(announced)
        for entry, committed in done:
            for future in entry.futures:
                if not future.done():
                    future.set_result(committed)
            _settle(entry, committed)
        for entry, error in failed:
            _fail(entry, error)

    async def _create_threads(
        self, connection: Any, creations: list[_Entry], done: list[tuple[_Entry, Committed]]
    ) -> None:
        for entry in creations:
            # Two requests with one send_id wait for each other here.
            await connection.execute(_LOCK_CREATION, f"{entry.sender}/{entry.send_id}")
            known = await connection.fetchrow(_KNOWN_CREATION, entry.sender, entry.send_id)
            if known is not None:
                before = _committed(known, entry, duplicate=True)
                done.append((entry, replace(before, body=known["body"] or b"")))
                continue
            now_ms = self._clock.now_ms()
            sealed = streams.seal(
                home=self._home, stream_id=None, sender=entry.sender, type_=entry.type,
                ts_ms=now_ms, seen=streams.Head(0, None, 0), body=entry.body,
            )  # fmt: skip
            thread = thread_id_of(sealed.payload)
            await streams.create(connection, thread, "timeline", thread)
            await connection.execute(_CREATION, entry.sender, entry.send_id, thread)
            head = await self._place_all(
                connection, thread, streams.Head(0, None, 0), [(entry, sealed)], done
            )
            for follower in entry.followers:
                follower.stream_id = thread
            await self._place_all(
                connection, thread, head, [(one, None) for one in entry.followers], done
            )

    async def _append(
        self,
        connection: Any,
        batch: list[_Entry],
        done: list[tuple[_Entry, Committed]],
        failed: list[tuple[_Entry, HubError]],
    ) -> None:
        by_stream: dict[str, list[_Entry]] = {}
        for entry in batch:
            if entry.stream_id is not None and entry.type != "thread.create":
                by_stream.setdefault(entry.stream_id, []).append(entry)
        if not by_stream:
            return
        heads = {
            row["stream_id"]: streams.Head(row["head_seq"], row["head_hash"], row["head_at_ms"])
            for row in await connection.fetch(_LOCK_STREAMS, list(by_stream))
        }
        known = await self._known(
            connection, [e for entries in by_stream.values() for e in _rows(entries)]
        )
        rows: list[tuple[Any, ...]] = []
        new_heads: list[tuple[str, streams.Head]] = []
        for stream_id, entries in by_stream.items():
            head = heads.get(stream_id)
            if head is None:
                gone = NotFound("There is no such stream.", code="no_such_stream")
                failed.extend((entry, gone) for entry in entries)
                continue
            before = head
            refused = await self._guarded(connection, entries, known, failed)
            for entry in _rows([one for one in entries if one not in refused]):
                key = (stream_id, entry.sender, entry.send_id)
                if entry.send_id is not None and key in known:
                    done.append((entry, _again(known[key], entry)))
                    continue
                head, row, committed = self._row(stream_id, head, entry, None)
                rows.append(row)
                done.append((entry, committed))
                if entry.send_id is not None:
                    known[key] = committed
            if head is not before:
                new_heads.append((stream_id, head))
        await self._insert(connection, rows, new_heads)

    async def _guarded(
        self, connection: Any, entries: list[_Entry],
        known: dict[tuple[str, str, str | None], Committed],
        failed: list[tuple[_Entry, HubError]],
    ) -> list[_Entry]:  # fmt: skip
        """Those that their guards do not let through."""
        refused = []
        for entry in entries:
            key = (entry.stream_id or "", entry.sender, entry.send_id)
            if entry.guard is not None and (entry.send_id is None or key not in known):
                try:
                    await entry.guard(connection)
                except DatabaseAway:
                    raise
                except HubError as error:
                    refused.append(entry)
                    failed.append((entry, error))
        return refused

    async def _known(
        self, connection: Any, entries: list[_Entry]
    ) -> dict[tuple[str, str, str | None], Committed]:
        """Entries of the batch that are on disk already, by (stream, sender, send_id)."""
        named = [entry for entry in entries if entry.send_id is not None]
        if not named:
            return {}
        rows = await connection.fetch(
            _KNOWN,
            [entry.stream_id for entry in named],
            [entry.sender for entry in named],
            [entry.send_id for entry in named],
        )
        return {
            (row["stream_id"], row["sender"], row["send_id"]): Committed(
                row["stream_id"], row["seq"], row["type"], row["sender"], row["at_ms"],
                row["send_id"], row["body"] or b"", duplicate=True,
            )
            for row in rows
        }  # fmt: skip

    async def _place_all(
        self,
        connection: Any,
        stream_id: str,
        head: streams.Head,
        entries: list[tuple[_Entry, streams.Sealed | None]],
        done: list[tuple[_Entry, Committed]],
    ) -> streams.Head:
        rows = []
        for entry, sealed in entries:
            head, row, committed = self._row(stream_id, head, entry, sealed)
            rows.append(row)
            done.append((entry, committed))
        if rows:
            await self._insert(connection, rows, [(stream_id, head)])
        return head

    def _row(
        self, stream_id: str, head: streams.Head, entry: _Entry, sealed: streams.Sealed | None
    ) -> tuple[streams.Head, tuple[Any, ...], Committed]:
        at_ms = max(self._clock.now_ms(), head.at_ms)
        if sealed is None:
            sealed = streams.seal(
                home=self._home, stream_id=stream_id, sender=entry.sender, type_=entry.type,
                ts_ms=at_ms, seen=head, body=entry.body,
            )  # fmt: skip
        seq = head.seq + 1
        position = streams.place(
            home=self._home, stream_id=stream_id, seq=seq, prev=head.hash, ev=sealed.ev, at_ms=at_ms
        )
        row = (
            stream_id, seq, entry.type, entry.sender, to_datetime(at_ms), entry.send_id, sealed.ev,
            sealed.payload, position, sealed.bh, sealed.salt, entry.body,
        )  # fmt: skip
        committed = Committed(
            stream_id, seq, entry.type, entry.sender, at_ms, entry.send_id, entry.body
        )
        return streams.Head(seq, sha256(position), at_ms), row, committed

    async def _insert(
        self,
        connection: Any,
        rows: list[tuple[Any, ...]],
        heads: list[tuple[str, streams.Head]],
    ) -> None:
        if not rows:
            return
        for stream_id, head in heads:
            self._heads.pop(stream_id, None)  # until it is committed
            self._moved.append((stream_id, head))
        await connection.execute(_INSERT, *(list(column) for column in zip(*rows, strict=True)))
        await connection.execute(
            _MOVE_HEADS,
            [stream_id for stream_id, _ in heads],
            [head.seq for _, head in heads],
            [head.hash for _, head in heads],
            [to_datetime(head.at_ms) for _, head in heads],
        )


def _parts(batch: list[_Entry]) -> list[list[_Entry]]:
    """The batch in parts, so that what comes before a guarded entry in its stream is in the tables
    when its guard is asked."""
    parts: list[list[_Entry]] = [[]]
    there: set[str | None] = set()
    for entry in batch:
        if entry.guard is not None and entry.stream_id in there:
            parts.append([])
            there.clear()
        parts[-1].append(entry)
        there.add(entry.stream_id)
    return parts


def _begun(done: Sequence[tuple[_Entry, Committed]]) -> list[_Entry]:
    """The rows of streams that new entries have made."""
    return [row for entry, one in done if not one.duplicate for row in entry.begins]


def _rows(entries: Sequence[_Entry]) -> list[_Entry]:
    """The rows that entries become, in order."""
    return [row for entry in entries for row in (*entry.before, entry)]


def _fail(entry: _Entry, error: BaseException) -> None:
    for future in entry.futures:
        if not future.done():
            future.set_exception(error)
            # Whoever asked may be gone (a closed tab); asyncio must not complain about that.
            with contextlib.suppress(BaseException):
                future.exception()
    _settle(entry, error)


def _settle(entry: _Entry, outcome: Committed | BaseException) -> None:
    settle, entry.settle = entry.settle, None  # the writer holds the row a while longer
    tokens, entry.tokens = entry.tokens, []
    if settle is not None:
        try:
            settle(outcome, tokens)
        except Exception:
            # One document's fault is not the writer's, nor the others'.
            log.exception("who waited for an update failed", stream=entry.stream_id)


def _again(known: Committed, entry: _Entry) -> Committed:
    return Committed(
        known.stream_id, known.seq, known.type, known.sender, known.at_ms, entry.send_id,
        known.body, duplicate=True,
    )  # fmt: skip


def _committed(row: Any, entry: _Entry, *, duplicate: bool) -> Committed:
    return Committed(
        row["stream_id"], row["seq"], entry.type, entry.sender, row["at_ms"], entry.send_id,
        entry.body, duplicate,
    )  # fmt: skip


# Writes, and changes nothing.
_PROBE = "UPDATE counters SET value = value WHERE name = 'rights'"

_LOCK_STREAMS = """
SELECT stream_id, head_seq, head_hash,
       coalesce((extract(epoch FROM head_at) * 1000)::bigint, 0) AS head_at_ms
FROM streams WHERE stream_id = ANY($1::text[]) ORDER BY stream_id FOR UPDATE
"""

_KNOWN = """
SELECT e.stream_id, e.sender, e.send_id, e.seq, e.type, e.body,
       (extract(epoch FROM e.at) * 1000)::bigint AS at_ms
FROM unnest($1::text[], $2::text[], $3::text[]) AS k (stream_id, sender, send_id)
JOIN events e USING (stream_id, sender, send_id)
"""

_INSERT = """
INSERT INTO events (stream_id, seq, type, sender, at, send_id, ev, event_payload,
                    position_payload, bh, salt, body)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[],
                     $6::text[], $7::bytea[], $8::bytea[], $9::bytea[], $10::bytea[],
                     $11::bytea[], $12::bytea[])
"""

_MOVE_HEADS = """
UPDATE streams s SET head_seq = h.seq, head_hash = h.hash, head_at = h.at
FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::timestamptz[]) AS h (id, seq, hash, at)
WHERE s.stream_id = h.id
"""

# In one statement, committed with it. Streams are locked in id order like everywhere; one whose
# head is not what it is believed to be gets nothing, and says what it is. (The same number with
# another hash: a server that took over without the last rows, and has others there by now.)
_APPEND_AT = """
WITH locked AS MATERIALIZED (
    SELECT stream_id, head_seq, head_hash,
           coalesce((extract(epoch FROM head_at) * 1000)::bigint, 0) AS head_at_ms
    FROM streams WHERE stream_id = ANY($1::text[]) ORDER BY stream_id FOR UPDATE
), places AS (
    SELECT p.*
    FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bytea[], $6::timestamptz[])
         AS p (stream_id, before_seq, before_hash, head_seq, head_hash, head_at)
    JOIN locked l ON l.stream_id = p.stream_id AND l.head_seq = p.before_seq
        AND l.head_hash IS NOT DISTINCT FROM p.before_hash
), moved AS (
    UPDATE streams s SET head_seq = p.head_seq, head_hash = p.head_hash, head_at = p.head_at
    FROM places p WHERE s.stream_id = p.stream_id RETURNING s.stream_id
), written AS (
    INSERT INTO events (stream_id, seq, type, sender, at, send_id, ev, event_payload,
                        position_payload, bh, salt, body)
    SELECT r.* FROM unnest($7::text[], $8::bigint[], $9::text[], $10::text[], $11::timestamptz[],
                           $12::text[], $13::bytea[], $14::bytea[], $15::bytea[], $16::bytea[],
                           $17::bytea[], $18::bytea[])
                    AS r (stream_id, seq, type, sender, at, send_id, ev, event_payload,
                          position_payload, bh, salt, body)
    JOIN moved m ON m.stream_id = r.stream_id
)
SELECT l.stream_id, m.stream_id IS NOT NULL, l.head_seq, l.head_hash, l.head_at_ms
FROM locked l LEFT JOIN moved m ON m.stream_id = l.stream_id
"""

_LOCK_CREATION = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"

_KNOWN_CREATION = """
SELECT e.stream_id, e.seq, e.body, (extract(epoch FROM e.at) * 1000)::bigint AS at_ms
FROM thread_creations c JOIN events e ON e.stream_id = c.thread_id AND e.seq = 1
WHERE c.sender = $1 AND c.send_id = $2
"""

_CREATION = "INSERT INTO thread_creations (sender, send_id, thread_id) VALUES ($1, $2, $3)"
