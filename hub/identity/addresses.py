"""Mail addresses in the one form in which they are stored and compared. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from hub.errors import BadRequest

MAX_CHARS: Final = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets

_DOMAIN: Final = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


def normalise(address: str) -> str:
    """Folded case, NFC, the domain in its ASCII form.

    Raises:
        BadRequest: ``bad_address``.
    """
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", address.strip()).casefold())
    local, _, domain = text.rpartition("@")
    if not local or "@" in local or not all(_visible(char) for char in text):
        raise _no_address()
    try:
        # Also maps what merely looks like a dot or an @; the expression below sees the result.
        domain = domain.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError as error:
        raise _no_address() from error
    if not _DOMAIN.fullmatch(domain) or len(local) + 1 + len(domain) > MAX_CHARS:
        raise _no_address()
    return f"{local}@{domain}"


def _visible(char: str) -> bool:
    """Neither space nor control, format, surrogate, private or unassigned character."""
    return not char.isspace() and unicodedata.category(char)[0] != "C"


def _no_address() -> BadRequest:
    return BadRequest("This is no mail address.", code="bad_address")
