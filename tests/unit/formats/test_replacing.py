"""Words that are replaced while others do the same, or type."""

from __future__ import annotations

from typing import Any

from pycrdt import Doc

from hub.formats import ydoc
from hub.formats.replacing import AROUND, Place, Replacement, places
from hub.formats.tree import Node


def all_of(texts: list[str], old: str, new: str) -> list[Replacement]:
    """What a client asks for that sees these texts (as web/src/lib/replacing.ts)."""
    seen: dict[tuple[str, str], int] = {}
    found = []
    for text in texts:
        start = text.find(old)
        while start >= 0:
            end = start + len(old)
            around = text[max(0, start - AROUND) : start], text[end : end + AROUND]
            found.append((around, seen.get(around, 0)))
            seen[around] = seen.get(around, 0) + 1
            start = text.find(old, end)
    return [Replacement(old, new, *around, nth, seen[around]) for around, nth in found]


def merged(*updates: bytes) -> bytes:
    doc: Doc[Any] = Doc()
    for one in updates:
        doc.apply_update(one)
    return doc.get_update()


def test_words_are_found_by_what_stands_around_them() -> None:
    wanted = all_of(["a foo b foo c"], "foo", "x")
    assert places(["a foo b foo c"], wanted) == [Place(0, 2, 5, "x"), Place(0, 8, 11, "x")]
    # Somebody typed before them, but not beside them.
    far = "new " + "." * AROUND + "a foo b foo c"
    assert places([far], all_of(["." * AROUND + "a foo b foo c"], "foo", "x")) == [
        Place(0, 38, 41, "x"), Place(0, 44, 47, "x"),
    ]  # fmt: skip


def test_what_somebody_else_replaced_is_not_replaced_again() -> None:
    texts = ["foo, and foo"]
    wanted = all_of(texts, "foo", "foobar")
    assert len(places(texts, wanted)) == 2
    assert places(["foobar, and foobar"], wanted) == []
    assert places(["bar, and bar"], wanted) == []


def test_of_places_that_look_the_same_none_is_taken_for_another() -> None:
    cells = ["foo", "foo", "foo"]
    second = all_of(cells, "foo", "x")[1:2]
    assert places(cells, second) == [Place(1, 0, 3, "x")]
    assert places(["foo", "x", "foo"], second) == []


def test_none_goes_over_another() -> None:
    texts = ["aaaa"]
    wanted = all_of(texts, "aa", "b") + all_of(texts, "aaa", "c")
    assert places(texts, wanted) == [Place(0, 0, 2, "b"), Place(0, 2, 4, "b")]
    assert places(texts, [Replacement("", "x", "", "aaaa", 0, 1)]) == []


def test_a_text_is_replaced_in_its_place() -> None:
    text = "žltý 😀 kôň, žltý pes"
    state = ydoc.of_text(text, 7)
    update, count = ydoc.replace_in_text(state, all_of([text], "žltý", "modrý"), 8)
    assert count == 2
    assert ydoc.text_of(merged(state, update)) == "modrý 😀 kôň, modrý pes"
    assert ydoc.replace_in_text(state, [Replacement("x", "y", "", "", 0, 1)], 8) == (b"", 0)


def test_rich_text_keeps_its_marks() -> None:
    words = [
        Node("text", text="Žltý "),
        Node("text", text="kôň", marks={"bold": {}}),
        Node("text", text=" a žltý"),
        Node("hardBreak"),
        Node("text", text="kôň", marks={"link": {"href": "https://a.example"}}),
    ]
    state = ydoc.of_tree([Node("paragraph", {}, words)], 7)
    texts = ["Žltý kôň a žltý", "kôň"]
    wanted = all_of(texts, "kôň", "pes 😀") + all_of(texts, "a žlt", "i modr")
    update, count = ydoc.replace_in_tree(state, wanted, 8)
    assert count == 3
    (made,) = ydoc.tree_of(merged(state, update))
    assert [(one.text, list(one.marks)) for one in made.children] == [
        ("Žltý ", []), ("pes 😀", ["bold"]), (" i modrý", []), ("", []), ("pes 😀", ["link"]),
    ]  # fmt: skip


def test_words_over_a_change_of_marks_are_one() -> None:
    words = [Node("text", text="one"), Node("text", text="two", marks={"bold": {}})]
    state = ydoc.of_tree([Node("paragraph", {}, words)], 7)
    update, count = ydoc.replace_in_tree(state, all_of(["onetwo"], "netw", "-"), 8)
    assert count == 1
    (made,) = ydoc.tree_of(merged(state, update))
    assert [(one.text, list(one.marks)) for one in made.children] == [
        ("o-", []), ("o", ["bold"]),
    ]  # fmt: skip
