"""Ways to write one number, and numbers that only look alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import BadRequest
from hub.wire.references import checked, key, shape


@pytest.mark.parametrize(
    "numbers",
    [
        ("PO-2026-0042", "po 2026/0042", "PO2026-0042", " Po–2026–0042 ", "ＰＯ-2026-0042"),
        ("PO-2026-0042", "PO-٢٠٢٦-0042"),
        ("12 C/34/2026", "12c-34-2026"),
        ("Č-1", "c1"),
    ],
)  # fmt: skip
def test_one_number(numbers: tuple[str, ...]) -> None:
    assert len({key(one) for one in numbers}) == 1


@pytest.mark.parametrize(
    "numbers", [("1-11", "11-1"), ("PO-42", "PO-042"), ("PO-1", "PO-1-1"), ("AB-1", "A-B1-1")]
)
def test_two_numbers(numbers: tuple[str, str]) -> None:
    assert key(numbers[0]) != key(numbers[1])


def test_banks_leave_zeros_away() -> None:
    assert key("0020260042", "variable_symbol") == key("20260042", "variable_symbol")
    assert key("000", "variable_symbol") == "0"
    assert key("0042", "order") != key("42", "order")


@pytest.mark.parametrize(
    "false", ["\u0420\u041e-2026-0042", "PO-2O26-0042", "P\u039f-2026-0042", "PO-2026-OO42"]
)
def test_what_looks_alike_is_another_number(false: str) -> None:
    real = key("PO-2026-0042")
    assert key(false) != real
    assert shape(key(false)) == shape(real)


@pytest.mark.parametrize(
    ("number", "whose"),
    [("", ""), (" ", ""), ("---", ""), ("a\u202eb", ""), ("a\x00", ""), ("1", "\u200b"),
     ("x" * 101, ""), ("1", "x" * 101), ("\u0301", "")],
)  # fmt: skip
def test_what_cannot_be_one(number: str, whose: str) -> None:
    with pytest.raises(BadRequest):
        checked("free", number, whose)


@given(st.text(max_size=100))
def test_a_key_has_one_form(number: str) -> None:
    folded = key(number)
    assert key(folded) == folded
    assert all(part.isalnum() for part in folded.split("-") if part)
