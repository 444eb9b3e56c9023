"""Tickets for stock Yjs clients, which can carry a right only in the URL and reuse it.

Bound to one user and one document, for ten minutes; signed, so that nothing is stored.
"""

from __future__ import annotations

import base64
import binascii
import hmac

import msgspec

from hub.clock import Clock
from hub.errors import Unauthenticated
from hub.ids import b64url
from hub.wire.api import YjsTicket

LASTS_MS = 600_000


class _Content(msgspec.Struct, array_like=True):
    uid: str
    document: str
    expires_at: int


class Tickets:
    def __init__(self, clock: Clock, key: bytes) -> None:
        self._clock = clock
        self._key = key

    def issue(self, uid: str, document: str) -> YjsTicket:
        expires = self._clock.now_ms() + LASTS_MS
        content = b64url(msgspec.json.encode(_Content(uid, document, expires)))
        return YjsTicket(f"{content}.{self._sign(content)}", expires)

    def verify(self, ticket: str, document: str) -> str:
        """The uid a ticket was made for.

        Raises:
            Unauthenticated: ``bad_ticket``.
        """
        try:
            content, _, signature = ticket.partition(".")
            if not hmac.compare_digest(signature.encode(), self._sign(content).encode()):
                raise ValueError("signature")
            packed = base64.urlsafe_b64decode(content + "=" * (-len(content) % 4))
            said = msgspec.json.decode(packed, type=_Content)
        except (ValueError, binascii.Error, msgspec.DecodeError, UnicodeError) as error:
            raise Unauthenticated("The ticket is not good.", code="bad_ticket") from error
        if said.document != document or said.expires_at <= self._clock.now_ms():
            raise Unauthenticated("The ticket has ended; fetch another.", code="bad_ticket")
        return said.uid

    def _sign(self, content: str) -> str:
        return b64url(hmac.digest(self._key, b"yjs-ticket\x00" + content.encode(), "sha256"))
