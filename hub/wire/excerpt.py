"""Plain words of a message: the Markdown marks taken off, shortened. Pure.

Messages are strangers' work, so the time grows with the length alone: a text is taken line by line,
every search goes on where the last one ended, and no expression can take a step back.
"""

from __future__ import annotations

import re

_LINES = re.compile(r"(?<=\n)")
# The number takes all its digits and gives none of them back.
_BLOCK = re.compile(r">|(?:#{1,6}|[-*+]|\d++[.)])(?=\s)")
_INLINE = re.compile(r"(\*\*|__|~~|`|(?<!\w)[*_]|[*_](?!\w))")


def plain(text: str) -> str:
    """The text without Markdown marks, on one line."""
    words = "".join(map(_without_marks, _LINES.split(text)))
    return " ".join(_INLINE.sub("", words).split())


def excerpt(text: str, limit: int = 140) -> str:
    """At most ``limit`` characters of the plain words, cut at a word."""
    words = plain(text[: limit * 8])
    if len(words) <= limit:
        return words
    cut = words.rfind(" ", limit // 2, limit)
    return words[: cut if cut > 0 else limit - 1].rstrip() + "…"


def _without_marks(line: str) -> str:
    """A line, with its end, less what makes it a fence, a heading, a quote or an item."""
    start = line.lstrip()
    if start.startswith(("```", "~~~")):
        return " "
    # The end of the line is white space too: a mark alone on the last line is what was written.
    mark = _BLOCK.match(line, len(line) - len(start))
    return _without_addresses(line[mark.end() :] if mark else line)


def _without_addresses(line: str) -> str:
    """A line with the labels of its links in place of the links."""
    parts: list[str] = []
    done = 0
    opening = line.find("[")
    while opening >= 0:
        close = line.find("]", opening)
        if close < 0:
            break
        if not line.startswith("(", close + 1):
            opening = line.find("[", close + 1)
            continue
        end = line.find(")", close + 2)
        if end < 0:
            break
        picture = opening > done and line[opening - 1] == "!"
        parts += line[done : opening - picture], line[opening + 1 : close]
        done = end + 1
        opening = line.find("[", done)
    return "".join(parts) + line[done:]
