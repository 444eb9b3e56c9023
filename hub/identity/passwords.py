"""Passwords as argon2id, hashed in threads and two at a time: one hash takes 64 MiB."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.errors import Unavailable

AT_ONCE = 2
MAX_WAITING = 64  # some four seconds of work; who comes later is told to come again


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
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password. Takes as long for nobody as for somebody.

        Raises:
            Unavailable: ``busy``.
        """
        if stored is None:
            if self._nobody is None:
                self._nobody = await self.hash("nobody has this password")
            async with self._turn():
                await asyncio.to_thread(self._verify, self._nobody, password)
            return False
        async with self._turn():
            return await asyncio.to_thread(self._verify, stored, password)

    def wants_rehash(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

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
