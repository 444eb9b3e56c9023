"""Small files whose right answer is known, to find out what a scanner keeps to itself.

A scanner in its usual configuration calls a file clean that it has not looked through: one above
its limits, or an encrypted one. It cannot be asked how it is set up, but can be given such files.
"""

from __future__ import annotations

import asyncio
import functools
import io
import secrets
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Final

from hub.files.scanning.verdicts import Result, Verdict

PROBE_EVERY_S: Final = 600.0
# ClamAV allows no MaxRecursion above 100. Source: clamd.conf(5).
_LEVELS: Final = 102
# ClamAV takes no file of 2 GiB, whatever its limits. The CRC is that of so many zeros.
_WIDE_BYTES: Final = 1 << 31
_WIDE_CRC: Final = 0x4DBDF21C


class Probe(StrEnum):
    virus = "virus"
    limits = "limits"
    member = "member"
    archive = "archive"
    document = "document"


Scan = Callable[[int, AsyncIterator[bytes]], Awaitable[Verdict]]


class Honesty:
    """What a scanner is known not to say, asked anew every few minutes.

    Args:
        scan: how it is asked, without any of this.
        words: the complaint for each probe that it called clean.
        every_s: how long an answer holds; its configuration may change with its next start.
    """

    def __init__(
        self, scan: Scan, words: Mapping[Probe, str], *, every_s: float = PROBE_EVERY_S
    ) -> None:
        self._scan = scan
        self._words = words
        self._every_s = every_s
        self._complaints: list[str] = []
        self._until_s = float("-inf")
        self._asking = asyncio.Lock()

    async def complaints(self, *, anew: bool = False) -> list[str]:
        """Raises:
        ScannerDown: it does not answer.
        """
        async with self._asking:
            loop = asyncio.get_running_loop()
            if anew or loop.time() >= self._until_s:
                self._complaints = [self._words[one] for one in Probe if await self._missed(one)]
                self._until_s = loop.time() + self._every_s
            return self._complaints

    async def _missed(self, probe: Probe) -> bool:
        data = await asyncio.to_thread(content, probe)
        verdict = await self._scan(len(data), _once(data))
        if probe is Probe.virus:
            return verdict.result is not Result.blocked
        return verdict.result is Result.clean


@functools.cache
def content(probe: Probe) -> bytes:
    """The bytes of a probe; none of them does any harm."""
    match probe:
        case Probe.virus:
            return eicar()
        case Probe.limits:
            # Nobody can have shown its inside to the scanner before.
            return nested_zip(_LEVELS, secrets.token_bytes(16))
        case Probe.member:
            return wide_zip()
        case Probe.archive:
            return encrypted_zip()
        case Probe.document:
            return encrypted_pdf()


def eicar() -> bytes:
    """The test file that every scanner reports. In two halves, so that this one is none.

    Source: EICAR, "Anti-Malware Testfile".
    """
    return (r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*").encode()


def nested_zip(levels: int, innermost: bytes) -> bytes:
    """A ZIP in a ZIP, so many deep.

    Args:
        innermost: where it is not new to a scanner, it knows what is inside and goes less deep.
    """
    data = innermost
    for _ in range(levels):
        data = _stored("a.zip", data, zipfile.ZIP_STORED)
    return data


def wide_zip() -> bytes:
    """A ZIP in a ZIP with one file of 2 GiB, more than ClamAV can take at all."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    packed = block * (_WIDE_BYTES >> 20) + squeeze.flush()
    inner = _zip_of(0, zipfile.ZIP_DEFLATED, _WIDE_CRC, packed, _WIDE_BYTES)
    return _stored("a.zip", inner, zipfile.ZIP_DEFLATED)


def encrypted_zip() -> bytes:
    """A ZIP whose only entry is marked as encrypted."""
    secret = bytes(range(100, 140))
    return _zip_of(1, zipfile.ZIP_STORED, zlib.crc32(secret), secret, len(secret) - 12)


def _stored(name: str, data: bytes, method: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), data, method)
    return packed.getvalue()


def _zip_of(flags: int, method: int, crc: int, packed: bytes, size: int) -> bytes:
    """A ZIP of one entry that the library would not write.

    Source: PKWARE APPNOTE 4.3.7, 4.3.12, 4.3.16, 4.4.4.
    """
    name, version, time, date = b"a.txt", 20, 0, 0x21
    common = struct.pack(
        "<HHHHIIIHH", flags, method, time, date, crc, len(packed), size, len(name), 0
    )
    local = b"PK\x03\x04" + struct.pack("<H", version) + common + name + packed
    central = b"PK\x01\x02" + struct.pack("<HH", version, version) + common
    central += struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def encrypted_pdf() -> bytes:
    """A PDF of one empty page that asks for a password.

    Source: ISO 32000-1, 7.5 and 7.6.3.
    """
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        b"<</Filter/Standard/V 2/R 3/Length 128/P -4/O<%s>/U<%s>>>" % (b"5a" * 32, b"a5" * 32),
    ]
    data = b"%PDF-1.4\n"
    offsets = []
    for number, one in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % one for one in offsets)
    count = len(objects) + 1
    return data + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R/Encrypt 4 0 R"
        b"/ID[<%s><%s>]>>\nstartxref\n%d\n%%%%EOF\n"
        % (count, table, count, b"17" * 16, b"17" * 16, len(data))
    )


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
