"""Identifiers and hashes: how every id of the hub is made. No I/O, no state."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def sha256(*parts: bytes) -> bytes:
    """SHA-256 of the parts joined; 32 bytes."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def new_id(prefix: str) -> str:
    """A fresh opaque id with 128 random bits: ``u_…`` users, ``d_…`` documents, ``s_…`` sign-in
    sessions, ``t_…`` tokens, ``l_…`` links, ``c_…`` live connections."""
    return f"{prefix}_{b64url(secrets.token_bytes(16))}"


def new_secret() -> str:
    """A bearer secret with 256 random bits, safe in a cookie, a header or a fragment."""
    return b64url(secrets.token_bytes(32))


def secret_digest(secret: str) -> bytes:
    """What is stored of a bearer secret: its SHA-256; with full entropy it needs no salt."""
    return sha256(secret.encode())


def same_digest(a: bytes, b: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(a, b)


def thread_id_of(create_event_payload: bytes) -> str:
    """``r_`` + base64url(SHA-256(create-event payload)). Source: DESIGN section 4."""
    return "r_" + b64url(sha256(create_event_payload))
