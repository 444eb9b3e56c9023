"""Search over messages and files: a question split into words, hits cut to snippets with marks."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from hub.storage import search
from hub.storage.pool import Database
from hub.wire.api import SearchHit, SearchResult
from hub.wire.excerpt import plain

MAX_WORDS = 12
SNIPPET = 200


class Search:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def everything(
        self, uid: str, question: str, *, thread: str | None, limit: int, offset: int
    ) -> SearchResult:
        """Messages and files with all words of the question, latest first; every word may be a
        beginning."""
        words = list(dict.fromkeys(split_words(question)))[:MAX_WORDS]
        if not words:
            return SearchResult([], False)
        async with self._database.acquire() as connection:
            found = await search.everything(
                connection, uid, words, thread=thread, limit=limit + 1, offset=offset
            )
        # A page of the longest messages takes longer than the loop may stand still.
        hits = await asyncio.to_thread(_hits, found[:limit], words)
        return SearchResult(hits, len(found) > limit)


def fold(text: str) -> str:
    """Lower case without accents; the same words as the database's ``hub_fold``.

    Each character by itself: to sort a run of combining marks takes the square of its length, and
    their order makes no word.
    """
    return "".join(map(_fold, text))


@lru_cache(maxsize=8192)
def _fold(char: str) -> str:
    decomposed = unicodedata.normalize("NFKD", char)
    return "".join(one for one in decomposed if not "\u0300" <= one <= "\u036f").lower()


def split_words(text: str) -> list[str]:
    """Folded words: letters and digits only, so that they are safe inside a query."""
    return "".join(char if char.isalnum() else " " for char in fold(text)).split()


def cut(text: str, words: list[str]) -> tuple[str, list[tuple[int, int]]]:
    """About ``SNIPPET`` characters around the first hit, and where the words stand in them,
    as [start, end) in UTF-16 code units (as a browser counts)."""
    spans = _spans(text, words)
    start = max(0, spans[0][0] - SNIPPET // 3) if spans else 0
    if start:
        start = text.find(" ", start) + 1 or start
    end = min(len(text), start + SNIPPET)
    lead, tail = ("…" if start else ""), ("…" if end < len(text) else "")
    marks = []
    for first, last in spans:
        if start <= first and last <= end:
            at = len(lead) + _utf16(text[start:first])
            marks.append((at, at + _utf16(text[first:last])))
    return lead + text[start:end] + tail, marks


def flat(text: str) -> str:
    """Text of a file in one line."""
    return " ".join(text.split())


def _hits(found: Sequence[search.Found], words: list[str]) -> list[SearchHit]:
    hits = []
    for one in found:
        text = one.text or ""
        snippet, marks = cut(plain(text) if one.attachment is None else flat(text), words)
        if one.attachment is not None and not marks:
            snippet = ""  # it was found by its name
        hits.append(
            SearchHit(
                one.thread, one.subject, one.seq, one.sender, one.at_ms, snippet, marks,
                one.attachment, one.name,
            )
        )  # fmt: skip
    return hits


def _spans(text: str, words: list[str]) -> list[tuple[int, int]]:
    folded: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(text):
        for piece in _fold(char):
            folded.append(piece if piece.isalnum() else " ")
            origin.append(index)
    line = "".join(folded)
    spans: list[tuple[int, int]] = []
    at = 0
    for token in line.split(" "):
        size = max((len(word) for word in words if token.startswith(word)), default=0)
        if size:
            spans.append((origin[at], origin[at + size - 1] + 1))
        at += len(token) + 1
    return spans


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
