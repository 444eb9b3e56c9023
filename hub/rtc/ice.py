"""The STUN and TURN servers that a browser is told of. None set means none: never a public one.

TURN credentials are minted for a person and an hour; a client asks again before it needs a new
connection. Source: RFC 8445, RFC 8656; coturn, turnserver.conf (use-auth-secret).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final

from hub.clock import Clock
from hub.settings import Settings
from hub.wire.api import Ice, IceServer

HOUR_S: Final = 3600


class IceServers:
    """The servers of the settings, with credentials for whoever asks.

    Args:
    settings: addresses that ``hub.settings`` has checked.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._stun = _split(settings.stun_urls)
        self._turn = _split(settings.turn_urls)
        self._secret = (settings.turn_secret or "").encode()
        self._relay_only = settings.relay_only
        self._clock = clock

    def of(self, uid: str) -> Ice:
        """What somebody may use for the next hour."""
        servers = [IceServer(self._stun)] if self._stun and not self._relay_only else []
        if not self._turn:
            return Ice(servers, self._relay_only, None)
        expires_s = self._clock.now_ms() // 1000 + HOUR_S
        username = f"{expires_s}:{uid}"
        digest = hmac.new(self._secret, username.encode(), hashlib.sha1).digest()
        servers.append(IceServer(self._turn, username, base64.b64encode(digest).decode()))
        return Ice(servers, self._relay_only, expires_s * 1000)


def _split(urls: str) -> list[str]:
    return [one for one in re.split(r"[,\s]+", urls) if one]
