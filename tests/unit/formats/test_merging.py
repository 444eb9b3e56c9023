"""What another version of a text brings into ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text

from hub.formats import ydoc
from hub.formats.merging import applied, merge

TEXTS = st.lists(st.sampled_from(("a", "b b", "c", "č 😀", "")), max_size=7).map(
    lambda lines: "".join(f"{one}\n" for one in lines)
)


@pytest.mark.parametrize(
    ("base", "mine", "other", "merged", "changes", "conflicts"),
    [
        ("a\nb\n", "a\nb\n", "a\nx\n", "a\nx\n", 1, 0),
        ("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n", 1, 0),
        ("one two three\n", "ONE two three\n", "one two THREE\n", "ONE two THREE\n", 1, 0),
        ("a\n", "b\n", "b\n", "b\n", 0, 0),  # both did it
        ("a\n", "b\n", "c\n", "b\n", 0, 1),
        ("a\nz\n", "b\nz\n", "c\nz\ny\n", "b\nz\ny\n", 1, 1),
        ("", "mine\n", "", "mine\n", 0, 0),
        ("a\nb\n", "a\n", "a\nb\nc\n", "a\n", 0, 1),
    ],
)
def test_merges(
    base: str, mine: str, other: str, merged: str, changes: int, conflicts: int
) -> None:
    found = merge(base, mine, other, "all")
    assert (applied(mine, found.edits), found.changes, found.conflicts) == (
        merged, changes, conflicts,
    )  # fmt: skip


@given(TEXTS, TEXTS, TEXTS)
def test_no_word_of_ours_is_lost_unless_theirs_stands(base: str, mine: str, other: str) -> None:
    kept = applied(mine, merge(base, mine, other, "ours").edits)
    if other == base:
        assert kept == mine
    if mine == base:
        assert kept == other
    assert applied(mine, merge(base, mine, base, "theirs").edits) == mine
    # What came in is in: nothing comes in again.
    assert merge(base, other, other, "all").edits == []


@given(TEXTS, TEXTS, TEXTS)
def test_edits_of_a_document_are_those_of_its_text(base: str, mine: str, other: str) -> None:
    state = ydoc.of_text(mine, 7)
    edits = merge(base, mine, other, "theirs").edits
    doc: Doc[Text] = Doc()
    doc.apply_update(state)
    doc.apply_update(ydoc.edit_text(state, edits, 8))
    assert str(doc.get("content", type=Text)) == applied(mine, edits)
