"""What a real c-icap with clamd behind it says, and what is believed of it."""

from __future__ import annotations

import asyncio
import io
import random
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from hub.files.scanning.icap import Icap
from hub.files.scanning.probes import (
    Probe,
    content,
    eicar,
    encrypted_pdf,
    encrypted_zip,
    nested_zip,
)
from hub.files.scanning.verdicts import Result, ScannerDown, Verdict
from tests.integration.files.conftest import Behave, Hostile
from tests.integration.files.test_clamd import zipped
from tests.support.scanners import (
    FILE_BYTES,
    KNOWN,
    RECURSION,
    ClamdProcess,
    IcapProcess,
    parts,
)

GIF = b"GIF89a" + bytes(2000)


async def scanned(scanner: Icap, data: bytes, size: int = 10_000) -> Verdict:
    return await scanner.scan(len(data), parts(data, size))


@pytest.fixture(params=["whole", "returning"])
def scanner(request: pytest.FixtureRequest, icap: IcapProcess) -> Icap:
    """With and without the right to answer 204: without it the file comes back."""
    return Icap(icap.url(request.param))


async def test_a_harmless_file_is_clean(scanner: Icap) -> None:
    for data in (b"", b"x", b"hello\n", b"hello\n" * 10_000, zipped(b"hello"), bytes(700_000)):
        verdict = await scanned(scanner, data, 777)
        assert (verdict.result, verdict.finding) == (Result.clean, ""), len(data)
        assert "C-ICAP" in verdict.engine
        assert verdict.database
    assert await scanner.check() == []


async def test_what_is_known_is_blocked_by_its_name(scanner: Icap) -> None:
    for data, name in [
        (eicar(), "Hub.Eicar.UNOFFICIAL"),
        (zipped(eicar()), "Hub.Eicar.UNOFFICIAL"),
        (KNOWN, "Hub.Known.UNOFFICIAL"),
    ]:
        for size in (7, 1 << 20):
            verdict = await scanned(scanner, data, size)
            assert (verdict.result, verdict.finding) == (Result.blocked, name)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (bytes(FILE_BYTES + 1), "Heuristics.Limits.Exceeded.MaxFileSize"),
        (nested_zip(RECURSION + 1, b"deep"), "Heuristics.Limits.Exceeded.MaxRecursion"),
        (encrypted_zip(), "Heuristics.Encrypted.Zip"),
        (encrypted_pdf(), "Heuristics.Encrypted.PDF"),
        (GIF, "before it had the whole file"),
    ],
    ids=["file", "depth", "zip", "pdf", "type"],
)
async def test_what_was_not_looked_through_could_not_be_scanned(
    icap: IcapProcess, data: bytes, why: str
) -> None:
    """The last is of a type that this c-icap lets pass unseen."""
    verdict = await scanned(Icap(icap.url("whole")), data)
    assert verdict.result is Result.unscannable
    assert why in verdict.finding


async def test_above_the_size_limit_of_the_service_nothing_is_clean(icap: IcapProcess) -> None:
    scanner = Icap(icap.url("limited"))
    assert (await scanned(scanner, bytes(500_000))).result is Result.clean
    verdict = await scanned(scanner, bytes(600_000))
    assert verdict.result is Result.unscannable
    assert "before it had the whole file" in verdict.finding


async def test_what_comes_back_before_the_scan_is_never_clean_when_it_finds(
    icap: IcapProcess,
) -> None:
    """This c-icap gives the first bytes back early, and cuts the rest when it has found."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.bin", random.Random(1).randbytes(800_000))
        archive.writestr("b.txt", eicar())
    scanner = Icap(icap.url("early"))
    for size in (1000, 100_000):
        verdict = await scanned(scanner, packed.getvalue(), size)
        assert verdict.result in (Result.blocked, Result.unscannable)


async def test_a_service_that_scans_nothing_is_never_believed(icap: IcapProcess) -> None:
    scanner = Icap(icap.url("echo"))
    complaints = await scanner.check()
    assert "EICAR" in complaints[0]
    for data in (b"", b"hello"):
        assert (await scanned(scanner, data)).result is Result.unscannable


async def test_a_service_that_is_not_there_is_a_wrong_address(icap: IcapProcess) -> None:
    scanner = Icap(icap.url("nosuch"))
    (complaint,) = await scanner.check()
    assert "has no service" in complaint
    assert "HUB_ICAP" in complaint
    with pytest.raises(ScannerDown, match="has no service"):
        await scanned(scanner, b"hello")


@pytest.fixture
def mortal_icap(mortal_clamd: ClamdProcess) -> Iterator[IcapProcess]:
    with IcapProcess(mortal_clamd) as process:
        yield process


async def test_without_its_engine_it_gives_no_verdict(
    mortal_clamd: ClamdProcess, mortal_icap: IcapProcess
) -> None:
    scanner = Icap(mortal_icap.url("whole"))
    assert (await scanned(scanner, b"hello")).result is Result.clean
    mortal_clamd.kill()
    with pytest.raises(ScannerDown):
        await scanned(scanner, b"hello again")


async def test_a_server_that_dies_gives_no_verdict(mortal_icap: IcapProcess) -> None:
    scanner = Icap(mortal_icap.url("whole"))
    assert (await scanned(scanner, b"hello")).result is Result.clean

    async def dying() -> AsyncIterator[bytes]:
        yield bytes(100_000)
        mortal_icap.kill()
        yield bytes(100_000)

    with pytest.raises(ScannerDown) as down:
        await scanner.scan(200_000, dying())
    assert (down.value.code, down.value.retry_after_s) == ("scanner_down", 30)
    with pytest.raises(ScannerDown):
        await scanner.check()


async def test_part_of_a_file_is_never_scanned_as_the_whole(scanner: Icap) -> None:
    with pytest.raises(ValueError, match="ends at 5 of 6"):
        await scanner.scan(6, parts(b"hello"))
    with pytest.raises(ValueError, match="longer than its 4"):
        await scanner.scan(4, parts(b"hello"))


# --- servers that no package has ------------------------------------------------------------------

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]
INNER = b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"


def posing(answer: Answer, offer: bytes = b"Methods: RESPMOD\r\n") -> Behave:
    """A server that finds every probe, and gives any other file the answer."""
    known = [content(one) for one in Probe]

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"OPTIONS "):
            writer.write(b'ICAP/1.0 200 OK\r\nService: Poser 1\r\nISTag: "t1"\r\n')
            writer.write(offer + b"Encapsulated: null-body=0\r\n\r\n")
            return
        await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"REQMOD "):
            await reader.readuntil(b"\r\n\r\n")
        first = await chunk(reader)
        if first in known:
            await rest(reader, first)
            writer.write(b"ICAP/1.0 200 OK\r\nX-Virus-ID: Eicar\r\n\r\n")
            return
        await answer(reader, writer, first)

    return behave


async def chunk(reader: asyncio.StreamReader) -> bytes:
    size = int((await reader.readuntil(b"\r\n"))[:-2], 16)
    return (await reader.readexactly(size + 2))[:-2]


async def rest(reader: asyncio.StreamReader, first: bytes) -> bytes:
    whole = first
    while data := await chunk(reader):
        whole += data
    return whole


def whole_then(*said: bytes) -> Answer:
    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes
    ) -> None:
        await rest(reader, first)
        for one in said:
            writer.write(one)

    return answer


def reply(inner: bytes = INNER, body: bytes = b"", *headers: bytes) -> bytes:
    lines = b"".join(one + b"\r\n" for one in headers)
    places = b"Encapsulated: res-hdr=0, res-body=%d\r\n\r\n" % len(inner)
    return b"ICAP/1.0 200 OK\r\n" + lines + places + inner + body


HELLO = b"5\r\nhello\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "result", "finding"),
    [
        (reply(body=HELLO), Result.clean, ""),
        (reply(body=b"2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), Result.clean, ""),
        (reply(body=b"5\r\nhallo\r\n0\r\n\r\n"), Result.blocked, "replaced by the scanner"),
        (reply(body=b"2\r\nhe\r\n0\r\n\r\n"), Result.blocked, "replaced by the scanner"),
        (reply(body=b"6\r\nhello!\r\n0\r\n\r\n"), Result.blocked, "replaced by the scanner"),
        (reply(body=b"ffffffffff\r\n"), Result.blocked, "replaced by the scanner"),
        (reply(b"HTTP/1.1 403 No\r\n\r\n", HELLO), Result.blocked, "refused (HTTP 403)"),
        (
            reply(b"HTTP/1.1 502 Bad\r\n\r\n", HELLO),
            Result.unscannable,
            "the scanner failed (HTTP 502)",
        ),
        (
            reply(INNER, HELLO, b"X-Infection-Found: Type=0; Resolution=2; Threat=Worm;"),
            Result.blocked,
            "Worm",
        ),
        (
            reply(INNER, HELLO, b"X-Infection-Found: Type=2; Resolution=2; Threat=Locked;"),
            Result.unscannable,
            "not looked through by the scanner (Locked)",
        ),
        (
            reply(INNER, HELLO, b"X-Violations-Found: 1\r\n\t-\r\n\tWorm\r\n\t0\r\n\t0"),
            Result.blocked,
            "Worm",
        ),
        (reply(INNER, HELLO, b"X-Violations-Found: 0"), Result.clean, ""),
        (reply(INNER, HELLO, b"X-Virus-ID: Worm"), Result.blocked, "Worm"),
        (b"ICAP/1.0 204 No\r\n\r\n", Result.clean, ""),
        (b"ICAP/1.0 204 No\r\nX-Virus-ID: Worm\r\n\r\n", Result.blocked, "Worm"),
    ],
)
async def test_every_form_of_answer(
    hostile: Hostile, said: bytes, result: Result, finding: str
) -> None:
    async with hostile(posing(whole_then(said))) as port:
        verdict = await scanned(Icap(f"icap://127.0.0.1:{port}/scan"), b"hello")
        assert verdict == Verdict("Poser 1", "t1", result, finding)


async def test_a_service_for_requests_only_is_asked_so(hostile: Hostile) -> None:
    for said, result in [
        (b"ICAP/1.0 204 No\r\n\r\n", Result.clean),
        (reply(b"HTTP/1.1 200 OK\r\n\r\n", HELLO), Result.blocked),
    ]:
        async with hostile(posing(whole_then(said), b"Methods: REQMOD\r\n")) as port:
            scanner = Icap(f"icap://127.0.0.1:{port}/scan")
            assert (await scanned(scanner, b"hello")).result is result


async def test_a_service_that_offers_neither_is_a_wrong_address(hostile: Hostile) -> None:
    async with hostile(posing(whole_then(b""), b"Methods: LOGMOD\r\n")) as port:
        (complaint,) = await Icap(f"icap://127.0.0.1:{port}/scan").check()
        assert "neither RESPMOD nor REQMOD" in complaint


async def says_at_once(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes
) -> None:
    writer.write(b"ICAP/1.0 204 No\r\n\r\n")
    await writer.drain()
    await asyncio.Event().wait()


async def gives_back_at_once(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes
) -> None:
    writer.write(reply())
    while first:
        writer.write(b"%x\r\n%s\r\n" % (len(first), first))
        first = await chunk(reader)
    writer.write(b"0\r\n\r\n")


@pytest.mark.parametrize("how", [says_at_once, gives_back_at_once])
async def test_an_answer_before_the_whole_file_is_never_clean(
    hostile: Hostile, how: Answer
) -> None:
    async with hostile(posing(how)) as port:
        verdict = await scanned(Icap(f"icap://127.0.0.1:{port}/scan"), bytes(20_000_000), 100_000)
        assert verdict.result is Result.unscannable
        assert "before it had the whole file" in verdict.finding


async def stalls(_: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes) -> None:
    await asyncio.Event().wait()


async def ends_early(_: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes) -> None:
    writer.close()


async def never_ends(_: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes) -> None:
    writer.write(b"ICAP/1.0 200 OK\r\n")
    while True:
        writer.write(b"X-Header: more\r\n" * 1000)
        await writer.drain()


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes) -> None:
    await rest(reader, first)
    writer.write(reply())
    writer.write(b"1\r\nh\r\n")
    await writer.drain()
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    "how",
    [
        stalls,
        ends_early,
        never_ends,
        drips,
        whole_then(b"HTTP/1.1 200 OK\r\n\r\n"),
        whole_then(b"ICAP/1.0 500 Error\r\n\r\n"),
        whole_then(b"ICAP/1.0 200 OK\r\n\r\n"),
        whole_then(b"ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=999999\r\n\r\n"),
        whole_then(b"ICAP/1.0 200 OK\r\nEncapsulated: res-body=0, res-hdr=5\r\n\r\n"),
        whole_then(b"ICAP/1.0 100 Continue\r\n\r\n"),
        whole_then(b"ICAP/1.0 206 Part\r\n\r\n"),
        whole_then(b"ICAP/1.0 204 No\r\n folded: too early\r\n"),
        whole_then(reply(body=b"5\r\nhel")),
        whole_then(reply(body=b"-5\r\nhello\r\n0\r\n\r\n")),
        whole_then(reply(body=b"2\r\nhello\r\n0\r\n\r\n")),
        whole_then(b"\0" * 100),
        whole_then(b""),
    ],
)
async def test_a_hostile_peer_gives_no_verdict(hostile: Hostile, how: Answer) -> None:
    async with hostile(posing(how)) as port:
        scanner = Icap(f"icap://127.0.0.1:{port}/scan", answer_s=0.3, send_s=0.3)
        assert await scanner.check() == []
        async with asyncio.timeout(10):
            with pytest.raises(ScannerDown):
                await scanned(scanner, b"hello")


async def test_a_file_that_is_given_back_for_ever_gives_no_verdict(hostile: Hostile) -> None:
    async def trickles(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes
    ) -> None:
        for one in await rest(reader, first):
            writer.write(b"1\r\n%c\r\n" % one if one else reply())
            await writer.drain()
            await asyncio.sleep(0.05)  # its pace, below every single deadline

    async with hostile(posing(trickles)) as port:
        scanner = Icap(f"icap://127.0.0.1:{port}/scan", answer_s=0.3)
        async with asyncio.timeout(5):
            with pytest.raises(ScannerDown, match="gives the file back"):
                await scanned(scanner, b"\0" + b"x" * 1000)


async def test_a_preview_never_holds_the_whole_file(hostile: Hostile) -> None:
    asked: list[tuple[str, bytes, bytes]] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if head.startswith("OPTIONS "):
            writer.write(b"ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nPreview: 1024\r\n\r\n")
            return
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
        preview = await rest(reader, await chunk(reader))
        writer.write(b"ICAP/1.0 100 Continue\r\n\r\n")
        left = await rest(reader, await chunk(reader))
        size = next(line for line in head.split("\r\n") if line.startswith("Preview"))
        asked.append((size, preview, left))
        writer.write(b"ICAP/1.0 204 No\r\n\r\n")

    async with hostile(behave) as port:
        scanner = Icap(f"icap://127.0.0.1:{port}/scan")
        for data in (b"xy", b"hello", bytes(1024), bytes(200_000)):
            await scanned(scanner, data)
            size, preview, left = asked[-1]
            assert size == f"Preview: {min(1024, len(data) - 1)}"
            assert preview + left == data
            assert left
