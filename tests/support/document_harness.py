"""A live document on a writer whose disk the test holds in its hand: it commits, refuses and fails
when told. Everything else is the hub's own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from hub.bus.local import LocalBus
from hub.errors import HubError, Unavailable
from hub.rooms.access import Grounds, access
from hub.rooms.documents import LiveDocument, topic_of
from hub.rooms.fold import Folded, fold
from hub.rooms.intake import Bounds, House
from hub.rooms.owners import Owners
from hub.rooms.relays import Relays
from hub.rooms.scholar import Scholar
from hub.storage.documents import LogEntry
from hub.storage.writer import RELAYED, UPDATES, Append, Committed, Settle
from hub.wire import frames, yupdate
from hub.wire.api import DocumentInfo
from hub.wire.websocket import Outgoing, Shared
from tests.conftest import TurnableClock

T = TypeVar("T")


class Disk:
    """What ``GroupCommitWriter`` is to a document. ``log`` holds the committed appends."""

    def __init__(self) -> None:
        self.log: list[Append] = []
        self.queue: deque[tuple[Append, Settle, Any]] = deque()
        self.busy = False
        self.explodes = False

    def require_room(self, size: int) -> None:
        if self.busy:
            self.busy = False
            raise Unavailable("Full.", code="writer_busy")

    def append_update(self, append: Append, settle: Settle, token: Any) -> None:
        if self.explodes:
            self.explodes = False
            raise RuntimeError("the writer broke in the middle of an append")
        self.queue.append((append, settle, token))

    def commit(self, count: int) -> None:
        for _ in range(min(count, len(self.queue))):
            append, settle, token = self.queue.popleft()
            self.log.append(append)
            committed = Committed(
                append.stream_id, len(self.log), append.type, append.sender, 0, None, b""
            )
            settle(committed, [token])

    def fail(self) -> None:
        """What is next in the queue does not get to the disk."""
        if self.queue:
            _, settle, token = self.queue.popleft()
            settle(RuntimeError("the disk is gone"), [token])

    @property
    def all(self) -> list[Append]:
        """Committed and in flight."""
        return [*self.log, *(append for append, _, _ in self.queue)]


@dataclass
class Client:
    """A connection: what it sent, what the document told it."""

    key: str
    uid: str
    grounds: Grounds
    stock: bool
    sent: dict[int, bytes] = field(default_factory=dict)
    durable: int = 0
    refusals: dict[int, str] = field(default_factory=dict)
    closed: bool = False
    received: list[bytes] = field(default_factory=list)

    def send(self, frame: Outgoing, *, counted: bool = True) -> None:
        for message in frame.messages if isinstance(frame, Shared) else (frame,):
            if isinstance(message, str):
                assert not self.stock
                told = msgspec.json.decode(message)
                if told["t"] == "durable":
                    self.durable = max(self.durable, told["count"])
            else:
                self.received.append(message)

    def refused(self, info: DocumentInfo, count: int, error: HubError) -> None:
        self.refusals[count] = error.code

    def document_closed(self, info: DocumentInfo) -> None:
        self.closed = True

    def demoted(self) -> None:
        pass


def now(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    raise AssertionError("it waits")


class Harness:
    """Call it inside a running loop.

    Attributes:
        roles: uid → role.
        acknowledged: updates that were said to be on disk and were not refused.
    """

    def __init__(self, kind: str) -> None:
        self.disk = Disk()
        self.clock = TurnableClock()
        self.bus = LocalBus()
        self.roles: dict[str, str | None] = {}
        self.clients: dict[str, Client] = {}
        self.acknowledged: list[bytes] = []
        self.snapshot: tuple[int, bytes | None, list[int]] = (0, None, [])
        self._tasks: set[asyncio.Task[Any]] = set()
        self._made = 0
        bounds = Bounds(max_bytes=1 << 20, ids_per_update=3, ids_per_user=6)
        self.house = House(
            self.disk, self.clock, self.bus, bounds, self, Scholar(), self.read_on,  # type: ignore[arg-type]
        )  # fmt: skip
        self.info = DocumentInfo(
            document="d_1", number=7, thread="r_1", kind=kind, title="Draft", language=None,  # type: ignore[arg-type]
            schema_version=2, lineage="l_1", created_by="u_0", created_at=0,
        )  # fmt: skip
        self.live = self._load()

    # --- life -------------------------------------------------------------------------------------

    def _load(self) -> LiveDocument:
        """As the library does: the latest snapshot and the rows after it."""
        owners = Owners()
        for append in self.disk.log:
            if append.claim is not None:
                claim = msgspec.json.decode(append.claim)
                for client in claim["ids"]:
                    owners.bind(client, claim["uid"])
        for index in range(4):
            owners.lease(*self.leased(f"u_{index}"), f"u_{index}")
        folded = self.folded()
        assert folded.aside == []
        relays = self.relays(owners)
        head = len(self.disk.log)
        live = LiveDocument(self.info, self.house, folded, owners, relays, head)
        live.listen(now(self.bus.subscribe(topic_of("d_1"), live.on_message, live.on_gap)))
        return live

    async def read_on(self, document: str, seq: int) -> list[LogEntry]:
        """Nobody else writes here."""
        raise AssertionError

    def folded(self) -> Folded:
        """What is on disk: the latest snapshot and the rows that it lacks."""
        seq, state, waiting = self.snapshot
        rows = [row for row in self.updates(self.disk.log) if row[0] > seq or row[0] in waiting]
        return fold(self.info.kind, state, rows)

    def relays(self, owners: Owners) -> Relays:
        """As the projection of the log has them."""
        relays = Relays()
        for append in self.disk.log:
            if append.type == RELAYED:
                for client, structs in yupdate.parse(append.body).structs.items():
                    if owners.get(client) != append.sender:
                        relays.add(client, structs[0].clock, yupdate.end_of(structs))
        return relays

    @staticmethod
    def leased(uid: str) -> tuple[int, int]:
        """The block of ids a user has."""
        first = (1 << 32) + 64 * (1 + int(uid[2:]))
        return first, first + 15

    def restart(self) -> None:
        """As after kill -9: what was in flight is gone."""
        self.disk.queue.clear()
        self._reload()

    def reload(self) -> None:
        """A broken document is read again when the writer is done with it."""
        self.disk.commit(len(self.disk.queue))
        self._reload()

    def _reload(self) -> None:
        self.live.close()
        gone = tuple(self.clients.values())
        for client in gone:
            self.leave(client.key)
        self.live = self._load()
        for client in gone:  # they come back at once
            scopes, schema = client.grounds
            self.join(client.uid, scopes, schema or 0, stock=client.stock)

    async def idle(self) -> None:
        """Until nothing moves any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        for _ in range(4):
            await asyncio.sleep(0)
        self.note()

    def spawn(self, work: Coroutine[Any, Any, Any], name: str = "") -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- clients ----------------------------------------------------------------------------------

    def join(self, uid: str, scopes: frozenset[str] | None, schema: int, *, stock: bool) -> Client:
        self._made += 1
        grounds = Grounds(scopes, None if stock else schema)
        client = Client(f"c_{self._made}", uid, grounds, stock)
        self.clients[client.key] = client
        self.live.attach(client, self.roles.get(uid), grounds, stock=stock)
        return client

    def leave(self, key: str) -> None:
        client = self.clients.pop(key)
        self.live.detach(client)
        self.note_client(client)

    def may_edit(self, client: Client) -> bool:
        return access(self.roles.get(client.uid), client.grounds, self.info.schema_version).edit

    def send(self, client: Client, payload: bytes, *, step2: bool = False) -> None:
        """Deliver an update."""
        if client.closed:
            return
        before = len(self.disk.all)
        held = self.live._intake.waits
        client.sent[len(client.sent) + 1] = payload
        rest = self.live.receive(client, frames.STEP2 if step2 else frames.UPDATE, payload)
        if rest is None and not self.may_edit(client) and not held:
            assert len(self.disk.all) == before, "somebody who may not has written"

    def note(self) -> None:
        for client in self.clients.values():
            self.note_client(client)

    def note_client(self, client: Client) -> None:
        """Remember what the hub has acknowledged."""
        for count in [one for one in client.sent if 0 < one <= client.durable]:
            payload = client.sent.pop(count)
            client.sent[-count] = payload
            if count not in client.refusals:
                self.acknowledged.append(payload)

    # --- what must hold ---------------------------------------------------------------------------

    def updates(self, appends: list[Append]) -> list[tuple[int, bytes]]:
        return [(seq, one.body) for seq, one in enumerate(appends, 1) if one.type in UPDATES]
