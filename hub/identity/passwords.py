"""Passwords as argon2id, hashed in threads and two at a time: one hash takes 64 MiB."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2


class Passwords:
    def __init__(self) -> None:
        self._hasher = PasswordHasher()  # RFC 9106, low-memory profile
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password. Takes as long for nobody as for somebody."""
        if stored is None:
            if self._nobody is None:
                self._nobody = await self.hash("nobody has this password")
            stored = self._nobody
            password = ""
        async with self._turns:
            return await asyncio.to_thread(self._verify, stored, password)

    def wants_rehash(self, stored: str) -> bool:
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
