"""Any scanner that speaks ICAP: the file goes as an HTTP answer that a proxy wants checked.

Source: RFC 3507.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit

from hub.files.scanning.body import CHUNK_BYTES, Body
from hub.files.scanning.connection import LAST_WORDS_S, SEND_S, Address, Broken, Connection
from hub.files.scanning.icap_messages import (
    Malformed,
    Offer,
    Reply,
    finding_of,
    inner_of,
    offer_of,
    options_request,
    reply_of,
    scan_request,
    status_of,
)
from hub.files.scanning.probes import PROBE_EVERY_S, Honesty, Probe
from hub.files.scanning.verdicts import Result, ScannerDown, Verdict, believed

ANSWER_S: Final = 180.0
DEFAULT_PORT: Final = 1344  # RFC 3507, section 4.2
_HEAD_BYTES: Final = 16 * 1024
_LINE_BYTES: Final = 4096
_LAST: Final = b"0\r\n\r\n"
_WORDS: Final = {
    Probe.virus: "The ICAP service does not find the EICAR test file.",
    Probe.limits: "The ICAP service does not say when it skips what is nested too deep "
    "(with ClamAV behind it, set AlertExceedsMax yes).",
    Probe.member: "The ICAP service does not say when it cuts a large file in an archive "
    "(with ClamAV behind it, set MaxFileSize not below MaxScanSize).",
    Probe.archive: "The ICAP service does not say that an archive is encrypted "
    "(with ClamAV behind it, set AlertEncrypted yes).",
    Probe.document: "The ICAP service does not say that a document is encrypted "
    "(with ClamAV behind it, set AlertEncrypted yes).",
}


class NoService(ScannerDown):
    """A server answers, but not for such a service: the address is wrong."""


class Icap:
    """Args:
    url: ``icap://host[:port]/service``.
    answer_s: longest wait for the verdict once all was sent.
    send_s: longest wait until a chunk is taken.
    probe_every_s: how often it is asked what it keeps to itself.

    Raises:
        ValueError: the address has another form.
    """

    def __init__(
        self,
        url: str,
        *,
        answer_s: float = ANSWER_S,
        send_s: float = SEND_S,
        probe_every_s: float = PROBE_EVERY_S,
    ) -> None:
        self._address = address_of(url)
        self._url = url
        self._answer_s = answer_s
        self._send_s = send_s
        self._honesty = Honesty(self._scan, _WORDS, every_s=probe_every_s)

    async def scan(self, size: int, parts: AsyncIterator[bytes]) -> Verdict:
        complaints = await self._honesty.complaints()
        return believed(await self._scan(size, parts), complaints)

    async def check(self) -> list[str]:
        try:
            return list(await self._honesty.complaints(anew=True))
        except NoService as error:
            return [error.detail]

    async def identify(self) -> tuple[str, str]:
        try:
            offer = await self._options()
        except (Broken, Malformed) as error:
            raise ScannerDown(f"ICAP server: {error}.") from error
        return offer.engine, offer.istag

    async def _scan(self, size: int, parts: AsyncIterator[bytes]) -> Verdict:
        try:
            offer = await self._options()
            body = Body(size, parts, hashed=True)
            async with await Connection.open(self._address, send_s=self._send_s) as connection:
                reply, whole = await self._exchange(connection, offer, body)
                return await self._judge(connection, offer, body, reply, whole)
        except (Broken, Malformed) as error:
            raise ScannerDown(f"ICAP server: {error}.") from error

    async def _options(self) -> Offer:
        async with await Connection.open(self._address, send_s=self._send_s) as connection:
            await connection.send(options_request(self._url, str(self._address)))
            reply = await self._reply(connection, self._answer_s)
        self._expect(reply, 200)
        offer = offer_of(reply)
        if not offer.method:
            raise NoService(f"{self._url} (HUB_ICAP) offers neither RESPMOD nor REQMOD.")
        return offer

    async def _exchange(
        self, connection: Connection, offer: Offer, body: Body
    ) -> tuple[Reply, bool]:
        """The answer, and whether it came after the whole file."""
        preview = None
        if offer.preview is not None and body.size:
            # It always leaves something over: a server that lets a file pass after the preview
            # shows so that it has not looked at all of it (section 4.5).
            preview = min(offer.preview, CHUNK_BYTES, body.size - 1)
        head = scan_request(offer.method, self._url, str(self._address), body.size, preview)
        if preview is not None:
            if not await _give(connection, body, preview, head):
                return await self._reply(connection, LAST_WORDS_S), False
            reply = await self._reply(connection, self._answer_s)
            if reply.status != 100:
                return reply, False
            head = b""
        whole = await _give(connection, body, None, head)
        return await self._reply(connection, self._answer_s if whole else LAST_WORDS_S), whole

    async def _judge(
        self, connection: Connection, offer: Offer, body: Body, reply: Reply, whole: bool
    ) -> Verdict:
        engine, database = offer.engine, reply.istag or offer.istag
        if reply.status in (200, 204) and (verdict := finding_of(reply, engine, database)):
            return verdict
        early = "the scanner decided before it had the whole file"
        if reply.status == 204:
            if whole:
                return Verdict(engine, database, Result.clean)
            return Verdict(engine, database, Result.unscannable, early)
        self._expect(reply, 200)
        inner = inner_of(reply)
        heads = await connection.read(inner.head_bytes, wait_s=self._answer_s)
        if inner.answer is not None:
            line = heads[inner.answer :].partition(b"\r\n")[0].decode("utf-8", "replace")
            if (status := status_of(line)) >= 500:
                reason = f"the scanner failed (HTTP {status})"
                return Verdict(engine, database, Result.unscannable, reason)
            if status != 200 or offer.method == "REQMOD":
                return Verdict(engine, database, Result.blocked, f"refused (HTTP {status})")
        if not whole:
            return Verdict(engine, database, Result.unscannable, early)
        if await self._unchanged(connection, body, inner.has_body):
            return Verdict(engine, database, Result.clean)
        return Verdict(engine, database, Result.blocked, "replaced by the scanner")

    async def _unchanged(self, connection: Connection, body: Body, has_body: bool) -> bool:
        """What comes back is what was sent. More than that is not read."""
        digest = hashlib.sha256()
        left = body.size
        try:
            async with asyncio.timeout(self._answer_s):
                while has_body and (count := await self._chunk_size(connection)):
                    if count > left:
                        return False
                    left -= count
                    while count:
                        piece = await connection.read(
                            min(count, CHUNK_BYTES), wait_s=self._answer_s
                        )
                        digest.update(piece)
                        count -= len(piece)
                    if await connection.read(2, wait_s=self._answer_s) != b"\r\n":
                        raise Malformed("sends a chunk that is longer than it says")
        except TimeoutError:
            raise Broken(f"gives the file back for more than {self._answer_s:g} s") from None
        return digest.digest() == body.digest()

    async def _chunk_size(self, connection: Connection) -> int:
        line = await connection.read_until(b"\r\n", max_bytes=_LINE_BYTES, wait_s=self._answer_s)
        match = re.fullmatch(rb"([0-9A-Fa-f]{1,16})\s*(?:;.*)?", line)
        if not match:
            raise Malformed(f"sends a chunk of {line[:80]!r} bytes")
        return int(match[1], 16)

    async def _reply(self, connection: Connection, wait_s: float) -> Reply:
        return reply_of(
            await connection.read_until(b"\r\n\r\n", max_bytes=_HEAD_BYTES, wait_s=wait_s)
        )

    def _expect(self, reply: Reply, status: int) -> None:
        if reply.status == 404:
            raise NoService(f"The ICAP server has no service {self._url} (HUB_ICAP).")
        if reply.status != status:
            raise Malformed(f"answers with status {reply.status}")


async def _give(connection: Connection, body: Body, most: int | None, head: bytes) -> bool:
    """Whether the server took all of it without a word. If not, its answer may still be there.

    Args:
        most: bytes of the body; all that is left where there is none.
        head: goes before.
    """
    left = body.size + 1 if most is None else most
    try:
        await connection.send(head)
        while left and (chunk := await body.take(min(left, CHUNK_BYTES))):
            if connection.answered():
                return False
            await connection.send(b"%x\r\n" % len(chunk), chunk, b"\r\n")
            left -= len(chunk)
        if connection.answered():
            return False
        await connection.send(_LAST)
    except Broken:
        return False
    return True


def address_of(url: str) -> Address:
    """Raises:
    ValueError: it is no address of an ICAP service.
    """
    try:
        split = urlsplit(url)
        port = DEFAULT_PORT if split.port is None else split.port
    except ValueError:
        split, port = urlsplit(""), 0
    service = split.scheme == "icap" and split.hostname and len(split.path) > 1
    if not service or not port or "@" in split.netloc or not re.fullmatch("[!-~]+", url):
        raise ValueError(
            f"The address of an ICAP service (HUB_ICAP) is icap://host:port/service, not {url!r}."
        )
    return Address(split.hostname or "", port)
