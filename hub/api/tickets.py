"""Tickets for stock Yjs clients, which can carry a right only in the URL and reuse it.

Bound to one document and to the sign-in session or token it was made with, whose right it cannot
outlive nor exceed; for ten minutes; signed, so that nothing is stored.
"""

from __future__ import annotations

import base64
import binascii
import hmac

import msgspec

from hub.clock import Clock
from hub.errors import Unauthenticated
from hub.identity.principal import Principal
from hub.ids import b64url
from hub.wire.api import YjsTicket

LASTS_MS = 600_000


SCOPES = frozenset(("read", "write"))


class Ticket(msgspec.Struct, array_like=True, frozen=True):
    """Attributes:
    session, token: where it came from, one of them.
    scopes: what it allows.
    expires_at: Unix time in milliseconds.
    """

    session: str | None
    token: str | None
    scopes: tuple[str, ...]
    document: str
    expires_at: int


class Tickets:
    def __init__(self, clock: Clock, key: bytes) -> None:
        self._clock = clock
        self._key = key

    def issue(self, principal: Principal, document: str) -> YjsTicket:
        expires = self._clock.now_ms() + LASTS_MS
        allowed = SCOPES if principal.scopes is None else SCOPES & principal.scopes
        ticket = Ticket(
            principal.session_id, principal.token_id, tuple(sorted(allowed)), document, expires
        )
        content = b64url(msgspec.json.encode(ticket))
        return YjsTicket(f"{content}.{self._sign(content)}", expires)

    def verify(self, ticket: str, document: str) -> Ticket:
        """What a ticket says; whether its session or token lasts is not known here.

        Raises:
            Unauthenticated: ``bad_ticket``.
        """
        try:
            content, _, signature = ticket.partition(".")
            if not hmac.compare_digest(signature.encode(), self._sign(content).encode()):
                raise ValueError("signature")
            packed = base64.urlsafe_b64decode(content + "=" * (-len(content) % 4))
            said = msgspec.json.decode(packed, type=Ticket)
        except (ValueError, binascii.Error, msgspec.DecodeError, UnicodeError) as error:
            raise Unauthenticated("The ticket is not good.", code="bad_ticket") from error
        if said.document != document or said.expires_at <= self._clock.now_ms():
            raise Unauthenticated("The ticket has ended; fetch another.", code="bad_ticket")
        return said

    def _sign(self, content: str) -> str:
        return b64url(hmac.digest(self._key, b"yjs-ticket\x00" + content.encode(), "sha256"))
