"""What people may write where: text that can be seen, and names that say who they are. Pure.

Source: UAX 44 (Default_Ignorable_Code_Point), UAX 9 (directional formatting characters).
"""

from __future__ import annotations

import unicodedata
from typing import Final

from hub.errors import BadRequest

# Drawn as nothing, though of a category that is otherwise drawn.
_BLANK: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
)
_UNSEEN: Final = frozenset(("Cc", "Cf", "Cs", "Zs", "Zl", "Zp"))
_DIRECTIONS: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_JOINERS: Final = frozenset("\u200c\u200d\ufe0f")


def is_visible(text: str) -> bool:
    """Whether anything of it can be seen. What Unicode had not given out yet when this Python was
    made, and private characters, may well be."""
    return any(unicodedata.category(char) not in _UNSEEN and char not in _BLANK for char in text)


def storable(text: str) -> str:
    """PostgreSQL stores every character but NUL; lone surrogates are no text.

    Raises:
        BadRequest: ``bad_text``.
    """
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise BadRequest("The text holds a character that is no text.", code="bad_text")
    return text


def message(text: str) -> str:
    """Raises:
    BadRequest: ``empty_message``, ``bad_text``.
    """
    if not is_visible(text):
        raise BadRequest("The message is empty.", code="empty_message")
    return storable(text)


def subject(text: str) -> str:
    """In one line.

    Raises:
        BadRequest: ``empty_subject``, ``bad_text``.
    """
    line = " ".join(storable(text).split())
    if not is_visible(line):
        raise BadRequest("It needs a name.", code="empty_subject")
    return line


def name(text: str) -> str:
    """Of a person or a program, in one line: nothing in it turns the direction of what follows, or
    is there without being seen, but for what joins the parts of a letter or an emoji.

    Raises:
        BadRequest: ``bad_text``.
    """
    line = " ".join(storable(text).split())
    if not is_visible(line):
        raise BadRequest("A name needs letters that can be seen.", code="bad_text")
    if (char := hidden(line)) is not None:
        raise BadRequest(
            f"A name cannot hold the hidden character U+{ord(char):04X}.", code="bad_text"
        )
    return line


def hidden(text: str) -> str | None:
    """The first character that turns the direction of what follows, or is there without being
    seen, but for what joins the parts of a letter or an emoji."""
    for char in text:
        unseen = unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") or char in _BLANK
        if char in _DIRECTIONS or (unseen and char not in _JOINERS):
            return char
    return None
