"""The bytes of a file on their way to a scanner: in chunks of bounded size, counted."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Final

CHUNK_BYTES: Final = 64 * 1024


class Body:
    """Args:
    size: bytes that there must be.
    parts: the bytes, in parts of any size.
    hashed: ``digest`` will be wanted.
    """

    def __init__(self, size: int, parts: AsyncIterator[bytes], *, hashed: bool = False) -> None:
        self.size = size
        self.taken = 0
        self._hash = hashlib.sha256() if hashed else None
        self._parts = parts
        self._left = memoryview(b"")

    async def take(self, most: int = CHUNK_BYTES) -> memoryview:
        """The next bytes, at least one and at most ``most``; none when all were taken.

        Raises:
            ValueError: there are more or fewer than there must be. A scanner that was given part
                of a file must not be told that this was all.
        """
        while not self._left:
            part = await anext(self._parts, None)
            if part is None:
                if self.taken != self.size:
                    raise ValueError(f"the file ends at {self.taken} of {self.size} bytes")
                return self._left
            self._left = memoryview(part)
        piece, self._left = self._left[:most], self._left[most:]
        self.taken += len(piece)
        if self.taken > self.size:
            raise ValueError(f"the file is longer than its {self.size} bytes")
        if self._hash is not None:
            self._hash.update(piece)
        return piece

    def digest(self) -> bytes:
        """SHA-256 of what was taken."""
        assert self._hash is not None
        return self._hash.digest()
