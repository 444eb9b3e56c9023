"""Which numbers a text names: patterns, check digits, and what only looks like a number. Pure.

Texts and the owner's patterns are strangers' work. Patterns are RE2, which takes time by the length
of the text and cannot step back; whatever else is asked of a match is asked once.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import re2
from stdnum import ean, iso6346, iso11649, luhn, verhoeff
from stdnum.iso7064 import mod_11_10, mod_97_10

from hub.errors import BadRequest
from hub.wire.references import MAX_NUMBER, Check, ReferenceKind, key

MAX_FOUND: Final = 100
MAX_PATTERN_BYTES: Final = 1 << 20
_TRIED: Final = 1000
"""Matches of one rule in one text that are looked at."""

_CHECKS: Final[dict[Check, Callable[[str], bool]]] = {
    "iso11649": iso11649.is_valid,
    "iso6346": iso6346.is_valid,
    "ean": ean.is_valid,
    "luhn": luhn.is_valid,
    "verhoeff": verhoeff.is_valid,
    "mod97_10": mod_97_10.is_valid,
    "mod11_10": mod_11_10.is_valid,
}


class Found(NamedTuple):
    """A number in a text, from ``start`` to ``end`` (characters); ``apply``: without asking."""

    kind: ReferenceKind
    number: str
    whose: str
    start: int
    end: int
    apply: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """``pattern``: its first group is the number, without one all of it. ``likely``: it stands
    where a number is meant, however short it is; ``digits``: without one it is none."""

    kind: ReferenceKind
    pattern: Any
    whose: str = ""
    check: Check | None = None
    apply: bool = False
    likely: bool = True
    digits: bool = True
    refuse_after: str | None = None


@lru_cache(maxsize=1000)
def compiled(pattern: str) -> Any:
    """An owner's pattern.

    Raises:
        BadRequest: ``bad_pattern``.
    """
    options = re2.Options()
    options.max_mem = MAX_PATTERN_BYTES
    options.log_errors = False
    try:
        made = re2.compile(pattern, options)
        empty = any(
            match.start() == match.end() for text in _SAMPLES for match in made.finditer(text)
        )
    except re2.error as error:
        reason = error.args[0] if error.args else "it cannot be read"
        words = reason.decode() if isinstance(reason, bytes) else str(reason)
        raise BadRequest(f"The pattern cannot be used: {words}.", code="bad_pattern") from error
    if empty:
        raise BadRequest("The pattern fits where nothing is.", code="bad_pattern")
    return made


def find(text: str, rules: Iterable[Rule]) -> list[Found]:
    """Numbers that a text names, in their order, none inside another; those of earlier rules come
    first."""
    taken = _elsewhere(text)  # in order, and apart from each other
    found: list[Found] = []
    for rule in rules:
        for one in _matches(text, rule):
            at = bisect(taken, (one.start, one.start))
            if at > 0 and taken[at - 1][1] > one.start:
                continue
            if at < len(taken) and taken[at][0] < one.end:
                continue
            taken.insert(at, (one.start, one.end))
            found.append(one)
            if len(found) >= MAX_FOUND:
                return sorted(found, key=lambda one: one.start)
    return sorted(found, key=lambda one: one.start)


def _matches(text: str, rule: Rule) -> Iterator[Found]:
    for tried, match in enumerate(rule.pattern.finditer(text)):
        if tried >= _TRIED:
            return
        group = 1 if rule.pattern.groups else 0
        start, end = match.span(group)
        if start < 0 or start == end or not _is_apart(text, match.start(), end):
            continue
        if rule.refuse_after is not None and _follows(text, match.start(), rule.refuse_after):
            continue
        start += len(text[start:end]) - len(text[start:end].lstrip())
        number = _checked(text[start:end], rule)
        behind = start + len(number)
        if number and (rule.likely or _is_likely(number, text[behind : behind + 12])):
            yield Found(
                rule.kind, number, rule.whose, start, start + len(number), rule.apply
            )  # fmt: skip


def _checked(number: str, rule: Rule) -> str:
    """The number, or the longest beginning of it that ends where a space was and whose check digits
    are right; empty when there is none."""
    number = number.rstrip()
    if len(number) > MAX_NUMBER or not key(number):
        return ""
    if rule.digits and not any(map(str.isdecimal, number)):
        return ""
    if rule.check is None:
        return number
    is_valid = _CHECKS[rule.check]
    while number and not is_valid(number.replace("-", "")):
        number = number.rpartition(" ")[0]
    return number


def _is_apart(text: str, start: int, end: int) -> bool:
    """Whether no letter or digit goes on at either side."""
    before = start == 0 or not text[start - 1].isalnum() or not text[start].isalnum()
    return before and (end == len(text) or not text[end].isalnum())


def _follows(text: str, start: int, word: str) -> bool:
    return text[max(0, start - len(word) - 2) : start].casefold().split()[-1:] == [word]


def _is_likely(number: str, behind: str) -> bool:
    """Whether something behind a word like "order" is its number, not an amount or a day."""
    digits = sum(map(str.isdecimal, number))
    if _DAY.fullmatch(number) or _AMOUNT.fullmatch(number) or _UNIT.match(behind):
        return False
    if number.isdecimal():
        return digits >= 6
    return digits >= 3


_SAMPLES: Final = ("", "x y", "a1-b2 7", "PO-1")


def _elsewhere(text: str) -> list[tuple[int, int]]:
    """Where numbers are parts of something else: of addresses, of code."""
    return [match.span() for match in _ELSEWHERE.finditer(text)]


_ELSEWHERE: Final = re2.compile(
    r"(?s)```.*?(?:```|\z)|`[^`\n]+`|(?i:https?://|www\.)\S+|[^\s@]{1,64}@[^\s@]{1,255}"
)
_DAY: Final = re.compile(
    r"\d{1,2}([./-])\d{1,2}\1(\d{4}|\d{2})|(19|20)\d\d([./-])\d{1,2}\4\d{1,2}|(19|20)\d\d"
)
_AMOUNT: Final = re.compile(r"\d{1,3}(\.\d{3})+|\d+\.\d{1,2}")
_UNIT: Final = re.compile(
    r"(,\d|\s?([%€$£]|(eur|usd|gbp|czk|kč|huf|ft|pln|zł|chf|pcs|pieces|units|ks|kusov|kusů|stück|stk|"
    r"kg|tons?|km|mm|cm|m|h|hours?|hod|days?|dní|people|items?|times)\b))", re.IGNORECASE,
)  # fmt: skip

_NUMBER: Final = r"([0-9A-Za-z]+(?:[-/_][0-9A-Za-z]+|\.[0-9]+)*)"
_MARK: Final = (
    r"\s{0,3}(?:(?:no|nos|nr|num|number|nummer|číslo|číslom|č|čís|numer|numéro|número|numero|szám|"
    r"id|ref|reference|referencia)[.:]{0,2}|n[°º]|№|#)\s{0,3}[#:]?\s{0,3}"
)


def _worded(kind: ReferenceKind, words: str, refuse_after: str | None = None) -> Sequence[Rule]:
    """A word for the thing and its number: with a mark between them any number, without one only
    what is not taken for something else."""
    return (
        Rule(kind, re2.compile(f"(?i)(?:{words}){_MARK}{_NUMBER}"), refuse_after=refuse_after),
        Rule(
            kind, re2.compile(rf"(?i)(?:{words})\s{{0,2}}[:=]?\s{{1,3}}{_NUMBER}"), likely=False,
            refuse_after=refuse_after,
        ),
    )  # fmt: skip


def _prefixed(kind: ReferenceKind, prefixes: str) -> Sequence[Rule]:
    """Numbers that say themselves what they are: ``PO-2026-0042``, ``INV20260042``. With a space
    between them only capitals, and many digits: "po 5 minútach" is no order."""
    tail = r"(?:[-/_.][0-9A-Za-z]*[0-9][0-9A-Za-z]*)*"
    return (
        Rule(kind, re2.compile(rf"((?i:{prefixes})[-/_#–][0-9]{{3,}}{tail})")),
        Rule(kind, re2.compile(rf"((?i:{prefixes})[-/_#–][0-9]{{1,2}}(?:[-/_.][0-9]{{2,}})+)")),
        Rule(kind, re2.compile(rf"((?:{prefixes})\s?[0-9]{{5,}}{tail})")),
        Rule(kind, re2.compile(rf"((?:{prefixes})\s?[0-9]{{2,4}}[-/][0-9]{{2,}}{tail})")),
    )


BUILT_IN: Final[tuple[Rule, ...]] = (
    Rule("invoice", re2.compile(r"(?:RF)[0-9]{2}(?: ?[0-9A-Z]){1,21}"), check="iso11649"),
    Rule("free", re2.compile(r"[A-Z]{3}[UJZ][ -]?[0-9]{6}[ -]?[0-9]"), check="iso6346"),
    Rule(
        "variable_symbol",
        re2.compile(
            r"(?:/VS|(?:VS|V\.S\.|(?i:variabiln\S{1,3} symbol\S{0,3}|var\. ?symbol|varsym))"
            r"\s{0,2}[:=.]\s{0,2}|(?i:variabiln\S{1,3} symbol\S{0,3})\s{1,2}(?:(?i:je|is)\s)?)"
            r"([0-9]{1,10})"
        ),
    ),
    Rule("variable_symbol", re2.compile(r"VS\s{0,2}([0-9]{6,10})")),
    Rule(
        "case",
        re2.compile(
            r"(?i)sp(?:\.|isov\S{1,3})\s?zn(?:\.|ačk\S{1,2})\s{0,2}:?\s{0,2}"
            r"([0-9A-Z]{1,6}(?:[ -][0-9A-Z]{1,6})?(?:[ /-]{1,3}[0-9A-Z]{1,8}){1,4})"
        ),
    ),
    Rule(
        "case",
        re2.compile(r"Az\.?\s{0,2}:?\s{1,2}([0-9]{1,3} [A-Z][A-Za-z]{0,5} [0-9]{1,6}/[0-9]{2})"),
    ),
    *_prefixed("order", "PO|SO|OBJ|ORD|ZAM|BST|OP"),
    *_prefixed("invoice", "INV|FV|FA|FAC|RG|RE|FAK"),
    *_prefixed("contract", "ZML|SML|CTR|CON|VTG"),
    *_prefixed("case", "CASE|TICKET|INC|REQ|SR|CAS"),
    *_worded(
        "order",
        "purchase order|sales order|order|objednávk(?:a|y|e|u|ou|ami|ach)|bestell(?:ung|nummer)|"
        "auftrag|commande|pedido|ordine|zamówieni[ea]|megrendelés",
    ),
    *_worded(
        "invoice",
        "tax invoice|invoice|inv|faktúr(?:a|y|e|u|ou|ami|ach)|faktur(?:a|y|e|u|ou|ę|ze|ami|ach)|"
        "rechnung|rechnungsnummer|facture|factura|fattura|számla|credit note|dobropis",
    ),
    *_worded(
        "contract",
        "contract|agreement|zmluv(?:a|y|e|u|ou)|smlouv(?:a|y|ě|u|ou)|vertrag|contrat|contrato|"
        "contratto|umow(?:a|y|ie|ę)|szerződés",
    ),
    *_worded("case", "case|ticket|incident|dossier|spis|aktenzeichen|sprawa|ügy", "in"),
)
