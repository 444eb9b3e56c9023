from __future__ import annotations

import pytest

from hub.api.requests import is_own_origin
from hub.settings import Settings


@pytest.mark.parametrize(
    ("public_url", "origin", "host", "own"),
    [
        ("https://mail.north.example", "https://mail.north.example", "", True),
        ("https://Mail.North.example:443", "https://mail.north.example", "", True),
        ("https://mail.north.example:8443", "https://mail.north.example", "", False),
        ("https://mail.north.example", "http://mail.north.example", "mail.north.example", False),
        ("https://mail.north.example", "https://evil.example", "mail.north.example", False),
        # A name of a stranger that points here: its Host is its own, and it is not loopback.
        ("https://mail.north.example", "https://evil.example", "evil.example", False),
        ("https://mail.north.example", "https://mail.north.example.evil.example", "", False),
        ("http://127.0.0.1:8480", "http://localhost:8480", "localhost:8480", True),
        ("http://127.0.0.1:8480", "http://[::1]:8480", "[::1]:8480", True),
        ("http://127.0.0.1:8480", "http://127.0.0.1:9999", "127.0.0.1:8480", False),
        ("http://127.0.0.1:8480", "null", "127.0.0.1:8480", False),
        ("http://127.0.0.1:8480", "null", "", False),
        ("http://127.0.0.1:8480", "", "", False),
        ("http://127.0.0.1:8480", "http://[", "[", False),
        ("http://127.0.0.1:8480", "http://127.0.0.1:99999", "127.0.0.1:8480", False),
    ],
)
def test_is_own_origin(public_url: str, origin: str, host: str, own: bool) -> None:
    settings = Settings.from_environ({"HUB_PUBLIC_URL": public_url})
    assert is_own_origin(settings, origin, host) is own
