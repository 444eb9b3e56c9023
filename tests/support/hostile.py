"""Texts that make a scanner start again and again, and a check that it takes only their length."""

from __future__ import annotations

import time
from collections.abc import Callable

MAX_CHARS = 40_000  # the longest message

# What is repeated to the wanted length.
_REPEATED = {
    "newlines": "\n",
    "carriage returns": "\r\n",
    "blank lines": " \n",
    "spaces": " ",
    "tildes": "~",
    "backticks": "`",
    "tildes apart": "~~ ",
    "fences": "~~~\n",
    "opening brackets": "[",
    "pictures": "![",
    "empty labels": "[]",
    "link middles": "](",
    "links without an end": "[a](",
    "links": "[a](b) ",
    "stars": "*",
    "underscores": "_",
    "marks mixed": "*_~",
    "quotes": "> ",
    "items": "- ",
    "lines of items": "-\n",
    "hashes": "#",
    "angles": "<",
    "at signs": "@",
    "backslashes": "\\",
    "digits": "7",
    "lines of digits": "7\n",
    "numbers": "1. ",
    "zero width": "\u200b",
    "accents out of order": "\u0301\u0316",
    "points out of order": "\u05b0\u0591",
    "ligatures": "\ufdfa",
    "pictographs": "\U0001f642",
    "words": "word ",
    "letters": "a",
}


def texts(chars: int) -> dict[str, str]:
    """Each hostile text by its name, ``chars`` long."""
    repeated = {name: (one * chars)[:chars] for name, one in _REPEATED.items()}
    half = chars // 2
    return repeated | {
        "a fence of tildes with a tick": "~" * (chars - 1) + "`",
        "spaces within": "a" + " " * (chars - 2) + "b",
        "newlines within": "a" + "\n" * (chars - 2) + "b",
        "openings, then ends": "[" * half + "](a)" * (half // 4),
        "labels, then an end": "[a](" * (half // 4) + " " * half + ")",
        "backslashes and no end": "\\" * (chars - 5) + "u0001",
        "runs of every length": "".join("`" * n + " " for n in range(1, int((2 * chars) ** 0.5))),
    }


def assert_linear(work: Callable[[str], object], chars: int = MAX_CHARS // 4) -> None:
    """Four times the text may take ten times as long, where its square would take sixteen.

    The best of several runs counts, in the time of this thread alone; what takes less than the
    floor is noise.
    """
    short, long = texts(chars), texts(4 * chars)
    too_slow = {}
    for name, text in short.items():
        before = max(_best_s(work, text), 0.001)
        after = max(_best_s(work, long[name]), 0.001)
        if after > 10 * before:
            too_slow[name] = f"{before:.4f} s, then {after:.4f} s"
    assert not too_slow


def _best_s(work: Callable[[str], object], text: str) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.thread_time()
        work(text)
        best = min(best, time.thread_time() - start)
        if best > 1:
            break
    return best
