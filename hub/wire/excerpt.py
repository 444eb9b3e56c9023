"""Plain words of a message: the Markdown marks taken off, shortened. Pure."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^\s*(```|~~~).*$", re.MULTILINE)
_BLOCK = re.compile(r"^\s*(?:#{1,6}\s+|>\s?|[-*+]\s+|\d+[.)]\s+)", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_INLINE = re.compile(r"(\*\*|__|~~|`|(?<!\w)[*_]|[*_](?!\w))")
_SPACE = re.compile(r"\s+")


def plain(text: str) -> str:
    """The text without Markdown marks, on one line."""
    text = _FENCE.sub(" ", text)
    text = _BLOCK.sub("", text)
    text = _LINK.sub(r"\1", text)
    return _SPACE.sub(" ", _INLINE.sub("", text)).strip()


def excerpt(text: str, limit: int = 140) -> str:
    """At most ``limit`` characters of the plain words, cut at a word."""
    words = plain(text[: limit * 8])
    if len(words) <= limit:
        return words
    cut = words.rfind(" ", limit // 2, limit)
    return words[: cut if cut > 0 else limit - 1].rstrip() + "…"
