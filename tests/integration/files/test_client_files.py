"""The Python client of files: there and back, over everything that breaks on the way."""

from __future__ import annotations

import asyncio
import fcntl
import io
import json
import os
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import AsyncMock, patch

import pytest

from hub.client import FileClient
from hub.client.patience import Patience
from hub.errors import Conflict, HubError, NotFound, Unauthenticated, Unavailable
from hub.wire.api import Attachment
from hub.wire.pieces import PIECE_BYTES, Hasher
from tests.integration.conftest import Person, Served
from tests.integration.files.test_uploads import some
from tests.support.between import Between
from tests.support.hub_process import HubProcess, answer, token

CLOSED = "connection: close\r\n"


class Desk:
    """Somebody with a client, a thread, and a proxy in between."""

    def __init__(self, served: Served, ada: Person, thread: str, between: Between, folder: Path):
        self.served, self.ada, self.thread, self.between = served, ada, thread, between
        self.folder = folder
        self.copies = folder / "copies"
        self.copies.mkdir()
        self.waits: list[tuple[str, float]] = []
        self.client = self.another()

    def another(self, **more: float) -> FileClient:
        """As a process that is started later would have it."""
        return FileClient(
            self.between.url, self.ada.token, state=self.folder / "state", **more,
            on_wait=lambda error, pause_s: self.waits.append((error.code, pause_s)),
        )  # fmt: skip

    def file(self, data: bytes, name: str = "film.mov") -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    async def posted(self, data: bytes, name: str = "film.mov") -> Attachment:
        sent = await self.client.upload(self.file(data, name), self.thread)
        (attachment,) = await self.client.post(self.thread, [sent])
        return attachment

    def notes(self) -> int:
        return len(list((self.folder / "state").iterdir()))


@pytest.fixture
async def desk(served: Served, tmp_path: Path) -> AsyncIterator[Desk]:
    ada = await served.person("ada")
    async with Between(served.url) as between:
        yield Desk(served, ada, await served.thread(ada), between, tmp_path)


def blob_of(data: bytes) -> str:
    hasher = Hasher()
    hasher.update(data)
    return hasher.finish()


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 5_000_001])
async def test_there_and_back(desk: Desk, size: int) -> None:
    data, seen = some(size), [0]
    path = desk.file(data, "a film.mov")
    sent = await desk.client.upload(
        path, desk.thread, on_progress=lambda done, _: seen.append(done)
    )  # fmt: skip
    assert sent.blob == blob_of(data)
    assert seen == sorted(seen)
    assert seen[-1] == size
    (attachment,) = await desk.client.post(desk.thread, [sent], "Look")
    assert (attachment.name, attachment.versions[0].blob) == ("a film.mov", sent.blob)
    assert attachment.versions[0].type == "video/quicktime"
    got = await desk.client.download(attachment.attachment, target=desk.copies)
    assert got == desk.copies / "a film.mov"
    assert got.read_bytes() == data
    assert os.listdir(desk.copies) == ["a film.mov"]
    assert desk.notes() == 0


async def test_more_files_than_a_message_takes(desk: Desk) -> None:
    paths = [desk.file(some(10, n), f"{n}.bin") for n in range(101)]
    sent = [await desk.client.upload(path, desk.thread) for path in paths]
    # Ended between the two messages: the same again sends nothing twice.
    refused = Unavailable("Gone.", code="timeout")
    ends = patch.object(desk.client, "_message", AsyncMock(side_effect=[[], refused]))
    with ends, pytest.raises(Unavailable):
        await desk.client.post(desk.thread, sent, "The folder")
    assert desk.notes() == 101
    assert [await desk.client.upload(path, desk.thread) for path in paths] == sent
    found = await desk.client.post(desk.thread, sent, "The folder")
    assert [one.name for one in found] == [path.name for path in paths]
    assert desk.notes() == 0
    path = f"/api/threads/{desk.thread}/history"
    history = await answer(desk.ada.http.get(path, params={"limit": 200}))
    messages = [one for one in history["items"] if one["type"] == "message"]
    assert [(one["text"], len(one["files"])) for one in messages] == [("The folder", 100), ("", 1)]


async def test_several_files_in_one_message(desk: Desk) -> None:
    contents = {f"{n}.bin": some(100_000 * n, n) for n in (1, 2, 3)}
    sent = [
        await desk.client.upload(desk.file(data, name), desk.thread)
        for name, data in contents.items()
    ]
    found = await desk.client.post(desk.thread, sent, "All of it")
    assert [one.name for one in found] == list(contents)
    again = await desk.client.post(desk.thread, sent, "All of it")  # the answer was lost, say
    assert [one.attachment for one in again] == [one.attachment for one in found]
    with pytest.raises(Conflict) as refused:
        await desk.client.post(desk.thread, sent, "Other words")
    assert refused.value.code == "upload_used"


async def test_a_message_is_sent_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program ends while it waits for the hub, and is started again."""
    path = desk.file(b"words")
    sent = await desk.client.upload(path, desk.thread)
    stopped = AsyncMock(side_effect=asyncio.CancelledError)
    with monkeypatch.context() as patch:
        patch.setattr(desk.client, "wait_ready", stopped)
        with pytest.raises(asyncio.CancelledError):
            await desk.client.post(desk.thread, [sent], "Look")
    other = desk.another()
    await other.post(desk.thread, [await other.upload(path, desk.thread)], "Look")
    page = await answer(desk.ada.http.get(f"/api/threads/{desk.thread}/history"))
    assert [one["text"] for one in page["items"] if one.get("text")] == ["Look"]
    assert desk.notes() == 0


async def test_a_note_that_outlived_its_message(desk: Desk) -> None:
    """The program died between the message and the end; the same file is wanted once more."""
    path = desk.file(b"words")
    sent = await desk.client.upload(path, desk.thread)
    body = {"files": [{"upload": sent.upload}]}
    await answer(desk.ada.http.post(f"/api/threads/{desk.thread}/messages", json=body))
    with pytest.raises(Conflict) as refused:
        await desk.client.post(desk.thread, [await desk.client.upload(path, desk.thread)])
    assert refused.value.code == "upload_used"
    assert desk.notes() == 0
    again = await desk.client.upload(path, desk.thread)
    assert again.upload != sent.upload
    await desk.client.post(desk.thread, [again])


async def test_a_version_by_its_number(desk: Desk) -> None:
    first = await desk.posted(b"first", "plan.txt")
    sent = await desk.client.upload(desk.file(b"second", "plan.txt"), desk.thread)
    await answer(
        desk.ada.http.post(
            f"/api/threads/{desk.thread}/messages",
            json={"files": [{"upload": sent.upload, "attachment": first.attachment}]},
        )
    )
    found = await desk.client.wait_ready([first.attachment], [sent])
    assert (found[0].number, found[0].count) == (2, 2)
    shown = await desk.client.download(first.attachment, target=desk.copies / "shown")
    old = await desk.client.download(first.attachment, 1, target=desk.copies / "old")
    assert (shown.read_bytes(), old.read_bytes()) == (b"second", b"first")
    with pytest.raises(NotFound) as refused:
        await desk.client.download(first.attachment, 3, target=desk.copies / "none")
    assert refused.value.code == "version_not_found"


async def test_an_open_file_and_another_name(desk: Desk) -> None:
    data = some(300_000)
    sent = await desk.client.upload(io.BytesIO(data), desk.thread, name="../x/scan.pdf")
    (attachment,) = await desk.client.post(desk.thread, [sent])
    assert attachment.name == "scan.pdf"
    got = await desk.client.download(attachment, target=desk.copies)
    assert got.read_bytes() == data


async def test_a_cut_while_sending(desk: Desk) -> None:
    data = some(24_000_000)
    desk.between.up.cut_at = 16_000_000
    attachment = await desk.posted(data)
    assert attachment.versions[0].blob == blob_of(data)
    first, second = map(int, desk.between.said("patch", "upload-offset"))
    assert first == 0
    assert 0 < second <= 16_000_000
    assert len(desk.between.said("head", "tus-resumable")) == 1
    assert [code for code, _ in desk.waits] == ["connection_lost"]


async def test_a_cut_while_fetching(desk: Desk) -> None:
    data = some(8_000_000)
    attachment = await desk.posted(data)
    desk.between.down.cut_at = 5_000_000
    got = await desk.client.download(attachment, target=desk.copies)
    assert got.read_bytes() == data
    (asked,) = desk.between.said("get", "range")
    start = int(asked.removeprefix("bytes=").removesuffix("-"))
    assert 4_000_000 < start <= 5_000_000
    assert desk.between.said("get", "if-range") == [f'"{blob_of(data).lower()}"']


async def test_the_lost_answer_to_the_last_byte(desk: Desk) -> None:
    desk.between.up.cut_at = 1_000_000
    attachment = await desk.posted(some(1_000_000))
    assert attachment.number == 1
    assert len(desk.between.said("head", "tus-resumable")) == 1


async def test_another_process_goes_on_with_both(desk: Desk) -> None:
    data = some(24_000_000)
    path = desk.file(data)
    desk.between.up.cut_at = 16_000_000
    with pytest.raises(Unavailable) as lost:
        await desk.another(patience_s=0).upload(path, desk.thread)
    assert lost.value.code == "connection_lost"
    assert desk.notes() == 1
    seen: list[int] = []
    sent = await desk.another().upload(
        path, desk.thread, on_progress=lambda done, _: seen.append(done)
    )  # fmt: skip
    assert len(desk.between.said("post", "upload-length")) == 1
    assert 0 < seen[0] <= 16_000_000
    assert sent.blob == blob_of(data)
    again = await desk.another().upload(path, desk.thread)  # whole, but in no message
    assert again == sent
    (attachment,) = await desk.client.post(desk.thread, [again])
    assert desk.notes() == 0

    desk.between.down.cut_at = 16_000_000
    with pytest.raises(Unavailable):
        await desk.another(patience_s=0).download(attachment, target=desk.copies)
    assert os.listdir(desk.copies) == ["film.mov.part"]
    have = (desk.copies / "film.mov.part").stat().st_size
    assert 0 < have <= 16_000_000
    got = await desk.another().download(attachment, target=desk.copies)
    assert desk.between.said("get", "range") == [f"bytes={have}-"]
    assert got.read_bytes() == data
    assert desk.notes() == 0


async def test_a_file_that_changed_begins_anew(desk: Desk) -> None:
    path = desk.file(some(24_000_000, 1))
    desk.between.up.cut_at = 16_000_000
    with pytest.raises(Unavailable):
        await desk.another(patience_s=0).upload(path, desk.thread)
    data = some(24_000_000, 2)
    before = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    sent = await desk.another().upload(path, desk.thread)
    assert sent.blob == blob_of(data)
    assert desk.between.said("patch", "upload-offset") == ["0", "0"]
    assert len(desk.between.said("delete", "tus-resumable")) == 1  # its bytes take no space
    (attachment,) = await desk.client.post(desk.thread, [sent])
    assert attachment.versions[0].blob == blob_of(data)


@pytest.mark.parametrize("kept", [0, 24_000_000])
async def test_a_file_that_changes_while_it_is_sent(desk: Desk, kept: int) -> None:
    path = desk.file(some(24_000_000))

    def change(done: int, _: int) -> None:
        if done > 8_000_000:
            with path.open("r+b") as file:
                file.truncate(kept)
            os.utime(path, ns=(1, 1))

    with pytest.raises(Conflict) as changed:
        await desk.client.upload(path, desk.thread, on_progress=change)
    assert changed.value.code == "file_changed"
    assert desk.notes() == 0
    assert len(desk.between.said("delete", "tus-resumable")) == 1


async def test_an_upload_that_was_given_up_begins_anew(desk: Desk) -> None:
    data = some(8_000_000)
    path = desk.file(data)
    desk.between.up.cut_at = 5_000_000
    with pytest.raises(Unavailable):
        await desk.another(patience_s=0).upload(path, desk.thread)
    (note,) = (desk.folder / "state").iterdir()
    first = json.loads(note.read_bytes())["upload"]
    gone = await desk.ada.http.delete(f"/files/{first}", headers={"tus-resumable": "1.0.0"})
    assert gone.status_code == 204
    second = await desk.another().upload(path, desk.thread)
    assert second.upload != first
    (attachment,) = await desk.client.post(desk.thread, [second])
    assert attachment.versions[0].blob == blob_of(data)


async def test_what_the_hub_asks_to_wait_is_waited(desk: Desk) -> None:
    head = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n"
    desk.between.answers = [f"{head}{CLOSED}\r\n".encode()]
    await desk.client.upload(desk.file(b"x"), desk.thread)
    ((code, pause_s),) = desk.waits
    assert (code, pause_s >= 1) == ("unavailable", True)


async def test_other_bytes_are_refused_and_leave_no_file(desk: Desk) -> None:
    data = some(3_000_000)
    attachment = await desk.posted(data)
    at = data.index(data[2_000_000:2_000_016])
    good = data[at : at + 16]
    desk.between.down.alter = lambda part: part.replace(good, b"\0" * 16)
    with pytest.raises(HubError) as refused:
        await desk.client.download(attachment, target=desk.copies)
    assert refused.value.code == "wrong_bytes"
    assert os.listdir(desk.copies) == []
    assert desk.notes() == 0


async def test_a_partial_file_that_rotted_is_fetched_anew(desk: Desk) -> None:
    data = some(3_000_000)
    attachment = await desk.posted(data)
    desk.between.down.cut_at = 2_000_000
    with pytest.raises(Unavailable):
        await desk.another(patience_s=0).download(attachment, target=desk.copies)
    with (desk.copies / "film.mov.part").open("r+b") as file:
        file.write(b"\0" * 100)
    got = await desk.client.download(attachment, target=desk.copies)
    assert got.read_bytes() == data


async def test_other_bytes_on_the_hub_are_noticed(desk: Desk) -> None:
    data = some(100_000)
    desk.between.up.alter = lambda part: part.replace(data[50_000:50_016], b"\0" * 16)
    with pytest.raises(HubError) as refused:
        await desk.posted(data)
    assert refused.value.code == "wrong_bytes"


async def test_what_is_there_stays(desk: Desk) -> None:
    attachment = await desk.posted(b"new", "plan.txt")
    there = desk.copies / "plan.txt"
    there.write_bytes(b"mine")
    with pytest.raises(Conflict) as refused:
        await desk.client.download(attachment, target=desk.copies)
    assert refused.value.code == "file_exists"
    assert there.read_bytes() == b"mine"
    await desk.client.download(attachment, target=desk.copies, force=True)
    assert there.read_bytes() == b"new"
    assert os.listdir(desk.copies) == ["plan.txt"]


async def test_what_comes_meanwhile_stays(desk: Desk) -> None:
    attachment = await desk.posted(b"new", "plan.txt")
    there = desk.copies / "plan.txt"
    with pytest.raises(Conflict) as refused:
        await desk.client.download(
            attachment, target=desk.copies, on_progress=lambda *_: bool(there.write_bytes(b"mine"))
        )
    assert refused.value.code == "file_exists"
    assert there.read_bytes() == b"mine"


@pytest.mark.parametrize("link", [False, True])
async def test_a_partial_file_of_somebody_else_stays(desk: Desk, link: bool) -> None:
    attachment = await desk.posted(b"new", "plan.txt")
    theirs = desk.folder / "theirs"
    theirs.write_bytes(b"theirs")
    part = desk.copies / "plan.txt.part"
    if link:
        part.symlink_to(theirs)
    else:
        part.write_bytes(b"theirs")
    with pytest.raises(Conflict) as refused:
        await desk.client.download(attachment, target=desk.copies)
    assert refused.value.code == "file_exists"
    assert part.read_bytes() == b"theirs"


async def test_two_at_once_do_not_write_one_file(desk: Desk) -> None:
    attachment = await desk.posted(some(2_000_000))
    part = desk.copies / "film.mov.part"

    class Stop(Exception):
        pass

    def stop(done: int, _: int) -> None:
        if done > 0:
            raise Stop

    with pytest.raises(Stop):
        await desk.client.download(attachment, target=desk.copies, on_progress=stop)
    with part.open("rb") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        with pytest.raises(Conflict) as refused:
            await desk.client.download(attachment, target=desk.copies)
    assert refused.value.code == "already_fetching"
    await desk.client.download(attachment, target=desk.copies)


async def test_the_codes_of_the_hub(desk: Desk) -> None:
    path = desk.file(b"x")
    stranger = FileClient(desk.between.url, "wrong", state=desk.folder / "state")
    with pytest.raises(Unauthenticated) as refused:
        await stranger.upload(path, desk.thread)
    assert refused.value.code == "bad_token"
    with pytest.raises(NotFound) as missing:
        await desk.client.upload(path, "r_none")
    assert missing.value.code == "thread_not_found"
    with pytest.raises(NotFound) as missing:
        await desk.client.download("a_none/../x", target=desk.copies)
    assert missing.value.code in ("attachment_not_found", "not_found")
    with pytest.raises(HubError) as local:
        await desk.client.upload(desk.folder / "none", desk.thread)
    assert local.value.code == "local_file"
    desk.between.answers = [b"220 mail.example ESMTP\r\n"]
    with pytest.raises(HubError) as other:
        await desk.client.attachment("a_none")
    assert other.value.code == "bad_answer"
    assert desk.waits == []


@pytest.mark.parametrize("url", ["", "ftp://hub.example", "http://", "http://a b", "http://a:x"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(HubError) as refused:
        FileClient(url, "token")
    assert refused.value.code == "bad_address"


async def test_over_tls(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = tmp_path / "hub.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=hub"
    await asyncio.to_thread(
        subprocess.run,
        ["openssl", *words.split(), "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", certificate, "-out", tmp_path / "public.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "public.pem", certificate)
    data = some(3_000_000)
    async with Between(desk.served.url, tls) as desk.between:
        with pytest.raises(HubError) as refused:
            await desk.another().upload(desk.file(data), desk.thread)
        assert refused.value.code == "bad_certificate"
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "public.pem"))
        desk.client = desk.another()
        desk.between.up.cut_at = 2_000_000
        attachment = await desk.posted(data)
        desk.between.down.cut_at = 2_000_000
        got = await desk.client.download(attachment, target=desk.copies)
        assert got.read_bytes() == data
        assert len(desk.waits) == 2


async def test_no_patience_is_lost_while_it_goes_well(desk: Desk) -> None:
    """What counts is how long nothing moved, not how long it took."""
    loop = asyncio.get_running_loop()
    patience = Patience(5.0)
    late_s = loop.time() + 3600
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "time", lambda: late_s)
        patch.setattr(asyncio, "sleep", AsyncMock())
        error = Unavailable(retry_after_s=2)
        await patience.wait(error)
        late_s += 2
        await patience.wait(error)
        late_s += 2
        with pytest.raises(Unavailable):
            await patience.wait(error)
        patience.moved()
        await patience.wait(error)


async def test_old_notes_are_forgotten(desk: Desk) -> None:
    await desk.client.upload(desk.file(b"old", "old"), desk.thread)
    (note,) = (desk.folder / "state").iterdir()
    os.utime(note, (1, 1))
    await desk.client.upload(desk.file(b"new", "new"), desk.thread)
    assert desk.notes() == 1
    assert not note.exists()


async def test_a_pipe_is_no_file(desk: Desk) -> None:
    os.mkfifo(desk.folder / "pipe")
    with pytest.raises(HubError) as refused:
        await desk.client.upload(desk.folder / "pipe", desk.thread)
    assert refused.value.code == "local_file"


async def test_words_of_a_strange_hub_do_not_move_the_cursor(desk: Desk) -> None:
    body = b'{"type":"","title":"","status":409,"detail":"a\\u001b[2Jb","code":"x\\u001b"}'
    head = f"HTTP/1.1 409 Conflict\r\ncontent-length: {len(body)}\r\n{CLOSED}\r\n"
    desk.between.answers = [head.encode() + body]
    with pytest.raises(Conflict) as refused:
        await desk.client.attachment("a_x")
    assert (refused.value.code, refused.value.detail) == ("conflict", "a [2Jb")


@pytest.mark.timeout(120)
async def test_a_hub_that_is_killed_and_comes_back(tmp_path: Path) -> None:
    data = some(48_000_000)
    path = tmp_path / "film.mov"
    path.write_bytes(data)
    async with (
        HubProcess(tmp_path / "data", HUB_KEEP_FREE_BYTES="0") as hub,
        Between(hub.url) as between,
    ):
        browser = await hub.first_owner()
        made = await answer(browser.post("/api/threads", json={"subject": "Films"}))
        thread = made["summary"]["thread"]
        waits: list[str] = []
        client = FileClient(
            between.url, await token(browser), state=tmp_path / "state",
            on_wait=lambda error, _: waits.append(error.code),
        )  # fmt: skip
        between.up.hold_at = 40_000_000  # the hub notes what is on disk every 32 MiB
        sending = asyncio.create_task(client.upload(path, thread))
        await between.up.held.wait()
        between.up.hold_at = None
        # A message may go before its file; so it tells how much of that is on disk.
        (note,) = (json.loads(one.read_bytes()) for one in (tmp_path / "state").iterdir())
        body = {"files": [{"upload": note["upload"]}]}
        posted = await answer(browser.post(f"/api/threads/{thread}/messages", json=body))
        (attachment,) = posted["attachments"]
        while not (await client.attachment(attachment)).versions[0].received:
            pass
        await hub.kill()
        await hub.start()
        sent = await sending
        await client.wait_ready([attachment], [sent])
        offsets = list(map(int, between.said("patch", "upload-offset")))
        assert offsets[0] == 0
        assert 0 < offsets[-1] <= 40_000_000
        assert waits

        between.down.hold_at = 12_000_000
        fetching = asyncio.create_task(client.download(attachment, target=tmp_path / "copy"))
        await between.down.held.wait()
        between.down.hold_at = None
        await hub.kill()
        await hub.start()
        assert (await fetching).read_bytes() == data
        assert len(between.said("get", "range")) >= 1
        await browser.aclose()
