"""Mail addresses in the one form in which they are stored and compared. Pure."""

from __future__ import annotations

import unicodedata

from hub.errors import BadRequest


def normalise(address: str) -> str:
    """NFC, lower case, the domain in its ASCII form.

    Raises:
        BadRequest: ``bad_address``.
    """
    text = unicodedata.normalize("NFC", address.strip()).casefold()
    local, at, domain = text.rpartition("@")
    if not at or not local or "@" in local or any(char.isspace() for char in text):
        raise BadRequest("This is no mail address.", code="bad_address")
    try:
        domain = domain.encode("idna").decode("ascii").rstrip(".")
    except UnicodeError as error:
        raise BadRequest("This is no mail address.", code="bad_address") from error
    if not domain or len(local) + len(domain) > 253:
        raise BadRequest("This is no mail address.", code="bad_address")
    return f"{local}@{domain}"
