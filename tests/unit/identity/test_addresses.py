from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import BadRequest
from hub.identity.addresses import normalise


@pytest.mark.parametrize(
    ("given_address", "stored"),
    [
        ("ada@north.example", "ada@north.example"),
        ("  Ada.Okafor@NORTH.Example ", "ada.okafor@north.example"),
        ("ada+list@north.example", "ada+list@north.example"),
        ("jožo@ŽILINA.example", "jožo@xn--ilina-tib.example"),
        ("ada@北.example", "ada@xn--djr.example"),
        ("ada@north.example.", "ada@north.example"),
        ("zoe\u0308@north.example", "zoë@north.example"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_normalise_gives_one_form(given_address: str, stored: str) -> None:
    assert normalise(given_address) == stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@north.example",
        "ada@",
        "ada@.",
        "ada@north..example",
        "a@b@c",
        "a b@north.example",
        "ada@nor th.example",
        "ada@north\uff20south.example",  # a wide @, which IDNA would make a plain one
        "ada\x00@north.example",
        "ada\u200b@north.example",  # a space of no width
        "ada\u202e@north.example",  # turns the reading direction
        "ada@[127.0.0.1]",
        "a" * 250 + "@north.example",
        "ada@" + "x" * 64 + ".example",
    ],
)
def test_normalise_refuses_what_is_no_address(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        normalise(text)
    assert caught.value.code == "bad_address"


@given(st.text(max_size=40), st.text(max_size=40))
def test_normalise_of_a_normal_form_changes_nothing(local: str, domain: str) -> None:
    try:
        once = normalise(f"{local}@{domain}")
    except BadRequest:
        return
    assert normalise(once) == once
