"""Passwords as argon2id, hashed in threads and two at a time: one hash takes 64 MiB.

The same letters are the same password however a keyboard puts them together: what is hashed is in
Unicode's composed form (NFC), with one kind of space. Older hashes were made of what came.

Source: RFC 8265 section 4.2 (OpaqueString).
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.errors import Unavailable

AT_ONCE = 2
MAX_WAITING = 64  # some four seconds of work; who comes later is told to come again


def normal(password: str) -> str:
    """A password as it is hashed."""
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in password)
    return unicodedata.normalize("NFC", spaced)


def _forms(password: str) -> list[str]:
    """What may have been hashed for it: as today, as it came, and as another keyboard sends it."""
    return list(dict.fromkeys((normal(password), password, unicodedata.normalize("NFD", password))))


class Passwords:
    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()  # RFC 9106, low-memory profile
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """Raises:
        Unavailable: ``busy``.
        """
        async with self._turn():
            return await asyncio.to_thread(self._hasher.hash, normal(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password. Not to be it takes as long for nobody as for somebody.

        Raises:
            Unavailable: ``busy``.
        """
        if stored is None and self._nobody is None:
            self._nobody = await self.hash("nobody has this password")
        against = stored or self._nobody
        assert against is not None
        for form in _forms(password):
            async with self._turn():
                if await asyncio.to_thread(self._verify, against, form):
                    return stored is not None
        return False

    async def wants_rehash(self, stored: str, password: str) -> bool:
        """Whether a hash that the password fits was made otherwise than today."""
        if self._hasher.check_needs_rehash(stored):
            return True
        if len(_forms(password)) == 1:
            return False
        async with self._turn():
            return not await asyncio.to_thread(self._verify, stored, normal(password))

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= MAX_WAITING:
            raise Unavailable("Too many people sign in just now.", code="busy", retry_after_s=2)
        self._waiting += 1
        try:
            async with self._turns:
                yield
        finally:
            self._waiting -= 1

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
