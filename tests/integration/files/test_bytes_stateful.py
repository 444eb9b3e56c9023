"""Any sequence of uploads, versions, removals, undos, crashes and collections leaves each
referenced byte readable and each unreferenced byte gone."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.errors import HubError
from hub.files.contents import contents
from hub.mail.rebuild import rebuild_projections
from hub.storage import blobs
from hub.storage import jobs as job_rows
from hub.storage import uploads as upload_rows
from hub.storage.projection import Projector
from hub.wire import commands as cmd
from hub.wire.pieces import PIECE_BYTES, Hasher
from tests.conftest import TEMPLATE, TurnableClock, _admin, _with_database
from tests.integration.files.test_uploads import BODY, TUS, metadata, some
from tests.support.hub_process import OWNER, answer
from tests.support.mortal_hub import MortalHub

HOUR_S: Final = 3600
UPLOAD_HOURS, KEEP_HOURS = 72, 24
CONTENTS: Final = [
    some(size, seed) for seed, size in enumerate((0, 1, 700, 701, PIECE_BYTES + 1, 702))
]


def blob_of(data: bytes) -> str:
    hasher = Hasher()
    hasher.update(data)
    return hasher.finish()


WHICH: Final = st.sampled_from(range(len(CONTENTS) - 1))
RARE: Final = CONTENTS[-1]
BLOBS: Final = {blob_of(data): data for data in CONTENTS}


@dataclass
class Start:
    """A database with somebody in two threads, of which each example gets a copy."""

    postgres: str
    template: str
    token: str
    threads: list[str]
    uid: str


@dataclass
class Sent:
    """An upload that the hub has acknowledged."""

    thread: str
    data: bytes
    touched_s: float
    offset: int = 0
    used: bool = False

    @property
    def whole(self) -> bool:
        return self.offset == len(self.data)


@dataclass
class File:
    """An attachment that the hub has acknowledged. ``gone``: it may be removed, or is."""

    thread: str
    keys: dict[str, float] = field(default_factory=dict)  # uploads, and when they were used
    gone: bool = False


@dataclass
class Message:
    thread: str
    seq: int
    files: list[str]


START: Start


class Bytes(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory(prefix="hub-bytes-")
        self.clock = TurnableClock(int(time.time() * 1000))
        self.name = f"test_{secrets.token_hex(6)}"
        self.failed = False
        self.counter = 0
        self.uploads: dict[str, Sent] = {}
        self.files: dict[str, File] = {}
        self.messages: list[Message] = []

        async def start() -> None:
            await _admin(
                START.postgres,
                f"CREATE DATABASE {self.name} TEMPLATE {START.template}",
                f"ALTER DATABASE {self.name} SET synchronous_commit = off",
            )
            url = _with_database(START.postgres, self.name)
            self.mortal = MortalHub(
                url, Path(self.folder.name), self.clock, upload_hours=UPLOAD_HOURS,
                keep_blobs_hours=KEEP_HOURS, keep_free_bytes=0, database_connections=4,
            )  # fmt: skip
            self.mortal.headers = {"authorization": f"Bearer {START.token}"}
            await self.mortal.begin()
            who = await self.mortal.hub.identity.authenticate_token(START.token)
            self.who = getattr(who, "principal", who)

        self.runner.run(start())

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return

        async def end() -> None:
            try:
                if not self.failed:
                    await self.come_to_an_end()
            finally:
                await self.mortal.end()
                await _admin(START.postgres, f"DROP DATABASE {self.name} WITH (FORCE)")

        try:
            self.runner.run(end())
        finally:
            self.runner.close()
            self.folder.cleanup()

    # --- how steps are taken ----------------------------------------------------------------------

    def do(self, step: Callable[[], Awaitable[Any]]) -> None:
        """The hub may die over it."""
        try:
            self.runner.run(self.mortal.survive(step()))
        except BaseException:
            self.failed = True
            raise

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """An answer of the hub that is alive, which never is that it failed."""
        found = await self.mortal.http.request(method, path, **more)
        await self.mortal.fate.point()
        assert found.status_code < 500, found.text
        return found

    def pick(self, data: st.DataObject, some: Any, what: str) -> Any:
        return data.draw(st.sampled_from(list(some)), what)

    def now_s(self) -> float:
        return self.clock.now_ms() / 1000

    def send_id(self) -> str:
        self.counter += 1
        return f"s{self.counter}"

    # --- uploads ----------------------------------------------------------------------------------

    @rule(which=WHICH, thread=st.sampled_from([0, 0, 1]), far=st.sampled_from([0, 1, 1, 2, 2]))
    def begin_upload(self, which: int, thread: int, far: int) -> None:
        """Begun; or whole, too; or a file, too."""
        self.do(lambda: self.begun(CONTENTS[which], START.threads[thread], far))

    async def begun(self, data: bytes, where: str, far: int) -> None:
        told = metadata(filename="a.bin", thread=where)
        headers = {**TUS, "upload-length": str(len(data)), "upload-metadata": told}
        made = await self.ask("POST", "/files/", headers=headers)
        assert made.status_code == 201, made.text
        key = made.headers["location"].rpartition("/")[2]
        self.uploads[key] = Sent(where, data, self.now_s())
        if far > 0:
            await self.send(key, len(data))
        if far > 1:
            await self.added(where, True, {"upload": key}, key)

    async def send(self, key: str, to: int) -> None:
        sent = self.uploads[key]
        headers = {**BODY, "upload-offset": str(sent.offset)}
        found = await self.ask(
            "PATCH", f"/files/{key}", headers=headers, content=sent.data[sent.offset : to]
        )
        if found.status_code == 204:
            sent.offset = int(found.headers["upload-offset"])
            sent.touched_s = self.now_s()
            assert sent.offset == to
        else:
            assert found.status_code in (404, 409, 410), found.text

    @precondition(lambda self: any(not one.whole for one in self.uploads.values()))
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        key = self.pick(data, (k for k, one in self.uploads.items() if not one.whole), "upload")
        sent = self.uploads[key]
        share = data.draw(st.sampled_from([1, 2, 2, 2]), "share")

        async def step() -> None:
            found = await self.ask("HEAD", f"/files/{key}", headers=TUS)
            if found.status_code != 200:
                assert self.now_s() - sent.touched_s >= UPLOAD_HOURS * HOUR_S or sent.used
                return
            at = int(found.headers["upload-offset"])
            assert at >= sent.offset, "what was acknowledged is not there"
            sent.offset = at
            await self.send(key, max(at, len(sent.data) * share // 2))

        self.do(step)

    @rule(which=WHICH.filter(lambda one: one > 1), thread=st.sampled_from([0, 1]))
    def in_parts(self, which: int, thread: int) -> None:
        """A parallel upload; it may be left anywhere by a crash."""
        data, where = CONTENTS[which], START.threads[thread]

        async def step() -> None:
            parts = []
            half = len(data) // 2
            for part in (data[:half], data[half:]):
                headers = {**TUS, "upload-length": str(len(part)), "upload-concat": "partial"}
                made = await self.ask("POST", "/files/", headers=headers)
                url = made.headers["location"]
                await self.ask("PATCH", url, headers={**BODY, "upload-offset": "0"}, content=part)
                parts.append(url)
            headers = {
                **TUS, "upload-concat": "final;" + " ".join(parts),
                "upload-metadata": metadata(filename="p.bin", thread=where),
            }  # fmt: skip
            made = await self.ask("POST", "/files/", headers=headers)
            if made.status_code == 201:
                key = made.headers["location"].rpartition("/")[2]
                self.uploads[key] = Sent(where, data, self.now_s(), len(data))
            else:
                assert made.status_code in (404, 409)  # expired meanwhile

        self.do(step)

    @precondition(lambda self: self.uploads)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        key = self.pick(data, self.uploads, "upload")
        used = self.uploads[key].used
        if not used:
            del self.uploads[key]
        elif self.uploads[key].whole:
            return
        else:
            self.uploads[key].offset = -1  # nothing is known of it any more
        self.do(lambda: self.ask("DELETE", f"/files/{key}", headers=TUS))

    # --- files ------------------------------------------------------------------------------------

    @precondition(lambda self: self.uploads)
    @rule(data=st.data(), message=st.booleans(), version=st.booleans())
    def add(self, data: st.DataObject, message: bool, version: bool) -> None:
        """An upload becomes a file, or a version of one; whole or not, used or not."""
        fresh = [key for key, one in self.uploads.items() if not one.used]
        key = self.pick(data, fresh * 3 + list(self.uploads), "upload")
        sent = self.uploads[key]
        file: dict[str, Any] = {"upload": key}
        there = [a for a, one in self.files.items() if one.thread == sent.thread]
        if version and there:
            file["attachment"] = self.pick(data, there, "attachment")
        self.do(lambda: self.added(sent.thread, message, file, key))

    async def added(
        self, thread: str, message: bool, file: dict[str, Any], key: str | None
    ) -> None:  # fmt: skip
        sent = self.uploads.get(key or "")
        used = sent is not None and sent.used
        if sent:
            sent.used = True  # perhaps
        body: dict[str, Any] = {"send_id": self.send_id()}
        if message:
            path, body["files"], body["text"] = f"/api/threads/{thread}/messages", [file], ""
        else:
            path, body["file"] = f"/api/threads/{thread}/attachments", file
        found = await self.ask("POST", path, json=body)
        if not found.is_success:
            assert found.json()["code"] in (
                "upload_used", "upload_not_found", "attachment_not_found", "version_not_found",
                "version_taken",
            ), found.text  # fmt: skip
            if sent:
                sent.used = used
            return
        assert not used, "an upload became a file twice"
        said = found.json()
        (attachment,) = said["attachments"]
        one = self.files.setdefault(attachment, File(thread))
        if key is not None:
            one.keys[key] = self.now_s()
        if message:
            self.messages.append(Message(thread, said["seq"], [attachment]))

    @precondition(lambda self: self.files)
    @rule(data=st.data(), thread=st.sampled_from([0, 1]), message=st.booleans())
    def send_on(self, data: st.DataObject, thread: int, message: bool) -> None:
        source = self.pick(data, self.files, "source")
        self.do(lambda: self.added(START.threads[thread], message, {"source": source}, None))

    @precondition(lambda self: self.files)
    @rule(data=st.data(), number=st.sampled_from([None, 1, 2]))
    def rename_or_show(self, data: st.DataObject, number: int | None) -> None:
        attachment = self.pick(data, self.files, "attachment")
        change = {"name": self.send_id()} if number is None else {"number": number}
        self.do(lambda: self.ask("PATCH", f"/api/attachments/{attachment}", json=change))

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        attachment = self.pick(data, self.files, "attachment")
        self.files[attachment].gone = True
        self.do(lambda: self.ask("DELETE", f"/api/attachments/{attachment}"))

    @precondition(lambda self: any(one.gone for one in self.files.values()))
    @rule(data=st.data())
    def unremove(self, data: st.DataObject) -> None:
        attachment = self.pick(data, (a for a, one in self.files.items() if one.gone), "attachment")

        async def step() -> None:
            found = await self.ask("POST", f"/api/attachments/{attachment}/unremove")
            self.files[attachment].gone = not found.is_success

        self.do(step)

    @precondition(lambda self: self.messages)
    @rule(data=st.data(), back=st.booleans())
    def delete_message(self, data: st.DataObject, back: bool) -> None:
        """With the files that it brought; and brings them back."""
        message = self.pick(data, self.messages, "message")
        kind = cmd.Undelete if back else cmd.Delete
        for one in message.files:
            self.files[one].gone = True  # perhaps

        async def step() -> None:
            command = kind(thread=message.thread, send_id=self.send_id(), target=message.seq)
            try:
                await self.mortal.hub.door.write(self.who, command)
            except HubError as error:
                assert error.http_status < 500, error  # noqa: PT017

        self.do(step)

    # --- time, and what goes on behind ------------------------------------------------------------

    async def work(self) -> None:
        await self.mortal.hub.jobs.drain()

    async def erase(self) -> None:
        await self.mortal.eraser.erase()

    async def expire(self) -> None:
        await self.mortal.hub.uploads.expire()

    async def collect(self) -> None:
        await self.mortal.hub.keeper.collect()
        await self.mortal.hub.keeper.sweep()

    async def all_of_it(self) -> None:
        for one in (self.work, self.erase, self.expire, self.work, self.collect):
            await one()

    BEHIND = st.sampled_from(["work", "erase", "expire", "collect", "all_of_it", "all_of_it"])

    @rule(what=BEHIND)
    def behind(self, what: str) -> None:
        self.do(getattr(self, what))

    @rule(hours=st.sampled_from([0.1, 0.1, 25, 25, 25, 73]), what=BEHIND)
    def later(self, hours: float, what: str) -> None:
        self.do(self.collect)  # since when nothing refers to a blob is noted before
        self.clock.advance(hours * HOUR_S)
        self.do(getattr(self, what))

    @rule(call=st.integers(1, 24))
    def will_die(self, call: int) -> None:
        self.mortal.fate.at(call, None)

    @rule(call=st.integers(1, 16), what=st.sampled_from(["erase", "expire", "collect"]))
    def meanwhile(self, call: int, what: str) -> None:
        """Something that goes on behind gets in between."""
        self.mortal.fate.at(call, getattr(self, what))

    @rule(call=st.integers(1, 9), comes=st.booleans())
    def the_last_one_goes(self, call: int, comes: bool) -> None:
        """And the same bytes come again while they are being removed, or after a crash then."""
        where = START.threads[0]

        async def remove() -> None:
            of_it = [a for a, one in self.files.items() if RARE in self.contents_of(one)]
            for attachment in of_it:
                self.files[attachment].gone = True
                await self.ask("DELETE", f"/api/attachments/{attachment}")

        async def again() -> None:
            await self.begun(RARE, where, 2)
            await self.work()

        self.do(again)
        self.do(remove)
        self.clock.advance(0.1 * HOUR_S)
        self.do(self.all_of_it)
        self.clock.advance((KEEP_HOURS + 1) * HOUR_S)
        self.mortal.fate.at(call, again if comes else None)
        self.do(self.collect)
        self.mortal.fate.spare()
        self.do(again)

    def contents_of(self, file: File) -> list[bytes]:
        return [self.uploads[key].data for key in file.keys]

    @rule(
        call=st.integers(1, 14), which=WHICH, far=st.sampled_from([1, 2]),
        what=st.sampled_from(["work", "all_of_it"]),
    )  # fmt: skip
    def dies_over(self, call: int, which: int, far: int, what: str) -> None:
        self.do(lambda: self.begun(CONTENTS[which], START.threads[0], far))
        self.mortal.fate.at(call, None)
        self.do(getattr(self, what))
        self.mortal.fate.spare()

    @rule()
    def dies(self) -> None:
        self.runner.run(self.mortal.die())

    # --- what must hold ---------------------------------------------------------------------------

    @invariant()
    def each_referenced_byte_is_there(self) -> None:
        if hasattr(self, "mortal") and not self.failed:
            try:
                self.runner.run(self.look())
            except BaseException:
                self.failed = True
                raise

    async def look(self) -> None:
        async with self.mortal.raw() as connection:
            rows = await connection.fetch(_REFERRED)
            rows += await connection.fetch(_WAITING)
            sizes = {row[0]: row[1] for row in await connection.fetch(_UPLOADS)}
            sizes |= {row[0]: row[1] for row in await connection.fetch(_COUNTED)}
            staged = await connection.fetch(_STAGED)
            failed = await connection.fetch(_FAILED)
            used = await upload_rows.used_by_account(connection, START.uid)
        for row in failed:
            sent = self.uploads.get(row["upload_id"])
            assert sent is None or not sent.whole, f"what was whole failed: {row['reason']}"
        for row in staged:
            path = self.mortal.store.root / "uploads" / row["upload_id"]
            if not path.exists():
                assert row["state"] == "sealing", "what was sent is not there"
                path = self.mortal.store.path_of(row["upload_id"])
            assert path.stat().st_size >= row["received"]
        assert used == sum(sizes.values()), "each upload and each version counts once"
        for row in rows:
            assert row["going"] is False, "a blob that something names is going"
            assert row["size"] == len(BLOBS[row["blob_id"]])
            status = self.mortal.store.path_of(row["name"]).stat()
            assert status.st_size == row["size"]

    async def read_all(self) -> None:
        """Every version that is not erased, byte for byte: by the API, or, while it is removed, as
        it would come back."""
        async with self.mortal.raw() as connection:
            rows = await connection.fetch(_READABLE)
        for row in rows:
            expected = BLOBS[row["blob_id"]]
            sent = self.uploads.get(row["key"])
            assert sent is None or sent.data == expected, "other bytes than were sent"
            if row["removed"]:
                blob = blobs.Blob(row["blob_id"], len(expected), row["name"])
                parts = contents(self.mortal.hub.database, self.mortal.hub.blobs, blob)
                found = b"".join([part async for part in parts])
            else:
                path = f"/api/attachments/{row['attachment_id']}/versions/{row['number']}"
                got = await self.ask("GET", path)
                assert got.status_code == 200, got.text
                found = got.content
            assert found == expected

    async def come_to_an_end(self) -> None:
        self.mortal.fate.spare()
        await self.settle()
        await self.read_all()
        for attachment, file in self.files.items():
            for key, used_s in file.keys.items():
                await self.acknowledged(attachment, file, key, used_s)
        async with self.mortal.raw() as connection:
            given_up = await job_rows.given_up(connection)
            waiting = await job_rows.waiting(connection)
        assert (given_up, waiting) == ([], 0)
        await self.nothing_else_is_there()
        database = self.mortal.hub.database
        report = await rebuild_projections(database, Projector(self.mortal.hub.settings.origin))
        assert report.changed == []
        # And with the last file goes the last byte.
        async with self.mortal.raw() as connection:
            left = [
                row[0] for row in await connection.fetch("SELECT attachment_id FROM attachments")
            ]
        for attachment in left:
            assert (await self.ask("DELETE", f"/api/attachments/{attachment}")).is_success
        await self.settle()
        async with self.mortal.raw() as connection:
            assert await connection.fetchval("SELECT count(*) FROM versions") == 0
        await self.nothing_else_is_there()

    async def settle(self) -> None:
        """Until nothing more happens by itself."""
        for hours in (0, 1, UPLOAD_HOURS + 1, KEEP_HOURS + 1, KEEP_HOURS + 1):
            self.clock.advance(hours * HOUR_S)
            await self.all_of_it()

    async def acknowledged(self, attachment: str, file: File, key: str, used_s: float) -> None:
        """What was said to be sent and to be a file is one."""
        sent = self.uploads[key]
        if file.gone or not sent.whole:
            return
        async with self.mortal.raw() as connection:
            row = await connection.fetchrow(
                "SELECT state, reason FROM versions WHERE attachment_id = $1 AND key = $2",
                attachment, key,
            )  # fmt: skip
        assert row is not None
        if row["state"] == "failed":  # it expired in the moment in which it was used
            assert row["reason"] == "expired"
            assert used_s - sent.touched_s >= UPLOAD_HOURS * HOUR_S
        else:
            assert row["state"] in ("ready", "same")

    async def nothing_else_is_there(self) -> None:
        async with self.mortal.raw() as connection:
            rows = await connection.fetch(_REFERRED)
            named = {row[0] for row in await connection.fetch("SELECT name FROM blobs")}
            assert await connection.fetchval("SELECT count(*) FROM uploads") == 0
            used = await upload_rows.used_by_account(connection, START.uid)
            of_threads = [
                await upload_rows.used_in_thread(connection, thread) for thread in START.threads
            ]
        stored = {one.name async for one in self.mortal.store.all()}
        assert stored == named == {row["name"] for row in rows}
        of_versions = sum(row["versions"] * len(BLOBS[row["blob_id"]]) for row in rows)
        assert used == sum(of_threads) == of_versions


_REFERRED = """
SELECT v.blob_id, b.name, b.size, b.going,
       count(*) FILTER (WHERE v.state = 'ready')::int AS versions
FROM versions v LEFT JOIN blobs b ON b.blob_id = v.blob_id
WHERE v.state IN ('ready', 'same') GROUP BY v.blob_id, b.name, b.size, b.going
"""

# What may still become a file.
_WAITING = """
SELECT u.blob_id, b.name, b.size, b.going
FROM uploads u LEFT JOIN blobs b ON b.blob_id = u.blob_id
WHERE u.state = 'done' AND NOT u.partial
"""

_STAGED = """
SELECT upload_id, state, received FROM uploads
WHERE state IN ('receiving', 'sealing') AND parts IS NULL
"""

_FAILED = "SELECT upload_id, reason FROM uploads WHERE state = 'failed'"

_UPLOADS = "SELECT upload_id, size FROM uploads WHERE state NOT IN ('joined', 'failed')"

# The same bytes again count for nothing.
_COUNTED = """
SELECT key, CASE WHEN state = 'ready' THEN size ELSE 0 END FROM versions
WHERE state IN ('ready', 'same')
"""

_READABLE = """
SELECT v.attachment_id, v.key, v.number, v.blob_id, b.name, a.removed_by IS NOT NULL AS removed
FROM versions v JOIN attachments a USING (attachment_id) LEFT JOIN blobs b ON b.blob_id = v.blob_id
WHERE v.state = 'ready'
"""

# An example takes a second: to shrink one that fails takes many minutes, which the long run has.
QUICK = settings(
    max_examples=12, stateful_step_count=30, deadline=None, report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck), phases=(Phase.reuse, Phase.generate),
)  # fmt: skip


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes end here, not machines: nobody needs to wait for a disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setattr(os, "fdatasync", lambda _: None)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of breaks are provoked here."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
    structlog.reset_defaults()


@pytest.fixture
def start(postgres: str, tmp_path: Path) -> Iterator[None]:
    global START
    name = f"test_{secrets.token_hex(6)}"

    async def make() -> Start:
        await _admin(postgres, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        url = _with_database(postgres, name)
        mortal = MortalHub(url, tmp_path, TurnableClock(int(time.time() * 1000)))
        await mortal.begin()
        try:
            mortal.http.headers["origin"] = mortal.hub.settings.origin
            link = await mortal.hub.identity.first_owner_link()
            assert link is not None
            accept = {"secret": link.partition("#")[2], **OWNER}
            me = await answer(mortal.http.post("/api/links/accept", json=accept))
            wanted = {"name": "test", "scopes": ["read", "write"]}
            token = (await answer(mortal.http.post("/api/tokens", json=wanted)))["token"]
            threads = [
                (await answer(mortal.http.post("/api/threads", json={"subject": one})))["summary"]
                for one in ("One", "Two")
            ]
        finally:
            await mortal.end()
        return Start(postgres, name, token, [one["thread"] for one in threads], me["uid"])

    START = asyncio.run(make())
    yield
    asyncio.run(_admin(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.mark.timeout(180)
def test_bytes_stay_and_go_whatever_happens(start: None) -> None:
    run_state_machine_as_test(Bytes, settings=QUICK)


@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_bytes_stay_and_go_for_long(start: None) -> None:
    examples = int(os.environ.get("EXAMPLES", "300"))
    long = settings(QUICK, max_examples=examples, stateful_step_count=60, phases=tuple(Phase))
    run_state_machine_as_test(Bytes, settings=long)
