"""Addresses of Redis as its users write them; others are refused in words."""

from __future__ import annotations

from typing import Any

import pytest

from hub.bus.opening import redis_of
from hub.bus.redis_address import RedisAddress
from hub.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://r", {"host": "r", "port": 6379, "db": 0}),
        ("redis://:p%40ss@r:7000/3", {"host": "r", "port": 7000, "db": 3, "password": "p@ss"}),
        ("redis://u:p@[::1]:7000", {"host": "::1", "username": "u", "password": "p"}),
        ("rediss://r?ssl_cert_reqs=none", {"host": "r"}),
        ("unix:///run/redis.sock?db=2", {"path": "/run/redis.sock", "db": 2}),
        ("redis+sentinel://s1,s2:27000/main/4", {"db": 4}),
        ("redis+sentinel://u:p%3A@s1/main", {"username": "u", "password": "p:"}),
        ("rediss+sentinel://s1/main?ssl_cert_reqs=none&sentinel_password=q", {}),
    ],
)
def test_an_address_makes_connections(url: str, expected: dict[str, Any]) -> None:
    connection = RedisAddress(url).connection()
    for name, value in expected.items():
        assert getattr(connection, name) == value, name
    assert connection.protocol == 2
    assert connection.socket_timeout is None
    assert getattr(connection, "socket_keepalive", False) is False


@pytest.mark.parametrize(
    "url",
    [
        "", "r:6379", "http://r", "redis://", "redis://r:99999", "redis://r:x", "redis://r/name",
        "redis://r?no_such_option=1", "redis+sentinel://s1", "redis+sentinel:///main",
        "redis+sentinel://s1:0/main", "redis+sentinel://s 1/main", "redis+sentinel://s1/a/b",
        "redis+sentinel://s1/main?no_such_option=1", "redis://[::1",
    ],
)  # fmt: skip
def test_what_is_no_address_stops_the_start_in_words(url: str) -> None:
    given = Settings.from_environ({"HUB_REDIS_URL": url} if url else {})
    if not url:
        assert redis_of(given) is None
        return
    with pytest.raises(SettingsError, match=r"HUB_REDIS_URL: .+") as refused:
        redis_of(given)
    assert "Traceback" not in refused.value.detail
