"""Versions of a file that come from elsewhere while people edit it."""

from __future__ import annotations

from typing import Any

from tests.integration.conftest import judge
from tests.integration.editing.conftest import Desk, edit, words
from tests.integration.files.test_attachments import ben_joins
from tests.integration.files.test_uploads import problem
from tests.support.hub_process import answer

NOTES = b"# Plan\n\none\ntwo\nthree\n"


async def bring(desk: Desk, file: str, data: bytes) -> None:
    """Another version, from elsewhere."""
    await desk.says("", {"upload": await desk.upload(data, "notes.txt"), "attachment": file})
    await desk.settle()


def typed(at: int, text: str) -> Any:
    return lambda opened: opened.text.insert(at, text)


async def merge(desk: Desk, document: str, version: int, take: str) -> dict[str, Any]:
    path = f"/api/documents/{document}/merge"
    return await answer(desk.http.post(path, json={"version": version, "take": take}))  # type: ignore[no-any-return]


async def test_what_came_from_elsewhere_comes_in(desk: Desk) -> None:
    file = await desk.send(NOTES, "notes.txt")
    document = (await desk.open(file))["document"]
    ben = desk.at(await ben_joins(desk))
    await edit(ben, document, typed(8, "ben "))
    async with desk.live() as client:
        opened = await client.open_document(document)
        await opened.synced()
        await bring(desk, file, b"# The plan\n\none\ntwo\nthree\nfour\n")
        # Who has it open sees it come.
        await opened.until(lambda: "four" in str(opened.text))
    assert await words(desk, document) == "# The plan\n\nben one\ntwo\nthree\nfour\n"
    state = await desk.file(document)
    assert (state["number"], state["shown"], state["merged"]) == (2, 2, 2)
    assert (state["waits"], state["merging"], state["unsaved"]) == (False, False, True)
    event = (await desk.history())["items"][-1]
    assert (event["type"], event["data"]["changes"]) == ("document.merge", 2)
    saved = await desk.save(document)
    assert saved["number"] == 3
    assert await desk.bytes_of(file, 3) == b"# The plan\n\nben one\ntwo\nthree\nfour\n"
    assert (await desk.file(document))["merged"] is None


async def test_who_changed_nothing_has_the_new_version(desk: Desk) -> None:
    file = await desk.send(NOTES, "notes.txt")
    document = (await desk.open(file))["document"]
    await bring(desk, file, b"other\r\n")
    assert await words(desk, document) == "other\n"
    state = await desk.file(document)
    assert (state["number"], state["unsaved"], state["merged"]) == (2, False, 1)
    assert (await desk.save(document))["changed"] is False
    await edit(desk, document, typed(0, "x\n"))
    assert (await desk.save(document))["number"] == 3
    assert await desk.bytes_of(file, 3) == b"x\r\nother\r\n"


async def test_what_came_in_goes_out_again(desk: Desk) -> None:
    file = await desk.send(NOTES, "notes.txt")
    document = (await desk.open(file))["document"]
    await edit(desk, document, typed(8, "ada "))
    await bring(desk, file, b"# The plan\n\none\ntwo\nthree\nfour\n")
    await edit(desk, document, typed(0, "top\n"))
    assert await merge(desk, document, 2, "none") == {"changes": 2, "conflicts": 0}
    assert await words(desk, document) == "top\n# Plan\n\nada one\ntwo\nthree\n"
    state = await desk.file(document)
    assert (state["number"], state["shown"], state["waits"]) == (1, 2, False)
    # They have chosen: it is saved over version 2, which stays.
    assert (await desk.save(document))["number"] == 3
    assert await desk.bytes_of(file, 3) == b"top\n# Plan\n\nada one\ntwo\nthree\n"
    answer_ = await desk.http.post(
        f"/api/documents/{document}/merge", json={"version": 2, "take": "all"}
    )
    assert problem(answer_) == (409, "not_waiting")


async def test_where_both_changed_the_same_somebody_chooses(desk: Desk) -> None:
    for take, line in (("ours", "ada"), ("theirs", "ben")):
        file = await desk.send(NOTES, "notes.txt")
        document = (await desk.open(file))["document"]
        await edit(desk, document, typed(8, "ada"))
        await bring(desk, file, b"# Plan\n\nbenone\ntwo\nthree\nfour\n")
        assert await words(desk, document) == "# Plan\n\nadaone\ntwo\nthree\n"
        state = await desk.file(document)
        assert (state["number"], state["shown"], state["waits"]) == (1, 2, True)
        refused = await desk.http.post(f"/api/documents/{document}/save", json={})
        assert problem(refused) == (409, "other_version")
        refused = await desk.http.post(
            f"/api/documents/{document}/merge", json={"version": 2, "take": "all"}
        )
        assert problem(refused) == (409, "both_changed")
        assert (await merge(desk, document, 2, take))["conflicts"] == 0
        assert await words(desk, document) == f"# Plan\n\n{line}one\ntwo\nthree\nfour\n"
        # With theirs it says just what version 2 says.
        assert (await desk.save(document))["number"] == (3 if take == "ours" else 2)


async def test_a_version_may_stay_beside(desk: Desk) -> None:
    file = await desk.send(NOTES, "notes.txt")
    document = (await desk.open(file))["document"]
    await edit(desk, document, typed(8, "ada"))
    await bring(desk, file, b"# Plan\n\nbenone\n")
    other = await desk.open(file)
    assert (other["document"] != document, other["file"]["number"]) == (True, 2)
    assert await merge(desk, document, 2, "none") == {"changes": 0, "conflicts": 0}
    assert (await desk.save(document))["number"] == 3
    # The other document hears of that version.
    await desk.settle()
    state = await desk.file(other["document"])
    assert (state["number"], state["shown"]) == (3, 3)
    assert await words(desk, other["document"]) == "# Plan\n\nadaone\ntwo\nthree\n"


async def test_restoring_a_version_is_one_from_elsewhere(desk: Desk) -> None:
    file = await desk.send(NOTES, "notes.txt")
    document = (await desk.open(file))["document"]
    await edit(desk, document, typed(0, "x"))
    await desk.save(document)
    for number, text in ((1, NOTES), (2, b"x" + NOTES), (1, NOTES)):
        changed = await desk.http.patch(f"/api/attachments/{file}", json={"number": number})
        assert changed.is_success
        await desk.settle()
        assert await words(desk, document) == text.decode()
        state = await desk.file(document)
        assert (state["number"], state["unsaved"]) == (number, False)


async def test_a_reader_decides_nothing(desk: Desk) -> None:
    file = await desk.send(NOTES, "notes.txt")
    document = (await desk.open(file))["document"]
    await bring(desk, file, b"other\n")
    ben = desk.at(await ben_joins(desk, "reader"))
    refused = await ben.http.post(
        f"/api/documents/{document}/merge", json={"version": 2, "take": "none"}
    )
    assert problem(refused) == (403, "read_only")


async def test_a_version_that_is_no_text_stays_beside(desk: Desk) -> None:
    file = await desk.send(NOTES, "notes.txt")
    document = (await desk.open(file))["document"]
    await bring(desk, file, b"\0\1\2" * 100)
    assert (await words(desk, document)).startswith("# Plan")
    state = await desk.file(document)
    assert (state["number"], state["shown"], state["waits"]) == (1, 2, True)
    refused = await desk.http.post(
        f"/api/documents/{document}/merge", json={"version": 2, "take": "theirs"}
    )
    assert problem(refused) == (422, "not_text")
    await merge(desk, document, 2, "none")
    await edit(desk, document, typed(0, "x"))
    assert (await desk.save(document))["number"] == 3


async def test_what_a_scanner_blocked_does_not_come_in(desk: Desk) -> None:
    file = await desk.send(NOTES, "notes.txt")
    document = (await desk.open(file))["document"]
    await edit(desk, document, typed(8, "ada"))
    await bring(desk, file, b"# Plan\n\nbenone\n")
    await judge(desk.served, "blocked", "Eicar")
    path = f"/api/documents/{document}/merge"
    refused = await desk.http.post(path, json={"version": 2, "take": "theirs"})
    assert problem(refused) == (403, "file_blocked")
    assert "ben" not in await words(desk, document)
    refused = await desk.http.post(f"/api/attachments/{file}/open", json={})
    assert problem(refused) == (403, "file_blocked")
    assert (await merge(desk, document, 2, "none"))["changes"] == 0


async def test_the_same_decision_again_is_one(desk: Desk) -> None:
    file = await desk.send(NOTES, "notes.txt")
    document = (await desk.open(file))["document"]
    await edit(desk, document, typed(8, "ada"))
    await bring(desk, file, b"# Plan\n\nbenone\n")
    path = f"/api/documents/{document}/merge"
    asked = {"version": 2, "take": "none", "send_id": "m1"}
    for _ in range(2):
        assert await answer(desk.http.post(path, json=asked)) == {"changes": 0, "conflicts": 0}
    refused = await desk.http.post(f"/api/documents/{document}/save", json={"send_id": "m1"})
    assert problem(refused) == (409, "send_id_reused")
