"""What an export writes to: bytes up to a bound, each line behind the prefix of where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hub.errors import TooLarge

MAX_BYTES: Final = 64 * 1024 * 1024


class Output:
    """Attributes:
    most_bytes: what may be written; a part of another output shares its rest.
    """

    def __init__(self, most_bytes: int = MAX_BYTES) -> None:
        self.most_bytes = most_bytes
        self._data = bytearray()
        self._prefix = ""

    def write(self, text: str) -> None:
        """Add text; what follows a line break in it comes behind the prefix.

        Raises:
            TooLarge: ``export_too_large``.
        """
        if self._prefix and (breaks := text.count("\n")):
            self._require(len(text) + breaks * len(self._prefix))
            text = text.replace("\n", "\n" + self._prefix)
        data = text.encode()
        self._require(len(data))
        self._data += data

    @contextmanager
    def within(self, mark: str, prefix: str) -> Iterator[None]:
        """Begin a block with a mark; the further lines of it begin with a prefix."""
        self.write(mark)
        outer, self._prefix = self._prefix, self._prefix + prefix
        yield
        self._prefix = outer

    def part(self) -> Output:
        """An output for a piece that must be changed before it is written here."""
        return Output(self.most_bytes - len(self._data))

    def value(self) -> bytes:
        return bytes(self._data)

    def text(self) -> str:
        return self._data.decode()

    def _require(self, more_bytes: int) -> None:
        if len(self._data) + more_bytes > self.most_bytes:
            raise TooLarge("The export would be too large.", code="export_too_large")
