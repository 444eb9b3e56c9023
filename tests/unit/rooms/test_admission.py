"""What an update lacks, whose ids it uses, and whether it contradicts what is known."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text

from hub.rooms import admission
from hub.wire import yupdate


def typed(client: int, *pieces: str) -> tuple[Doc[Any], list[bytes]]:
    """A document and its updates, one a piece."""
    doc: Doc[Any] = Doc(client_id=client)
    text = doc.get("content", type=Text)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    for piece in pieces:
        text += piece
    doc.unobserve(subscription)
    return doc, updates


def test_a_gap_and_a_foreign_reference_are_seen() -> None:
    _, (first, second) = typed(1, "ab", "cd")
    assert not admission.is_incomplete(yupdate.parse(first), {})
    assert admission.is_incomplete(yupdate.parse(second), {})
    assert not admission.is_incomplete(yupdate.parse(second), {1: 2})

    other: Doc[Any] = Doc(client_id=2)
    other.apply_update(first)
    before = other.get_state()
    text = other.get("content", type=Text)
    text.insert(1, "x")
    update = yupdate.parse(other.get_update(before))
    assert admission.is_incomplete(update, {})
    assert not admission.is_incomplete(update, {1: 2})


def test_a_deletion_of_the_unknown_is_incomplete() -> None:
    doc, (first,) = typed(1, "abc")
    before = doc.get_state()
    del doc.get("content", type=Text)[0:2]
    update = yupdate.parse(doc.get_update(before))
    assert not update.structs
    assert admission.is_incomplete(update, {})
    assert not admission.is_incomplete(update, {1: 3})
    assert admission.writers(yupdate.parse(first), {1: 3}) == []
    assert admission.writers(yupdate.parse(first), {1: 1}) == [1]


@given(st.lists(st.text("ab🙂ž", min_size=1, max_size=4), min_size=1, max_size=6), st.data())
def test_the_same_content_split_otherwise_is_no_contradiction(
    pieces: list[str], data: st.DataObject
) -> None:
    doc, updates = typed(5, *pieces)
    whole = yupdate.parse(doc.get_update()).structs[5]
    for update in updates:
        part = yupdate.parse(update).structs[5]
        assert not admission.contradicts(part, whole)
        assert not admission.contradicts(whole, part)
    # One character otherwise, and it is.
    chars = list("".join(pieces))
    at = data.draw(st.integers(0, len(chars) - 1))
    chars[at] = {"a": "b", "b": "a", "ž": "š", "🙂": "🙃"}[chars[at]]
    other, _ = typed(5, "".join(chars))
    assert admission.contradicts(yupdate.parse(other.get_update()).structs[5], whole)


@given(st.permutations(range(6)))
def test_updates_in_any_order_end_the_same(order: list[int]) -> None:
    doc, updates = typed(9, *"abcdef")
    clocks: dict[int, int] = {}
    target: Doc[Any] = Doc()
    waiting = [updates[index] for index in order]
    while waiting:
        for raw in list(waiting):
            update = yupdate.parse(raw)
            if not admission.is_incomplete(update, clocks):
                target.apply_update(raw)
                admission.advance(update, clocks)
                waiting.remove(raw)
    assert str(target.get("content", type=Text)) == str(doc.get("content", type=Text))
    assert clocks == yupdate.read_state_vector(target.get_state())
