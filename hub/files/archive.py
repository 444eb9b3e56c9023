"""Files as one ZIP, made while it is sent.

Nothing is compressed: most files are already, and a stream is as fast as the disk.

Source: PKWARE APPNOTE (sizes follow the bytes: 4.3.9).
"""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from hub.wire.filenames import MAX_BYTES, shortened

WIDE_BYTES: Final = 1 << 31
_FIRST_YEAR: Final = 1980
_LAST_YEAR: Final = 2107


class Entry(NamedTuple):
    """A file: ``size`` bytes come from ``parts``."""

    name: str
    at_ms: int
    size: int
    parts: AsyncIterator[bytes]


async def archived(entries: Iterable[Entry]) -> AsyncIterator[bytes]:
    """The bytes of a ZIP in which every name stands once."""
    sink = _Sink()
    names = Names()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        for entry in entries:
            info = zipfile.ZipInfo(names.take(entry.name), _date(entry.at_ms))
            info.external_attr = 0o644 << 16
            with archive.open(info, "w", force_zip64=entry.size >= WIDE_BYTES) as file:
                async for part in entry.parts:
                    file.write(part)
                    if ready := sink.taken():
                        yield ready
    yield sink.taken()


class Names:
    """Each name once, wherever it is unpacked."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._last: dict[str, int] = {}

    def take(self, name: str) -> str:
        """The name, or the next free "name (2).txt"; of at most 255 bytes as the name is."""
        number, free = self._last.get(_folded(name), 1), name
        while _folded(free) in self._taken:
            number += 1
            free = _numbered(name, number)
        self._last[_folded(name)] = number
        self._taken.add(_folded(free))
        return free


def _folded(name: str) -> str:
    """The same for names that are one file to Windows or macOS."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _numbered(name: str, number: int) -> str:
    mark = f" ({number})"
    short = shortened(name, MAX_BYTES - len(mark))
    stem, dot, suffix = short.rpartition(".")
    if not stem:
        stem, dot, suffix = short, "", ""
    return f"{stem}{mark}{dot}{suffix}"


def _date(at_ms: int) -> tuple[int, int, int, int, int, int]:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    year = min(max(at.year, _FIRST_YEAR), _LAST_YEAR)
    return year, at.month, at.day, at.hour, at.minute, at.second


class _Sink:
    """Takes what the library writes; it cannot be sought in, so sizes follow the bytes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
