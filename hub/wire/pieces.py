"""What a blob is called, and the hashes that prove any part of it. Pure.

A blob is cut into pieces of 1 MiB, the last one shorter; each has its SHA-256. The **root** is the
SHA-256 over a domain, the length and those hashes in their order. So it can be computed in pieces,
in parallel, in a browser and across a crash, and every piece can be checked by itself.

Source: DESIGN section 2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from hub.ids import b64url, sha256

PIECE_BYTES: Final = 1 << 20
HASH_BYTES: Final = 32

_DOMAIN: Final = b"hub-blob-v1\x00"


def blob_id(size: int, hashes: Sequence[bytes]) -> str:
    """``b_`` + base64url(SHA-256(domain ‖ size as 8 bytes, big-endian ‖ hashes)).

    Args:
        size: bytes of the whole.
        hashes: of its pieces, 32 bytes each, in their order; none of an empty blob.

    Raises:
        ValueError: there are more or fewer hashes than pieces.
    """
    if len(hashes) != count(size):
        raise ValueError(f"{size} bytes have {count(size)} pieces, not {len(hashes)}")
    return "b_" + b64url(sha256(_DOMAIN, size.to_bytes(8, "big"), *hashes))


def count(size: int) -> int:
    """How many pieces so many bytes have."""
    return -(-size // PIECE_BYTES)


def split(joined: bytes) -> list[bytes]:
    """A stored piece list, 32 bytes each.

    Raises:
        ValueError: it is cut off.
    """
    if len(joined) % HASH_BYTES:
        raise ValueError("a piece list is cut off")
    return [joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)]


def span(start: int, end: int) -> range:
    """The numbers of the pieces that bytes ``start`` to ``end`` (not included) touch."""
    return range(start // PIECE_BYTES, count(end)) if end > start else range(0)


def bounds(number: int, size: int) -> tuple[int, int]:
    """Where a piece begins and ends (not included) in a blob of so many bytes."""
    start = number * PIECE_BYTES
    return start, min(start + PIECE_BYTES, size)


class Hasher:
    """Takes the bytes of a blob in their order, in parts of any size.

    Args:
        hashes: of the whole pieces that were taken before (after a crash; the bytes behind them are
            taken again).
    """

    def __init__(self, hashes: Iterable[bytes] = ()) -> None:
        self.hashes = list(hashes)
        self.size = len(self.hashes) * PIECE_BYTES
        self._piece = hashlib.sha256()
        self._room = PIECE_BYTES

    def update(self, part: bytes | bytearray | memoryview) -> None:
        view = memoryview(part)
        self.size += len(view)
        while len(view) >= self._room:
            self._piece.update(view[: self._room])
            view = view[self._room :]
            self._next()
        self._piece.update(view)
        self._room -= len(view)

    def finish(self) -> str:
        """The blob's id; nothing is taken any more."""
        if self._room < PIECE_BYTES:
            self._next()
        return blob_id(self.size, self.hashes)

    def _next(self) -> None:
        self.hashes.append(self._piece.digest())
        self._piece = hashlib.sha256()
        self._room = PIECE_BYTES
