"""Which servers a browser is told of, and with what password."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from hub.clock import SystemClock
from hub.rtc.ice import IceServers
from hub.settings import Settings, SettingsError
from hub.wire.api import Ice, IceServer

TURN = {"HUB_TURN_URLS": "turn:t.example:3478, turns:t.example:5349?transport=tcp",
        "HUB_TURN_SECRET": "s3cret"}  # fmt: skip


class Noon(SystemClock):
    def now_ms(self) -> int:
        return 1_800_000_000_123


def ice(**environ: str) -> Ice:
    return IceServers(Settings.from_environ(environ), Noon()).of("u_ada")


def test_none_set_means_none() -> None:
    assert ice() == Ice([], False, None)


def test_credentials_are_for_one_person_and_an_hour() -> None:
    told = ice(**TURN, HUB_STUN_URLS="stun:s.example")
    stun, turn = told.servers
    assert stun == IceServer(["stun:s.example"])
    assert turn.urls == ["turn:t.example:3478", "turns:t.example:5349?transport=tcp"]
    assert turn.username == "1800003600:u_ada"
    assert told.expires_at == 1_800_003_600_000
    digest = hmac.new(b"s3cret", b"1800003600:u_ada", hashlib.sha1).digest()
    assert turn.credential == base64.b64encode(digest).decode()


def test_nobody_asks_for_their_address_when_all_is_relayed() -> None:
    told = ice(**TURN, HUB_STUN_URLS="stun:s.example", HUB_RELAY_ONLY="true")
    assert told.relay_only
    assert [one.username is None for one in told.servers] == [False]


@pytest.mark.parametrize(
    "environ",
    [
        {"HUB_STUN_URLS": "https://s.example"},
        {"HUB_STUN_URLS": "turn:s.example"},
        {**TURN, "HUB_TURN_URLS": "turn:t.example?transport=sctp"},
        {**TURN, "HUB_TURN_URLS": "turn:t.example:3478 turn:"},
        {"HUB_TURN_URLS": "turn:t.example"},
        {"HUB_RELAY_ONLY": "true"},
    ],
)
def test_wrong_settings_stop_the_start(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        Settings.from_environ(environ)
