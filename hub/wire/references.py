"""References: numbers by which people find a matter again, and when two of them are the same.

An order is called ``PO-2026-0042`` in one letter and ``po 2026/0042`` in the next; a *key* is what
all ways to write one number have in common. A *shape* is what numbers have in common that look
alike: of letters of two scripts, of O and 0. Two numbers of one shape and of different keys are
different numbers. Pure.

Source: UTS 39 (confusable characters), for the letters and digits that numbers are made of.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any, Final, Literal, NamedTuple

from msgspec import Meta, Struct

from hub.errors import BadRequest
from hub.wire import words

ReferenceKind = Literal["order", "invoice", "case", "contract", "variable_symbol", "free"]
Check = Literal["iso11649", "iso6346", "ean", "luhn", "verhoeff", "mod97_10", "mod11_10"]
MAX_NUMBER: Final = 100
MAX_WHOSE: Final = 100
MAX_ID: Final = 500
MAX_REFERENCES: Final = 100
"""Of a thread, and of each message."""

Number = Annotated[str, Meta(min_length=1, max_length=MAX_NUMBER)]
Whose = Annotated[str, Meta(max_length=MAX_WHOSE)]
"""The party whose number it is; empty: ours, of the people who write here."""
ReferenceId = Annotated[str, Meta(max_length=MAX_ID)]

_PARTS: Final = re.compile(r"[0-9]+|[^\W\d_]+")
# Cyrillic and Greek letters that are drawn as Latin ones, in lower case after folding; what differs
# in one case only (Cyrillic В, Н, Greek Η) is compared as capitals are.
_ALIKE: Final = str.maketrans({
    "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "ғ": "f", "һ": "h", "н": "h",
    "і": "i", "ј": "j", "к": "k", "м": "m", "о": "0", "р": "p", "ԛ": "q", "ѕ": "s",
    "т": "t", "ѵ": "v", "ԝ": "w", "х": "x", "у": "y", "ү": "y", "з": "3", "ӏ": "1", "б": "6",
    "α": "a", "β": "b", "ε": "e", "ζ": "z", "η": "h", "ι": "1", "κ": "k", "μ": "m", "ν": "n",
    "ο": "0", "ρ": "p", "τ": "t", "υ": "y", "χ": "x", "ѡ": "w", "ω": "w", "ı": "1",
    "o": "0", "l": "1", "i": "1", "ø": "0", "ł": "1", "ð": "d", "đ": "d",
})  # fmt: skip


class Named(NamedTuple):
    """A number, of what kind it is, and whose."""

    kind: ReferenceKind
    number: str
    whose: str = ""

    @property
    def id(self) -> str:
        """What all ways to write it have in common."""
        return f"{self.kind}:{key(self.number, self.kind)}:{_folded(self.whose)}"


class NewReference(Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    kind: ReferenceKind
    number: Number
    whose: Whose = ""


class Reference(Struct, omit_defaults=True, kw_only=True):
    """A number of a thread or of a message. ``id`` names it there; those of one ``matter`` are
    names that different parties have for the same thing. ``rule``: the hub put it there, by a rule
    of its owner."""

    id: str
    kind: ReferenceKind
    number: str
    whose: str = ""
    matter: str
    set_by: str
    set_at: int
    rule: bool = False


def checked(kind: ReferenceKind, number: str, whose: str) -> Named:
    """As it is stored: each in one line, NFC.

    Raises:
        BadRequest: ``bad_reference``.
    """
    named = Named(kind, _line(number, MAX_NUMBER), checked_whose(whose))
    if not key(named.number, kind):
        raise BadRequest("A reference needs a letter or a digit.", code="bad_reference")
    if len(named.id) > MAX_ID:  # one character may be many letters
        raise BadRequest("A reference is too long.", code="bad_reference")
    return named


def checked_whose(given: str) -> str:
    """Raises:
    BadRequest: ``bad_reference``.
    """
    return _line(given, MAX_WHOSE)


def key(number: str, kind: str = "free") -> str:
    """The runs of letters and of digits of a number, folded: ``PO2026/0042`` is
    ``po-2026-0042``. A variable symbol counts without zeros before it, as banks take it."""
    parts = _PARTS.findall(_plain(number))
    if kind == "variable_symbol" and len(parts) == 1:
        parts = [parts[0].lstrip("0") or "0"]
    return "-".join(parts)


def shape(key: str) -> str:
    """What keys that look alike have in common: ``PO-2O26`` has a letter between its digits."""
    return key.replace("-", "").translate(_ALIKE)


def meant(number: Any) -> Any:
    """A number in whatever way it is written, for comparing what two commands ask for."""
    return key(number)


def _plain(text: str) -> str:
    """Lower case, without accents and forms of compatibility; any script's digits are 0 to 9."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(
        str(unicodedata.digit(char)) if char.isdigit() and not "0" <= char <= "9" else char
        for char in decomposed
        if not unicodedata.combining(char)
    ).casefold()


def _folded(whose: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", whose).casefold().split())


def _line(given: str, most: int) -> str:
    line = unicodedata.normalize("NFC", " ".join(words.storable(given).split()))
    if len(line) > most:
        raise BadRequest(f"A reference has at most {most} characters.", code="bad_reference")
    if (char := words.hidden(line)) is not None:
        raise BadRequest(
            f"A reference cannot hold the hidden character U+{ord(char):04X}.",
            code="bad_reference",
        )
    return line
