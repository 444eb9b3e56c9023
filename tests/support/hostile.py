"""Texts that make a scanner start again and again, and a check that it takes only their length."""

from __future__ import annotations

import time
from collections.abc import Callable

MAX_CHARS = 40_000  # the longest message
_FLOOR_S = 0.001
_ROUNDS = 5

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

    The best times of this thread alone count, and what takes less than the floor is noise. A text
    that looks slow is measured again, because the machine may have been busy.
    """
    long = texts(4 * chars)
    slow = {}
    for name, text in texts(chars).items():
        before_s = after_s = float("inf")
        for _ in range(_ROUNDS):
            before_s = min(before_s, _best_s(work, text))
            after_s = min(after_s, _best_s(work, long[name]))
            if after_s <= 10 * max(before_s, _FLOOR_S) or after_s > 1:
                break
        if after_s > 10 * max(before_s, _FLOOR_S):
            slow[name] = f"{before_s:.4f} s, then {after_s:.4f} s"
    assert not slow, slow


def _best_s(work: Callable[[str], object], text: str) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.thread_time()
        work(text)
        best = min(best, time.thread_time() - start)
        if best > 1:
            break
    return best
