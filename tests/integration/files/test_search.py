"""Files are found by their names and by the words in them."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.integration.conftest import Served, judge
from tests.integration.files.test_attachments import Room, room  # noqa: F401
from tests.support.hub_process import answer


async def found(person: Room, question: str) -> list[dict[str, Any]]:
    result = await answer(person.http.get("/api/search", params={"q": question}))
    return result["hits"]  # type: ignore[no-any-return]


async def test_a_file_is_found_by_its_name_and_by_its_words(room: Room, served: Served) -> None:  # noqa: F811
    words = "The Größe of the roof.\n" * 3000 + "At the very end: žluťoučký kůň.\n"
    file = await room.send(words.encode(), "Angebot März.txt")
    await room.send(b"nothing of it", "other.txt")
    by_name = await found(room, "angebot marz")
    assert [(one["attachment"], one["name"]) for one in by_name] == [(file, "Angebot März.txt")]
    assert by_name[0]["snippet"] == ""
    (by_words,) = await found(room, "zlutoucky")
    assert by_words["attachment"] == file
    start, end = by_words["marks"][0]
    assert by_words["snippet"].encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le") == (
        "žluťoučký"
    )
    assert [one["attachment"] for one in await found(room, "angebot roof")] == []
    # Beside what was said; and only the version that is shown.
    await room.says("The Größe?")
    assert [one.get("attachment") for one in await found(room, "grosse größe")] in ([], [None])
    assert len(await found(room, "größe")) == 2
    again = {"upload": await room.upload(b"short now", "Angebot.txt"), "attachment": file}
    await room.says("", again)
    await room.settle()
    assert await found(room, "zlutoucky") == []
    assert [one["attachment"] for one in await found(room, "short now")] == [file]
    # A stranger finds nothing; nor does anybody what was removed or blocked.
    grace = room.of(await served.person("grace", room.person))
    assert await found(grace, "short") == []
    await judge(served, "blocked", "Eicar")
    assert await found(room, "short") == []
    await judge(served, "clean", "")
    await answer(room.http.delete(f"/api/attachments/{file}"))
    assert await found(room, "short") == await found(room, "angebot") == []


async def test_who_came_later_finds_only_what_came_later(room: Room, served: Served) -> None:  # noqa: F811
    grace = await served.person("grace", room.person)
    path = f"/api/threads/{room.thread}"
    await answer(room.http.patch(path, json={"history": "joined"}))
    await room.send(b"secret plan", "before.txt")
    await answer(room.http.post(f"{path}/members", json={"uid": grace.uid}))
    after = await room.send(b"secret, too", "after.txt")
    assert [one["attachment"] for one in await found(room.of(grace), "secret")] == [after]


async def test_a_word_is_found_where_it_begins(room: Room) -> None:  # noqa: F811
    filling = "Important imports and exports of everything else.\n" * 400
    await room.send(f"{filling}The port of Hamburg.\n".encode(), "harbours.txt")
    (hit,) = await found(room, "port")
    assert "The port of Hamburg" in hit["snippet"]
    assert hit["marks"]


async def test_a_text_with_more_words_than_an_index_takes_is_shown_and_found(
    room: Room,  # noqa: F811
) -> None:
    random = Random(7)
    letters = [chr(random.randrange(0xAC00, 0xD7A3)) for _ in range(180_000)]
    syllables = ["".join(letters[at : at + 3]) for at in range(0, len(letters), 3)]
    file = await room.send(" ".join(syllables).encode(), "words.txt")
    (version,) = (await room.attachment(file))["versions"]
    assert version["preview"]["parts"] == ["text"]
    assert [one["attachment"] for one in await found(room, syllables[0])] == [file]
