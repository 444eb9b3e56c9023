"""What properties of files may hold."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import BadRequest
from hub.wire import commands as cmd
from hub.wire import properties, protocol
from hub.wire.properties import (
    DateProperty,
    DocumentSource,
    MoneyProperty,
    PersonSource,
    PropertyValue,
    ReferenceProperty,
    StatusProperty,
    TextProperty,
)

LONE = "\ud800"
BIDI = "a\u202egnp.exe"


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (DateProperty("2026-11-30"), "2026-11-30"),
        (DateProperty("2024-02-29"), "2024-02-29"),
        (DateProperty("0001-01-01"), "0001-01-01"),
        (DateProperty("9999-12-31"), "9999-12-31"),
        (MoneyProperty("1234.50", "EUR"), "1234.50 EUR"),
        (MoneyProperty("0", "CZK"), "0 CZK"),
        (MoneyProperty("0.0001", "USD"), "0.0001 USD"),
        (MoneyProperty("-12.5", "PLN"), "-12.5 PLN"),
        (MoneyProperty("9" * 15, "JPY"), "9" * 15 + " JPY"),
        (MoneyProperty("-" + "9" * 11 + ".9999", "DEM"), "-" + "9" * 11 + ".9999 DEM"),
        (ReferenceProperty("  VS 2026\t0117 "), "VS 2026 0117"),
        (ReferenceProperty("x" * 100), "x" * 100),
        (StatusProperty("zaplaceno"), "zaplaceno"),
        (StatusProperty("e\u0301" * 60), "\u00e9" * 60),
        (TextProperty(" one \r\n two\n\n three\u2028four "), "one\ntwo\n\nthree\nfour"),
        (TextProperty("<script>alert(1)</script>"), "<script>alert(1)</script>"),
        (TextProperty("👩\u200d👩\u200d👧"), "👩\u200d👩\u200d👧"),
        (TextProperty("שלום عالم"), "שלום عالم"),
        (TextProperty("x" * 500), "x" * 500),
    ],
)
def test_what_is_taken(value: PropertyValue, stored: str) -> None:
    taken = properties.checked(value)
    assert type(taken) is type(value)
    assert properties.as_text(taken) == stored
    assert properties.checked(taken) == taken


@pytest.mark.parametrize(
    "value",
    [
        *map(
            DateProperty,
            [
                "2026-02-31", "2025-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-04-00",
                "0000-01-01", "2026-1-1", "20261130", "2026-W48-1", "2026-11-30\n", " 2026-11-30",
                "2026-11-30T00:00:00Z", "30.11.2026", "-026-11-30", "٢٠٢٦-١١-٣٠", "２０２６-11-30",
                "", LONE * 10, "9" * 5000,
            ],
        ),
        *(
            MoneyProperty(amount, "EUR")
            for amount in [
                "1e5", "1E5", "NaN", "nan", "Infinity", "-inf", "", ".", ".5", "5.", "+5", "--5",
                "1,50", "1 000", "1_000", "0x10", "007", "00", "-0", "-0.00", "1.23456", "9" * 16,
                "9" * 12 + ".9999", "5\n", " 5", "١٢", "½", "²", "−5", LONE, "9" * 5000,
            ]
        ),
        *(
            MoneyProperty("1", currency)
            for currency in [
                "eur", "Eur", "EU", "EURO", "", "€", "E R", "EUR\n", "ΕUR", "AAA", "123", LONE * 3,
                "E" * 5000,
            ]
        ),
        *(
            kind(text)
            for kind in (ReferenceProperty, StatusProperty, TextProperty)
            for text in [
                "", " ", "\u200b", "\u200d", "\u3164", "a\x00b", "a\x07b", "a\x1b[31mb",
                "a\x85\x9fb", BIDI, "\u2066a\u2069", "a\u200eb", "a\u200bb", "a\u00adb", "a\ufeffb",
                LONE, "a" + LONE, "\udfff", "a\U000e0041b", "x" * 501, "x" * 5000,
                "a" + "\u0301" * 5000, "😀" * 5000, " " * 5000 + "a",
            ]
        ),
        ReferenceProperty("x" * 101), StatusProperty("x" * 61),
    ],
)  # fmt: skip
def test_what_is_refused_in_words(value: PropertyValue) -> None:
    with pytest.raises(BadRequest) as caught:
        properties.checked(value)
    assert caught.value.code == "bad_property"
    assert 10 < len(caught.value.detail) < 120
    caught.value.detail.encode()


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("Due", "Due"), (" Due \u00a0 date ", "Due date"), ("e\u0301", "\u00e9"),
        ("x" * 40, "x" * 40), ("__proto__", "__proto__"), ("Splatnost\n", "Splatnost"),
    ],
)  # fmt: skip
def test_keys_are_mended(given: str, key: str) -> None:
    assert properties.key(given) == key
    assert properties.key(key) == key


@pytest.mark.parametrize(
    "given", ["", "  ", "x" * 41, "x" * 5000, "a\x00", BIDI, LONE, "\u200b", "a\u200bb"]
)
def test_keys_that_are_none(given: str) -> None:
    with pytest.raises(BadRequest) as caught:
        properties.key(given)
    assert caught.value.code == "bad_property"


@pytest.mark.parametrize(
    ("one", "other"),
    [("Due", "dUE"), ("ŠTÍTEK", "štítek"), ("Straße", "STRASSE"), ("Σ", "ς"), ("é", "E\u0301")],
)
def test_keys_that_differ_in_capitals_are_one(one: str, other: str) -> None:
    assert properties.folded(properties.key(one)) == properties.folded(properties.key(other))


def test_keys_that_differ_in_accents_are_two() -> None:
    assert properties.folded("plat") != properties.folded("plát")


def test_a_source_is_small_and_what_cannot_be_seen_is_left_out_of_a_quote() -> None:
    given = DocumentSource(number=2, page=3, quote=" To\u00adtal\u200b:\r\n 1 234,50\u202e € \x07")
    assert properties.checked_source(given) == DocumentSource(
        number=2, page=3, quote="Total: 1 234,50 €"
    )
    assert properties.checked_source(DocumentSource()) == DocumentSource()
    assert properties.checked_source(PersonSource()) is None
    assert properties.checked_source(None) is None
    for bad in (
        DocumentSource(page=0), DocumentSource(page=-1), DocumentSource(page=100_001),
        DocumentSource(quote=""), DocumentSource(quote="\u200b"), DocumentSource(quote="x" * 301),
        DocumentSource(quote="x" * 5000), DocumentSource(quote="a" + LONE),
    ):  # fmt: skip
        with pytest.raises(BadRequest) as caught:
            properties.checked_source(bad)
        assert caught.value.code == "bad_property"


@given(st.text(max_size=600), st.sampled_from([ReferenceProperty, StatusProperty, TextProperty]))
def test_any_text_is_refused_or_stays_as_it_was_taken(text: str, kind: Any) -> None:
    try:
        taken = properties.checked(kind(text))
    except BadRequest:
        return
    assert properties.checked(taken) == taken
    assert "\x00" not in properties.as_text(taken)
    assert json.loads(msgspec.json.encode(taken))["value"] == properties.as_text(taken)


COMMAND = {"cmd": "set_property", "thread": "r_1", "send_id": "s", "attachment": "a_1", "key": "k"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"property": {"value": "x"}},
        {"property": {"type": "number", "value": 1}},
        {"property": {"type": "date", "value": 20261130}},
        {"property": {"type": "date", "value": "2026-11-30", "currency": "EUR"}},
        {"property": {"type": "money", "value": "1"}},
        {"property": {"type": "money", "amount": 1.5, "currency": "EUR"}},
        {"property": "2026-11-30"},
        {"property": [{"type": "status", "value": "x"}]},
        {"property": None, "source": {"by": "robot"}},
        {"property": None, "source": {"by": "person", "page": 1}},
        {"property": None, "source": {"by": "document", "number": 0}},
        {"property": None, "key": None},
    ],
)
def test_what_is_no_command(more: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(COMMAND | more, cmd.SetProperty)


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ({"type": "date", "value": "2026-11-30"}, True),
        ({"type": "date", "value": "30.11.2026"}, False),
        ({"type": "money", "amount": "-1234.5", "currency": "EUR"}, True),
        ({"type": "money", "amount": "1e5", "currency": "EUR"}, False),
        ({"type": "money", "amount": "1", "currency": "eur"}, False),
        ({"type": "status", "value": "x" * 61}, False),
        ({"type": "text", "value": "x" * 61}, True),
        ({"type": "other", "value": "x"}, False),
        (None, True),
    ],
)
def test_the_schema_says_what_a_value_may_hold(value: Any, good: bool) -> None:
    schema = protocol.schema()
    part = {"$ref": "#/$defs/SetProperty", "$defs": schema["$defs"]}
    found = jsonschema.Draft202012Validator(part)
    assert found.is_valid({**COMMAND, "property": value}) is good
