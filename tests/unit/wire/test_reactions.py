"""What people may react with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.errors import BadRequest
from hub.wire import reactions

CASES = json.loads((Path(__file__).parents[2] / "data/cases/reactions.json").read_text())


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: ascii(case["emoji"]))
def test_cases(case: dict[str, Any]) -> None:
    if case["want"] == "ok":
        assert reactions.require_emoji(case["emoji"]) == case["emoji"]
        return
    with pytest.raises(BadRequest) as refused:
        reactions.require_emoji(case["emoji"])
    assert refused.value.code == case["want"]


@pytest.mark.parametrize("pair", CASES["same"], ids=ascii)
def test_the_same_with_and_without_its_variation_selector(pair: list[str]) -> None:
    plain, qualified = pair
    assert reactions.require_emoji(plain) == reactions.require_emoji(qualified) == qualified


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("☝️\U0001f3fd", "☝\U0001f3fd"),  # as some keyboards write it
        ("1⃣", "1️⃣"),
        ("👁‍🗨", "👁️‍🗨️"),
    ],
    ids=ascii,
)
def test_a_selector_inside_of_a_sequence(sent: str, stored: str) -> None:
    assert reactions.require_emoji(sent) == stored


@pytest.mark.parametrize(
    "text", ["", "\ufe0f", "\x00", "\ud800", "👍\ufe0f👍", "1", "#", "🇩"], ids=ascii
)
def test_no_emoji(text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        reactions.require_emoji(text)
    assert refused.value.code == "bad_emoji"
