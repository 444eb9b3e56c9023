"""What is shown of files: a real hub, a real sandbox, real decoders."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pillow_heif
import pytest
from PIL import Image

from hub.api.hub import Hub
from hub.doctor import examine
from hub.files.previews import service
from hub.files.previews.service import SANDBOX_TRIES, Made
from hub.files.scanning.probes import eicar
from hub.files.scanning.service import TELL
from hub.mail.rebuild import rebuild_projections
from hub.sandbox import walls
from hub.sandbox.frames import Reason
from hub.sandbox.walls import Failed, Outcome, Sandbox, WallUnknown
from hub.settings import Settings
from hub.storage import previews, verdicts
from hub.storage.projection import Projector
from tests.conftest import TurnableClock
from tests.integration.conftest import Served, serve
from tests.integration.files.previews import pictures
from tests.integration.files.previews.test_text import docx
from tests.integration.files.test_attachments import Room, ben_joins
from tests.integration.files.test_keeping import Days
from tests.integration.files.test_uploads import problem, some
from tests.support.hub_process import answer
from tests.support.scanners import ClamdProcess

pillow_heif.register_heif_opener()

SANDBOXED = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
THREE = pictures.pdf(["First words", "Second words", "Third words"])
SCRIPT = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


class Watched(Sandbox):
    """A real one. Notes what it is asked for, waits at the gate, fails where it is told to."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.fails: dict[str, list[Reason]] = {}
        self.started = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.made: asyncio.Queue[Made] = asyncio.Queue()
        self._before = hub.previews.on_preview
        hub.previews._sandbox = self
        hub.previews.on_preview = self._note

    def _note(self, made: Made) -> None:
        self.made.put_nowait(made)
        assert self._before is not None
        self._before(made)

    async def run(self, kind: str, source: Path | bytes, *args: Any, **more: Any) -> Outcome:
        self.asked.append(kind)
        self.started.set()
        await self.gate.wait()
        if self.fails.get(kind):
            return Failed(self.fails[kind].pop())
        return await super().run(kind, source, *args, **more)

    def told(self) -> list[tuple[str, str]]:
        """Threads and keys that were told since the last time."""
        return [self.made.get_nowait()[:2] for _ in range(self.made.qsize())]


@pytest.fixture
async def room(served: Served) -> AsyncIterator[Room]:
    ada = await served.person("ada")
    room = Room(served, ada, await served.thread(ada))
    yield room
    await room.settle()
    report = await rebuild_projections(served.hub.database, Projector(served.url))
    assert report.changed == []


async def preview(room: Room, attachment: str) -> dict[str, Any] | None:
    (version, *_) = (await room.attachment(attachment))["versions"]
    found: dict[str, Any] | None = version.get("preview")
    # The list says the same.
    for one in (await room.listed())["attachments"]:
        if one["attachment"] == attachment:
            assert one["versions"][0].get("preview") == found
    return found


async def get(room: Room, attachment: str, part: str, **headers: str) -> httpx.Response:
    path = f"/api/attachments/{attachment}/versions/1/preview/{part}"
    found = await room.http.get(path, headers=headers)
    if found.is_success:
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["content-security-policy"] == SANDBOXED
        assert found.headers["cache-control"] == "private, no-cache"
    return found


async def picture(room: Room, attachment: str, part: str) -> Image.Image:
    found = await get(room, attachment, part)
    assert found.is_success, found.text
    assert found.headers["content-type"] == "image/webp"
    assert len(found.content) == int(found.headers["content-length"])
    return Image.open(io.BytesIO(found.content), formats=["WEBP"])


async def test_a_turned_photo_is_shown_upright(room: Room) -> None:
    big = pictures.turned(6).resize((800, 1200))
    data = pictures.written(big, "JPEG", exif=pictures.placed(6))
    file = await room.send(data, "photo.jpg")
    assert await preview(room, file) == {
        "kind": "image", "parts": ["thumb"], "width": 1200, "height": 800,
    }  # fmt: skip
    thumb = await picture(room, file, "thumb")
    assert thumb.size == (480, 320)
    assert pictures.seen(thumb) == ["red", "lime", "blue", "white"]
    assert not thumb.getexif()
    for part in ("view", "text", "pdf", "page-1", "nonsense", "page-0"):
        assert problem(await get(room, file, part)) == (404, "preview_not_found")


async def test_a_browser_gets_a_view_of_what_it_cannot_show(room: Room) -> None:
    data = pictures.written(pictures.corners(3000, 2000), "HEIF")
    file = await room.send(data, "photo.heic")
    found = await preview(room, file)
    assert found is not None
    assert (found["kind"], found["parts"]) == ("image", ["thumb", "view"])
    assert (await picture(room, file, "thumb")).size == (480, 320)
    view = await picture(room, file, "view")
    assert view.size == (2048, 1365)
    assert pictures.seen(view) == ["red", "lime", "blue", "white"]


async def test_pages_are_made_when_somebody_asks_and_once(room: Room) -> None:
    watched = Watched(room.served.hub)
    file = await room.send(THREE, "three.pdf")
    assert await preview(room, file) == {
        "kind": "pdf", "parts": ["text", "thumb"], "pages": 3,
    }  # fmt: skip
    assert (await picture(room, file, "thumb")).width == 480
    text = await get(room, file, "text")
    assert text.text.split("\f")[:3] == ["First words", "Second words", "Third words"]
    assert watched.asked == ["pdf"]
    watched.gate.clear()
    both = [asyncio.create_task(picture(room, file, "page-2")) for _ in range(2)]
    watched.started.clear()
    await watched.started.wait()
    watched.gate.set()
    one, two = await asyncio.gather(*both)
    assert one.size == two.size == (1600, 2071)
    assert one.tobytes() == two.tobytes()
    assert watched.asked == ["pdf", "pdf"]
    await picture(room, file, "page-2")
    assert watched.asked == ["pdf", "pdf"]
    assert (await picture(room, file, "page-3")).width == 1600
    for beyond in ("page-4", "page-0", "page-999999", "page--1", "page-01"):
        assert problem(await get(room, file, beyond)) == (404, "preview_not_found")
    # Which pages somebody looked at is nobody's business.
    assert (await preview(room, file) or {})["parts"] == ["text", "thumb"]


async def test_who_leaves_takes_nobody_else_s_page_along(room: Room) -> None:
    hub = room.served.hub
    file = await room.send(THREE, "three.pdf")
    (version,) = (await room.attachment(file))["versions"]
    async with hub.database.acquire() as connection:
        shown = await previews.of_version(connection, version["key"])
    assert shown is not None
    watched = Watched(hub)
    watched.gate.clear()
    gone, stays = [asyncio.create_task(hub.previews.part(shown, "page-1")) for _ in range(2)]
    await watched.started.wait()
    gone.cancel()
    watched.gate.set()
    assert (await stays).part == "page-1"
    assert gone.cancelled()
    assert watched.asked == ["pdf"]


@pytest.mark.parametrize(
    ("reason", "status"),
    [("too_large", 422), ("timeout", 422), ("damaged", 422), ("unsupported", 422),
     ("sandbox", 503)],
)  # fmt: skip
async def test_a_page_says_why_it_is_not_there(room: Room, reason: Reason, status: int) -> None:
    file = await room.send(THREE, "three.pdf")
    watched = Watched(room.served.hub)
    watched.fails["pdf"] = [reason]
    assert problem(await get(room, file, "page-1")) == (status, f"preview_{reason}")
    assert (await picture(room, file, "page-1")).width == 1600


async def test_a_browser_keeps_what_has_not_changed(room: Room) -> None:
    file = await room.send(THREE, "three.pdf")
    for part in ("thumb", "text", "page-1"):
        tag = (await get(room, file, part)).headers["etag"]
        again = await get(room, file, part, **{"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")
        other = await get(room, file, part, **{"if-none-match": '"other"'})
        assert other.status_code == 200


async def test_text_in_any_writing(room: Room) -> None:
    file = await room.send("Grüße\r\n".encode("utf-16"), "hello.txt")
    assert await preview(room, file) == {"kind": "text", "parts": ["text"]}
    found = await get(room, file, "text")
    assert found.headers["content-type"] == "text/plain; charset=utf-8"
    assert found.content.decode() == "Grüße\n"
    long = await room.send(b"x" * (3 << 20), "long.md")
    assert await preview(room, long) == {"kind": "markdown", "parts": ["text"], "truncated": True}
    assert len((await get(room, long, "text")).content) == 2 << 20
    # PostgreSQL has no such character.
    odd = await room.send("a\0b".encode("utf-16"), "odd.txt")
    assert (await get(room, odd, "text")).text == "a\N{REPLACEMENT CHARACTER}b"
    empty = await room.send(b"", "empty.txt")
    assert (await get(room, empty, "text")).content == b""


@pytest.mark.parametrize(("data", "name"), [(SCRIPT, "page.html"), (SVG, "drawing.svg")])
async def test_what_runs_scripts_is_shown_as_text(room: Room, data: bytes, name: str) -> None:
    file = await room.send(data, name)
    assert await preview(room, file) == {"kind": "code", "parts": ["text"]}
    found = await get(room, file, "text")
    assert found.headers["content-type"] == "text/plain; charset=utf-8"
    assert found.content == data
    assert problem(await get(room, file, "thumb")) == (404, "preview_not_found")
    whole = await room.http.get(f"/api/attachments/{file}/versions/1")
    assert whole.headers["content-disposition"].startswith("attachment;")


async def test_words_of_an_office_document_need_no_libreoffice(room: Room) -> None:
    watched = Watched(room.served.hub)
    watched.fails["office_pdf"] = ["unsupported"]
    file = await room.send(docx("<w:p><w:r><w:t>Offer of May</w:t></w:r></w:p>"), "offer.docx")
    assert await preview(room, file) == {"kind": "office", "parts": ["text"]}
    assert (await get(room, file, "text")).text == "Offer of May\n"


@pytest.mark.timeout(120)
async def test_pages_of_an_office_document(room: Room) -> None:
    """With LibreOffice in bubblewrap; else its words alone."""
    file = await room.send(docx("<w:p><w:r><w:t>Offer of May</w:t></w:r></w:p>"), "offer.docx")
    found = await preview(room, file)
    assert found is not None
    assert "text" in found["parts"]
    if "pdf" not in found["parts"]:
        pytest.skip("no LibreOffice in bubblewrap here")
    assert found == {"kind": "office", "parts": ["pdf", "text", "thumb"], "pages": 1}
    pdf = await get(room, file, "pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-")
    assert (await picture(room, file, "page-1")).width == 1600
    assert problem(await get(room, file, "page-2")) == (404, "preview_not_found")


async def test_a_bomb_is_a_reason_and_still_a_file(room: Room) -> None:
    bomb = pictures.png_bomb()
    file = await room.send(bomb, "bomb.png")
    assert await preview(room, file) == {"kind": "image", "parts": [], "reason": "too_large"}
    assert problem(await get(room, file, "thumb")) == (404, "preview_not_found")
    assert await room.bytes_of(file, 1) == bomb


async def test_what_is_too_large_is_not_copied(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_BYTES", 1000)
    watched = Watched(room.served.hub)
    file = await room.send(b"x" * 1001, "long.txt")
    assert await preview(room, file) == {"kind": "text", "parts": [], "reason": "too_large"}
    assert watched.asked == []


async def test_bytes_of_no_kind_have_a_preview_that_says_so(room: Room) -> None:
    watched = Watched(room.served.hub)
    file = await room.send(b"\0" + some(1000), "a.bin")
    assert await preview(room, file) == {"kind": "none", "parts": []}
    film = await room.send(b"\x1a\x45\xdf\xa3" + some(1000), "a.webm")
    assert await preview(room, film) == {"kind": "video", "parts": []}
    assert watched.asked == []


async def test_a_sandbox_that_fails_is_tried_again(room: Room) -> None:
    watched = Watched(room.served.hub)
    watched.fails["text"] = ["sandbox"]
    file = await room.send(b"hello", "a.txt")
    async with asyncio.timeout(15):
        await watched.made.get()
    assert await preview(room, file) == {"kind": "text", "parts": ["text"]}
    assert watched.asked == ["text", "text"]


async def test_a_sandbox_that_fails_for_good_is_a_reason(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SANDBOX_TRIES", 1)
    watched = Watched(room.served.hub)
    watched.fails["text"] = ["sandbox"]
    file = await room.send(b"hello", "a.txt")
    assert await preview(room, file) == {"kind": "text", "parts": [], "reason": "sandbox"}
    # The same again, on a better day.
    again = await room.send(b"hello", "a.txt")
    assert await preview(room, again) == {"kind": "text", "parts": ["text"]}


async def test_nobody_learns_that_another_thread_has_the_same_bytes(room: Room) -> None:
    watched = Watched(room.served.hub)
    first = await room.send(THREE, "three.pdf")
    (first_key,) = [one["key"] for one in (await room.attachment(first))["versions"]]
    await picture(room, first, "page-2")
    assert watched.told() == [(room.thread, first_key)]
    watched.asked.clear()
    other = Room(room.served, room.person, await room.served.thread(room.person))
    watched.gate.clear()
    watched.started.clear()
    key = await other.upload(THREE, "three.pdf")
    said = await other.says("", {"upload": key})
    (second,) = said["attachments"]
    await watched.started.wait()
    assert (await other.attachment(second))["versions"][0]["state"] == "ready"
    assert await preview(other, second) is None
    for part in ("thumb", "text", "page-2"):
        assert problem(await get(other, second, part)) == (404, "preview_not_found")
    watched.gate.set()
    await other.settle()
    assert watched.asked == ["pdf"]  # all the work again
    assert await preview(other, second) == await preview(room, first)
    # The first thread does not hear of it.
    assert watched.told() == [(other.thread, key)]
    # A page, too, takes as long as if nobody had looked at it.
    assert (await picture(other, second, "page-2")).width == 1600
    assert watched.asked == ["pdf", "pdf"]
    await picture(other, second, "page-2")
    assert watched.asked == ["pdf", "pdf"]


async def test_an_upload_begun_before_the_other_ended_learns_nothing(room: Room) -> None:
    watched = Watched(room.served.hub)
    other = Room(room.served, room.person, await room.served.thread(room.person))
    url = await other.begin(len(THREE), "three.pdf")
    said = await other.says("", {"upload": url.rpartition("/")[2]})
    await room.send(THREE, "three.pdf")
    watched.gate.clear()
    watched.started.clear()
    await other.patch(url, 0, THREE)
    await watched.started.wait()
    assert await preview(other, said["attachments"][0]) is None
    watched.gate.set()
    await other.settle()
    assert await preview(other, said["attachments"][0]) is not None


async def test_what_is_sent_on_is_shown_without_new_work(room: Room) -> None:
    watched = Watched(room.served.hub)
    first = await room.send(THREE, "three.pdf")
    other = Room(room.served, room.person, await room.served.thread(room.person))
    said = await other.says("", {"source": first})
    await other.settle()
    (file,) = said["attachments"]
    assert await preview(other, file) == await preview(room, first)
    assert watched.asked == ["pdf"]
    assert [thread for thread, _ in watched.told()] == [room.thread, other.thread]


async def test_the_same_bytes_are_taken_as_each_thread_calls_them(room: Room) -> None:
    code, text, office = [
        await room.send(data, name)
        for data, name in [
            (b"print()\n", "a.py"), (b"print()\n", "a.txt"),
            (docx("<w:p><w:r><w:t>x</w:t></w:r></w:p>"), "offer.zip"),
        ]
    ]  # fmt: skip
    kinds = [(await preview(room, one) or {})["kind"] for one in (code, text, office)]
    assert kinds == ["code", "text", "none"]
    assert (await get(room, code, "text")).text == (await get(room, text, "text")).text


async def test_who_may_not_read_the_file_does_not_get_its_preview(room: Room) -> None:
    file = await room.send(THREE, "three.pdf")
    eve = room.of(await room.served.person("eve", room.person))
    ben = await ben_joins(room, "reader")
    for part in ("thumb", "text", "page-1", "nonsense"):
        assert problem(await get(eve, file, part)) == (404, "attachment_not_found")
    assert (await picture(ben, file, "thumb")).width == 480
    path = f"/api/threads/{room.thread}"
    await answer(room.http.patch(path, json={"history": "joined"}))
    for part in ("thumb", "text", "page-1"):
        assert problem(await get(ben, file, part))[0] == 404
    nobody = room.served.browser()
    asked = await nobody.get(f"/api/attachments/{file}/versions/1/preview/thumb")
    assert asked.status_code == 401
    await room.http.delete(f"/api/attachments/{file}")
    assert problem(await get(room, file, "thumb")) == (404, "version_not_found")


async def test_parts_go_with_their_blob(room: Room) -> None:
    days = Days(room.served.hub)
    file = await room.send(THREE, "three.pdf")
    await picture(room, file, "page-1")
    assert len(await days.stored()) == 3  # the file, the thumb, a page
    await days.pass_(2)
    assert (await picture(room, file, "thumb")).width == 480
    assert len(await days.stored()) == 3
    await room.http.delete(f"/api/attachments/{file}")
    await days.pass_(5)
    await days.pass_(2)
    assert await days.stored() == []
    async with room.served.hub.database.acquire() as connection:
        for table in ("previews", "preview_parts", "version_previews"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_what_came_before_there_were_previews_gets_them(room: Room) -> None:
    file = await room.send(THREE, "three.pdf")
    async with room.served.hub.database.acquire() as connection:
        await connection.execute("DELETE FROM previews")
    assert await preview(room, file) is None
    await room.served.hub.previews.begin()
    await room.settle()
    assert (await preview(room, file) or {})["pages"] == 3


@pytest.mark.timeout(120)
async def test_nothing_is_decoded_before_a_scanner_has_spoken(
    database_url: str, mortal_clamd: ClamdProcess
) -> None:
    mortal_clamd.kill()
    async with serve(database_url, clamd=f"127.0.0.1:{mortal_clamd.port}") as served:
        ada = await served.person("ada")
        room = Room(served, ada, await served.thread(ada))
        watched = Watched(served.hub)
        bad = await room.send(eicar(), "bad.txt")
        good = await room.send(THREE, "three.pdf")
        await served.hub.previews.begin()
        await room.settle()
        assert await preview(room, good) is None
        assert watched.asked == []
        mortal_clamd.start()
        async with asyncio.timeout(50):
            await watched.made.get()
        # Of both there is a verdict once the jobs that wait for a clamd have run.
        assert (await picture(room, good, "thumb")).width == 480
        async with asyncio.timeout(50):
            while problem(await get(room, bad, "text")) != (403, "file_blocked"):
                await room.settle()
        assert await preview(room, bad) is None
        assert watched.asked == ["pdf"]
        # What turns out to be bad later is shown no more.
        await judge(room, good, "blocked")
        assert await preview(room, good) is None
        for part in ("thumb", "text", "page-1"):
            assert problem(await get(room, good, part)) == (403, "file_blocked")
        await judge(room, good, "clean")
        assert (await preview(room, good) or {})["pages"] == 3


async def judge(room: Room, attachment: str, result: str) -> None:
    """What a scanner says with other signatures."""
    (version,) = (await room.attachment(attachment))["versions"]
    now = datetime.now(UTC)
    async with room.served.hub.database.transaction() as connection:
        await verdicts.put(connection, version["blob"], "A", "1", result, "Virus", "A 1", now)
        await room.served.hub.jobs.put(connection, TELL, version["blob"])
    await room.settle()


async def test_a_busy_machine_makes_the_preview_later(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it was tried; no reason stands in its place."""
    hub = room.served.hub
    hub.jobs._clock = clock = TurnableClock(hub.clock.now_ms())
    busy = Mock(side_effect=WallUnknown("bubblewrap did not answer in 10 s"))
    with monkeypatch.context() as patch:
        patch.setattr(walls, "_wall", busy)
        file = await room.send(pictures.written(pictures.corners(90, 60), "PNG"), "a.png")
        for tries in range(2, SANDBOX_TRIES + 2):
            clock.advance(60)
            await room.settle()
            assert busy.call_count == tries
        assert await preview(room, file) is None
    clock.advance(60)
    await room.settle()
    found = await preview(room, file)
    assert found is not None
    assert found["parts"] == ["thumb"]


async def test_the_doctor_names_the_wall(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.from_environ({}, database_url=database_url, data_dir=tmp_path)
    for wall, verdict, word in [
        ("bubblewrap", "good", "bubblewrap"), ("landlock", "good", "landlock"),
        ("rlimits", "warning", "no wall"),
    ]:  # fmt: skip
        monkeypatch.setattr("hub.doctor.sandbox_kind", lambda wall=wall: wall)
        (found,) = [one for one in await examine(settings) if one.about == "previews"]
        assert (found.verdict, word in found.words) == (verdict, True)


async def test_a_page_that_cannot_be_read_costs_only_itself(room: Room) -> None:
    # The second of three pages is none.
    broken = THREE.replace(b"/Kids[4 0 R 6 0 R 8 0 R]", b"/Kids[4 0 R 5 0 R 8 0 R]")
    assert broken != THREE
    file = await room.send(broken, "three.pdf")
    made = await preview(room, file) or {}
    assert made["parts"] == ["text", "thumb"], made
    text = (await get(room, file, "text")).text
    assert "First words" in text
    assert "Third words" in text


async def test_nobody_looks_through_so_many_pages(room: Room) -> None:
    kids = b" ".join([b"4 0 R"] * 5000)
    many = THREE.replace(b"/Count 3/Kids[4 0 R 6 0 R 8 0 R]", b"/Count 5000/Kids[%s]" % kids)
    file = await room.send(many, "many.pdf")
    assert (await preview(room, file) or {})["pages"] == 2000
    assert problem(await get(room, file, "page-2001")) == (404, "preview_not_found")


async def test_what_rotted_says_so_instead_of_waiting(room: Room) -> None:
    file = await room.send(b"words" * 1000, "a.txt")
    hub = room.served.hub
    async with hub.database.acquire() as connection:
        await connection.execute("DELETE FROM previews")
        place = await connection.fetchval("SELECT name FROM blobs")
    path = hub.blobs.path_of(place)  # type: ignore[attr-defined]
    path.write_bytes(b"WORDS" * 1000)
    await hub.previews.begin()
    await room.settle()
    assert (await preview(room, file) or {})["reason"] == "damaged"
