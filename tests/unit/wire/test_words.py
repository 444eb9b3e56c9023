"""What may stand in a message, a subject and a name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.errors import BadRequest
from hub.wire import words

CASES = json.loads((Path(__file__).parent.parent.parent / "data/cases/names.json").read_text())[
    "cases"
]
FIELDS = {"message": words.message, "subject": words.subject, "name": words.name}
CODES = {"message": "empty_message", "subject": "empty_subject", "name": "bad_text"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['field']} {case['text']!a}")
def test_cases(case: dict[str, Any]) -> None:
    check = FIELDS[case["field"]]
    if case["want"] == "accepted":
        assert check(case["text"]) == case["text"]
        return
    with pytest.raises(BadRequest) as refused:
        check(case["text"])
    assert refused.value.code == CODES[case["field"]]


@pytest.mark.parametrize(
    "name",
    [
        "Ada\u200bLovelace",
        "Ada\u2066",
        "\u200eAda",
        "A\u00adda",
        "Ada\u061c",
        "\ue000\u2060",
        "a\x00",
    ],
)
def test_a_name_holds_nothing_that_is_not_seen(name: str) -> None:
    with pytest.raises(BadRequest) as refused:
        words.name(name)
    assert refused.value.code == "bad_text"


@pytest.mark.parametrize(
    "name",
    [
        "Ada \U0001f469\u200d\U0001f4bb",
        "\u0936\u094d\u200d\u092f\u093e\u092e",
        "I\u2665\ufe0fmail",
        "\U0001fae8",
    ],
)
def test_joiners_belong_to_letters_and_emoji(name: str) -> None:
    assert words.name(name) == name


def test_lines_are_one() -> None:
    assert words.subject("  Two\n words ") == "Two words"
    assert words.name(" Ada\tOkafor ") == "Ada Okafor"
    assert words.message("  stays\n as it is ") == "  stays\n as it is "
