"""Which characters of paragraphs that were edited were there before. Pure.

Words are compared first, then the characters at the ends of what is left: who typed within a word
kept the rest of it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from hub.formats import diff


def aligned(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[int | None]:
    """Of each place of the second, which one of the first it is.

    Args:
        before, after: characters, and keys of what stands between them.
    """
    found: list[int | None] = [None] * len(after)
    words, others = _words(before), _words(after)
    starts, ends = _starts(words), _starts(others)
    a = b = 0
    for match in [*diff.matches(words, others), diff.Match(len(words), len(others), 0)]:
        at, to = starts[match.a], ends[match.b]
        _close(before, a, at, after, b, to, found)
        a, b = starts[match.a + match.size], ends[match.b + match.size]
        found[to:b] = range(at, a)
    return found


def _close(
    before: Sequence[Hashable], a: int, a_end: int,
    after: Sequence[Hashable], b: int, b_end: int, found: list[int | None],
) -> None:  # fmt: skip
    """What is the same at both ends."""
    while a < a_end and b < b_end and before[a] == after[b]:
        found[b] = a
        a, b = a + 1, b + 1
    while a < a_end and b < b_end and before[a_end - 1] == after[b_end - 1]:
        a_end, b_end = a_end - 1, b_end - 1
        found[b_end] = a_end


def _words(items: Sequence[Hashable]) -> list[tuple[Hashable, ...]]:
    words: list[tuple[Hashable, ...]] = []
    word: list[Hashable] = []
    for one in items:
        if isinstance(one, str) and len(one) == 1 and (one.isalnum() or one == "_"):
            word.append(one)
            continue
        if word:
            words.append(tuple(word))
            word = []
        words.append((one,))
    if word:
        words.append(tuple(word))
    return words


def _starts(words: Sequence[tuple[Hashable, ...]]) -> list[int]:
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    return starts
