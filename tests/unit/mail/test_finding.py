"""What is proposed as a reference, and what is not."""

from __future__ import annotations

import pytest
import re2

from hub.errors import BadRequest
from hub.mail.references.finding import BUILT_IN, MAX_FOUND, Rule, compiled, find

NAMED = [
    ("Please confirm PO-2026-0042 by Friday.", [("order", "PO-2026-0042")]),
    ("po-2026-0042 is late", [("order", "po-2026-0042")]),
    ("PO 4500012345", [("order", "PO 4500012345")]),
    ("(PO4500012345)", [("order", "PO4500012345")]),
    ("Our SO-77120, your PO 2026/118.", [("order", "SO-77120"), ("order", "PO 2026/118")]),
    ("Purchase order no. 118 was sent", [("order", "118")]),
    ("objednávka č. 2026/0042", [("order", "2026/0042")]),
    ("Objednávku číslo: 20260042 potvrdzujeme.", [("order", "20260042")]),
    ("k objednávke 2026-17 posielame faktúru č. 20260311",
     [("order", "2026-17"), ("invoice", "20260311")]),
    ("Ihre Bestellung Nr. 4711", [("order", "4711")]),
    ("Auftrag #88123-B", [("order", "88123-B")]),
    ("commande n° 20-118", [("order", "20-118")]),
    ("order 45000117", [("order", "45000117")]),
    ("Order: 45000117\nInvoice: 90000118", [("order", "45000117"), ("invoice", "90000118")]),
    ("invoice INV-2026-001 attached", [("invoice", "INV-2026-001")]),
    ("Invoice no. 17", [("invoice", "17")]),
    ("faktura č. 2026110042", [("invoice", "2026110042")]),
    ("Rechnung Nr. RG-2026-118", [("invoice", "RG-2026-118")]),
    ("FV/2026/11/0042", [("invoice", "FV/2026/11/0042")]),
    ("FV-2026-11-0042", [("invoice", "FV-2026-11-0042")]),
    ("Credit note # CN118", [("invoice", "CN118")]),
    ("uhraďte s VS: 20260042", [("variable_symbol", "20260042")]),
    ("VS 2026004200", [("variable_symbol", "2026004200")]),
    ("variabilný symbol 0020260042", [("variable_symbol", "0020260042")]),
    ("/VS20260042/SS/KS0308", [("variable_symbol", "20260042")]),
    ("pay to RF18 5390 0754 7034 please", [("invoice", "RF18 5390 0754 7034")]),
    ("RF18539007547034", [("invoice", "RF18539007547034")]),
    ("container CSQU3054383 left Hamburg", [("free", "CSQU3054383")]),
    ("CSQU 305438 3", [("free", "CSQU 305438 3")]),
    ("CSQU 305438-3", [("free", "CSQU 305438-3")]),
    ("sp. zn. 12C/34/2026", [("case", "12C/34/2026")]),
    ("Az. 12 O 345/26", [("case", "12 O 345/26")]),
    ("Ticket #1234: printer", [("case", "1234")]),
    ("case no. 2026-7", [("case", "2026-7")]),
    ("zmluva č. 12/2026", [("contract", "12/2026")]),
    ("podľa zmluvy ZML-2026-15", [("contract", "ZML-2026-15")]),
    ("Vertrag Nr. V-118/26", [("contract", "V-118/26")]),
    ("see INV-2026-0042.pdf", [("invoice", "INV-2026-0042")]),
    ("PO-2026-0042, PO-2026-0043 and PO-2026-0044",
     [("order", "PO-2026-0042"), ("order", "PO-2026-0043"), ("order", "PO-2026-0044")]),
    ("**PO-2026-0042**", [("order", "PO-2026-0042")]),
]  # fmt: skip

NONE = [
    "",
    "See you on 27.11.2026 at 14:05.",
    "po 5 minútach prídem, po 2026 uvidíme",
    "PO Box 123, 811 02 Bratislava",
    "1 234,50 € or 1,234.50 USD",
    "Call me: +421 905 123 456",
    "in order to 123456 do it",
    "We will order 200 chairs.",
    "order 150000 pcs",
    "Order 2026-11-27 was the day",
    "order 27/11/2026",
    "invoice 1250.00 EUR",
    "invoice 2026",
    "In case 20261127 is a date, nobody minds.",
    "the contract of 2026",
    "2025 vs 2026: better",
    "vs 20260042 in lower case is a match of chess",
    "RF18 5390 0754 7035",
    "CSQU3054384",
    "https://shop.example/orders/PO-2026-0042?x=1",
    "write to po-2026-0042@north.example",
    "```\norder no. 118\n```",
    "`PO-2026-0042` is how they look",
    "recorder no. 118",
    "border 123456",
    "PO-",
    "IBAN SK31 1200 0000 1987 4263 7541",
    "order number",
    "the case is closed 2026",
    "H2O, CO2, MP3, A4, Covid-19",
]


@pytest.mark.parametrize(("text", "numbers"), NAMED, ids=[text for text, _ in NAMED])
def test_a_number_is_found_and_what_it_is(text: str, numbers: list[tuple[str, str]]) -> None:
    found = find(text, BUILT_IN)
    assert [(one.kind, one.number) for one in found] == numbers
    assert [text[one.start : one.end] for one in found] == [one.number for one in found]


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_reference_is_none(text: str) -> None:
    assert find(text, BUILT_IN) == []


def test_a_rule_of_the_owner_comes_before_the_built_in_ones() -> None:
    rule = Rule("contract", compiled(r"PO-\d{4}-\d{4}"), whose="North", apply=True)
    (found,) = find("PO-2026-0042", [rule, *BUILT_IN])
    assert (found.kind, found.whose, found.apply) == ("contract", "North", True)


def test_the_group_of_a_pattern_is_the_number() -> None:
    (found,) = find("job <77-A>", [Rule("free", compiled(r"job <([^>]+)>"))])
    assert (found.number, found.start, found.end) == ("77-A", 5, 9)


def test_check_digits_are_asked() -> None:
    rule = Rule("free", compiled(r"K[0-9]+"), check="luhn")
    assert find("K79927398713 K79927398714", [rule]) == []  # the letter is a part of it
    rule = Rule("free", compiled(r"K([0-9]+)"), check="luhn")
    assert [one.number for one in find("K79927398713 K79927398714", [rule])] == ["79927398713"]


@pytest.mark.parametrize(
    "pattern",
    [r"(a)\1", "(?=x)x", "(", "[", r"\d*", "", ".*", "(((a{1,999}){1,999}){1,999})", r"x|"],
)
def test_a_pattern_that_cannot_be_is_refused(pattern: str) -> None:
    with pytest.raises(BadRequest) as refused:
        compiled(pattern)
    assert refused.value.code == "bad_pattern"


def test_a_pattern_that_would_backtrack_takes_its_text_once() -> None:
    """Python's own engine would be at this for longer than the universe is old."""
    rule = Rule("free", compiled(r"(x+x+)+y"))
    assert find("x" * 40_000, [rule]) == []


@pytest.mark.parametrize(
    "text",
    ["order no. " * 4000, "sp. zn. 1" + "/1" * 20_000, "`" * 40_000, "RF18 " * 8000, "@" * 40_000,
     "VS: 1 " * 6000, "```" * 13_000, "PO-1-" * 8000, "http://" * 5700],
)  # fmt: skip
def test_hostile_texts_are_bounded(text: str) -> None:
    assert len(find(text, BUILT_IN)) <= MAX_FOUND


def test_re2_is_what_patterns_are_made_with() -> None:
    assert type(compiled("a")) is type(re2.compile("a"))
