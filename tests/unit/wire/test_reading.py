"""Commands that cannot be read, and what nothing can keep."""

from __future__ import annotations

import json

import pytest

from hub.errors import ProtocolError
from hub.wire import reading
from tests.support import hostile


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (r"\u0000", True),
        (r"\\\u0000", True),
        (r"\\u0000", False),  # a backslash, then plain letters
        (r"\u00001", True),
        (r"\u0001", False),
        ("u0000", False),
    ],
)
def test_nul_is_found_however_it_is_escaped(text: str, holds: bool) -> None:
    frame = f'{{"cmd":"post","id":3,"thread":"r","send_id":"s","text":"{text}"}}'
    if not holds:
        assert reading.command(frame).id == 3
        return
    with pytest.raises(reading.Unreadable) as unreadable:
        reading.command(frame)
    assert (unreadable.value.id, unreadable.value.reason.code) == (3, "bad_text")


@pytest.mark.parametrize(
    "frame",
    ['{"cmd":"signal","id":1,"thread":"r","to_session":"s","kind":"k","payload":"\\u0000"}'],
)
def test_what_the_hub_only_passes_on_may_hold_anything(frame: str) -> None:
    assert reading.command(frame).id == 1


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", "bad_json"),
        ("{", "bad_json"),
        ("[" * 1100 + "]" * 1100, "bad_json"),
        ('{"cmd":"ping","id":' + "1" * 5000 + "}", "bad_json"),
        ("null", "bad_command"),
        ('{"cmd":"ping","id":true}', "bad_command"),
        ('{"cmd":"ping","id":-1}', "bad_command"),
        ('{"cmd":"ping","id":1.5}', "bad_command"),
        ('{"cmd":"ping","id":9007199254740992}', "bad_command"),
    ],
)
def test_what_cannot_be_answered_ends_the_connection(frame: str, code: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        reading.command(frame)
    assert refused.value.code == code


def test_reading_takes_time_in_proportion_to_the_text() -> None:
    def read(text: str) -> None:
        frame = json.dumps(
            {"cmd": "post", "id": 1, "thread": "r", "send_id": "s", "text": text, "more": 1}
        )
        with pytest.raises(reading.Unreadable):
            reading.command(frame)

    hostile.assert_linear(read)
