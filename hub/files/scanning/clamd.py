"""ClamAV's daemon over its own protocol (INSTREAM).

Source: clamd(8), clamd.conf(5).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

from hub.files.scanning.body import Body
from hub.files.scanning.connection import LAST_WORDS_S, SEND_S, Address, Broken, Connection
from hub.files.scanning.probes import PROBE_EVERY_S, Honesty, Probe
from hub.files.scanning.verdicts import Result, ScannerDown, Verdict, believed, found

# Above clamd's own MaxScanTime (120 s unless set), which ends a scan with an answer.
ANSWER_S: Final = 180.0
_ANSWER_BYTES: Final = 16 * 1024
_END: Final = bytes(4)
_SIZE_LIMIT: Final = "INSTREAM size limit exceeded."
# What went wrong around the file and not with it: later it may go well.
_PASSING: Final = ("Can't ", "Unable to ", "Could not ", "Couldn't ")
_WORDS: Final = {
    Probe.virus: "clamd does not find the EICAR test file (its signatures are not loaded).",
    Probe.limits: "clamd does not say when it skips (set AlertExceedsMax yes).",
    # ClamAV 1.4 cuts a member of a ZIP at MaxFileSize and says so to nobody; only when what is
    # left is above MaxScanSize, that limit is reported.
    Probe.member: "clamd does not say when it cuts a large file in an archive "
    "(set MaxFileSize not below MaxScanSize).",
    Probe.archive: "clamd does not say that an archive is encrypted (set AlertEncrypted yes).",
    Probe.document: "clamd does not say that a document is encrypted (set AlertEncrypted yes).",
}


class Clamd:
    """Args:
    address: ``unix:/path``, ``/path`` or ``host:port``.
    answer_s: longest wait for the verdict once all was sent.
    send_s: longest wait until a chunk is taken.
    probe_every_s: how often it is asked what it keeps to itself.

    Raises:
        ValueError: the address has another form.
    """

    def __init__(
        self,
        address: str,
        *,
        answer_s: float = ANSWER_S,
        send_s: float = SEND_S,
        probe_every_s: float = PROBE_EVERY_S,
    ) -> None:
        self._address = address_of(address)
        self._answer_s = answer_s
        self._send_s = send_s
        self._honesty = Honesty(self._scan, _WORDS, every_s=probe_every_s)

    async def scan(self, size: int, parts: AsyncIterator[bytes]) -> Verdict:
        complaints = await self._honesty.complaints()
        return believed(await self._scan(size, parts), complaints)

    async def check(self) -> list[str]:
        return list(await self._honesty.complaints(anew=True))

    async def identify(self) -> tuple[str, str]:
        try:
            return version_of(await self._ask(b"zVERSION\0"))
        except Broken as broken:
            raise ScannerDown(f"clamd: {broken}.") from broken

    async def _scan(self, size: int, parts: AsyncIterator[bytes]) -> Verdict:
        try:
            # Asked before: a database that is loaded meanwhile counts only from the next scan on.
            engine, database = version_of(await self._ask(b"zVERSION\0"))
            async with await Connection.open(self._address, send_s=self._send_s) as connection:
                whole = await _send(connection, Body(size, parts))
                wait_s = self._answer_s if whole else LAST_WORDS_S
                answer = await _answer(connection, wait_s)
        except Broken as broken:
            raise ScannerDown(f"clamd: {broken}.") from broken
        verdict = verdict_of(answer, engine, database)
        if verdict.result is Result.clean and not whole:
            raise ScannerDown("clamd: gave its answer before it had the whole file.")
        return verdict

    async def _ask(self, command: bytes) -> str:
        async with await Connection.open(self._address, send_s=self._send_s) as connection:
            await connection.send(command)
            return await _answer(connection, self._answer_s)


async def _send(connection: Connection, body: Body) -> bool:
    """Whether clamd has all of it. If not, it has answered or broken off: then it may have said
    why, which is still to be read."""
    try:
        await connection.send(b"zINSTREAM\0")
        while chunk := await body.take():
            if connection.answered():
                return False
            await connection.send(len(chunk).to_bytes(4, "big"), chunk)
        if connection.answered():
            return False
        await connection.send(_END)
    except Broken:
        return False
    return True


async def _answer(connection: Connection, wait_s: float) -> str:
    answer = await connection.read_until(b"\0", max_bytes=_ANSWER_BYTES, wait_s=wait_s)
    return answer.decode("utf-8", "replace").strip()


def address_of(text: str) -> Address:
    """Raises:
    ValueError: it is no address of a clamd.
    """
    path = text.removeprefix("unix:")
    if path.startswith("/"):
        return Address(path=path)
    host, _, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""
    number = int(port) if re.fullmatch("[0-9]{1,5}", port) else 0
    if not re.fullmatch(r"[^/\s]+", host) or not 0 < number < 65536:
        raise ValueError(
            f"The address of clamd (HUB_CLAMD) is unix:/path or host:port, not {text!r}."
        )
    return Address(host, number)


def version_of(answer: str) -> tuple[str, str]:
    """The engine, and its database's number and date (empty when it is loaded from other files).

    Raises:
        ScannerDown: this is no clamd.
    """
    engine, _, database = answer.partition("/")
    if not engine.startswith("ClamAV"):
        raise ScannerDown(f"clamd: {answer[:80]!r} is no version of ClamAV.")
    return engine, database


def verdict_of(answer: str, engine: str, database: str) -> Verdict:
    """What an answer to INSTREAM means.

    Raises:
        ScannerDown: it is no verdict.
    """
    if answer == "stream: OK":
        return Verdict(engine, database, Result.clean)
    if match := re.fullmatch(r"stream: (.+) FOUND", answer):
        return found(engine, database, match[1])
    if answer.startswith(_SIZE_LIMIT):
        reason = "larger than the scanner takes (StreamMaxLength of clamd)"
        return Verdict(engine, database, Result.unscannable, reason)
    match = re.fullmatch(r"stream: (.+) ERROR", answer)
    if match and not match[1].startswith(_PASSING):
        return Verdict(engine, database, Result.unscannable, f"the scanner failed: {match[1]}")
    raise ScannerDown(f"clamd: answered {answer[:200]!r}.")
