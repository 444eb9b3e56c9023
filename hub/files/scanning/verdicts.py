"""What a scanner says of a file. Pure.

"Not asked yet" is no verdict, and neither is a scanner that does not answer: it raises
``ScannerDown`` and the file stays pending.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from hub.errors import Forbidden, Unavailable

# ClamAV's names for "I gave up", which come as findings. Source: clamd.conf(5), AlertExceedsMax,
# AlertEncrypted.
_GAVE_UP: Final = {
    "Heuristics.Limits.Exceeded": "beyond a limit of the scanner",
    "Heuristics.Encrypted.": "encrypted",
}


class Result(StrEnum):
    clean = "clean"
    blocked = "blocked"
    unscannable = "unscannable"  # "could not be scanned"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Args:
    engine: its name and version, as it gives them.
    database: version or date of its signatures, as it gives them; empty when it gives none.
    finding: what was found in a blocked file; why, for one that could not be scanned.
    """

    engine: str
    database: str
    result: Result
    finding: str = ""


class ScannerDown(Unavailable):
    """No verdict: the scanner does not answer, or not so that it can be understood."""

    code = "scanner_down"
    title = "The malware scanner does not answer"
    retry_s = 30


class Blocked(Forbidden):
    code = "file_blocked"
    title = "A scanner found malware in this file"


def blocked(finding: str | None) -> Blocked:
    return Blocked(f"A scanner found malware in this file: {finding}.")


class NotScanned(Unavailable):
    """The hub hands out nothing that no scanner has looked at."""

    code = "file_not_scanned"
    title = "No scanner has looked at this file yet"
    retry_s = 5


class Scanner(Protocol):
    async def scan(self, size: int, parts: AsyncIterator[bytes]) -> Verdict:
        """Have a file looked at, part by part; it is never whole in memory.

        Args:
            size: bytes of the file.
            parts: the file in its order, in parts of any size.

        Raises:
            ScannerDown: there is no verdict.
            ValueError: ``parts`` are not ``size`` bytes; what they raise themselves comes through.
        """
        ...

    async def identify(self) -> tuple[str, str]:
        """Its engine and database, as they would be in a verdict now.

        Raises:
            ScannerDown: it does not answer.
        """
        ...

    async def check(self) -> list[str]:
        """Complaints about its configuration, a sentence each; empty when all is well.

        Raises:
            ScannerDown: it does not answer.
        """
        ...


def gave_up(name: str) -> str:
    """Why a "finding" means that the scanner did not look at all of it; empty for a real one."""
    return next((why for start, why in _GAVE_UP.items() if name.startswith(start)), "")


def found(engine: str, database: str, name: str) -> Verdict:
    """The verdict on a file in which the scanner found something of this name."""
    if why := gave_up(name):
        return Verdict(engine, database, Result.unscannable, f"{why} ({name})")
    return Verdict(engine, database, Result.blocked, name)


def believed(verdict: Verdict, complaints: Sequence[str]) -> Verdict:
    """A scanner that does not say when it skips something cannot call anything clean."""
    if verdict.result is not Result.clean or not complaints:
        return verdict
    return replace(verdict, result=Result.unscannable, finding=" ".join(complaints))
