"""What sequences have in common, and merges of three."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.formats import diff

WORDS = st.lists(st.sampled_from("abcdef"), max_size=14)


@given(WORDS, WORDS)
def test_matches_are_true_and_in_order(first: list[str], second: list[str]) -> None:
    a = b = 0
    for match in diff.matches(first, second):
        assert match.a >= a
        assert match.b >= b
        assert match.size > 0
        a, b = match.a + match.size, match.b + match.size
        assert first[match.a : a] == second[match.b : b]
    rebuilt = list(first)
    for change in reversed(diff.changes(first, second)):
        rebuilt[change.a : change.a_end] = second[change.b : change.b_end]
    assert rebuilt == second


def test_a_large_text_with_few_changes_is_compared_closely() -> None:
    first = [f"line {n % 5000}" for n in range(100_000)]
    second = list(first)
    second[50_000] = "changed"
    del second[70_000:70_003]
    second.insert(10, "new")
    assert [one[:2] for one in diff.changes(first, second)] == [
        (10, 10), (50_000, 50_001), (70_000, 70_003)
    ]  # fmt: skip


def test_what_stands_once_in_both_leads() -> None:
    """A plain comparison would match the braces."""
    first = ["def a", "{", "}", "def b", "{", "}"]
    second = ["def c", "{", "}", "def a", "{", "}", "def b", "{", "}"]
    assert [(one.a, one.b, one.size) for one in diff.matches(first, second)] == [(0, 3, 6)]


@given(WORDS, WORDS, WORDS)
def test_three_ways_cover_everything(base: list[str], mine: list[str], other: list[str]) -> None:
    pieces = diff.three_way(base, mine, other)
    assert [one for piece in pieces for one in base[piece.base]] == base
    assert [one for piece in pieces for one in mine[piece.mine]] == mine
    assert [one for piece in pieces for one in other[piece.other]] == other
    for piece in pieces:
        assert piece.ours == (base[piece.base] != mine[piece.mine])
        if not piece.theirs:
            assert other[piece.other] in (base[piece.base], mine[piece.mine])


@given(WORDS, WORDS)
def test_one_who_changed_nothing_gets_all_of_the_other(base: list[str], other: list[str]) -> None:
    pieces = diff.three_way(base, base, other)
    assert not any(piece.ours for piece in pieces)
    assert any(piece.theirs for piece in pieces) == (base != other)
    assert not any(piece.theirs and piece.ours for piece in pieces)
