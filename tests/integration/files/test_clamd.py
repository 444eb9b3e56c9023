"""What a real clamd says, and what is believed of it."""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from collections.abc import AsyncIterator

import pytest

from hub.blobs.store import BlobMissing
from hub.files.scanning.clamd import Clamd
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
from tests.support.scanners import FILE_BYTES, KNOWN, RECURSION, STREAM_BYTES, ClamdProcess, parts


def zipped(data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.bin", data)
    return packed.getvalue()


async def scanned(scanner: Clamd, data: bytes, size: int = 10_000) -> Verdict:
    return await scanner.scan(len(data), parts(data, size))


@pytest.fixture(params=["unix", "tcp"])
def scanner(request: pytest.FixtureRequest, clamd: ClamdProcess) -> Clamd:
    address = f"unix:{clamd.socket}" if request.param == "unix" else f"127.0.0.1:{clamd.port}"
    return Clamd(address)


async def test_a_harmless_file_is_clean(scanner: Clamd) -> None:
    for data in (b"", b"x", b"hello\n" * 1000, zipped(b"hello"), nested_zip(2, b"flat")):
        verdict = await scanned(scanner, data, 777)
        assert (verdict.result, verdict.finding) == (Result.clean, "")
        assert verdict.engine.startswith("ClamAV 1.")
        assert verdict.database == ""  # its signatures are not ClamAV's
    assert await scanner.check() == []


async def test_what_is_known_is_blocked_by_its_name(scanner: Clamd) -> None:
    for data, name in [
        (eicar(), "Hub.Eicar.UNOFFICIAL"),
        (zipped(eicar()), "Hub.Eicar.UNOFFICIAL"),
        (zipped(zipped(eicar())), "Hub.Eicar.UNOFFICIAL"),
        (KNOWN, "Hub.Known.UNOFFICIAL"),
    ]:
        for size in (7, 1 << 20):
            verdict = await scanned(scanner, data, size)
            assert (verdict.result, verdict.finding) == (Result.blocked, name)
    assert (await scanned(scanner, KNOWN[1:])).result is Result.clean


async def test_above_the_stream_limit_nothing_is_clean(scanner: Clamd) -> None:
    whole = bytes(4 * STREAM_BYTES)
    for size in (1000, 1 << 20):
        verdict = await scanned(scanner, whole, size)
        assert verdict.result is Result.unscannable
        assert "StreamMaxLength" in verdict.finding
    just = await scanned(scanner, bytes(STREAM_BYTES + 1))
    assert (just.result, "StreamMaxLength" in just.finding) == (Result.unscannable, True)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (bytes(FILE_BYTES + 1), "Heuristics.Limits.Exceeded.MaxFileSize"),
        (zipped(bytes(8 * FILE_BYTES)), "Heuristics.Limits.Exceeded.MaxScanSize"),
        (zipped(bytes(FILE_BYTES + 1)), "Heuristics.Limits.Exceeded.MaxScanSize"),
        (nested_zip(RECURSION + 1, b"deep"), "Heuristics.Limits.Exceeded.MaxRecursion"),
        (encrypted_zip(), "Heuristics.Encrypted.Zip"),
        (encrypted_pdf(), "Heuristics.Encrypted.PDF"),
        (zipped(encrypted_zip()), "Heuristics.Encrypted.Zip"),
    ],
    ids=["file", "bomb", "member", "depth", "zip", "pdf", "zip-in-zip"],
)
async def test_what_was_not_looked_through_could_not_be_scanned(
    clamd: ClamdProcess, data: bytes, why: str
) -> None:
    verdict = await scanned(Clamd(str(clamd.socket)), data)
    assert verdict.result is Result.unscannable
    assert why in verdict.finding


@pytest.mark.parametrize(
    ("setting", "value", "probe", "words"),
    [
        (
            "AlertExceedsMax",
            "no",
            nested_zip(RECURSION + 1, b"deep"),
            "set AlertExceedsMax yes|not below MaxScanSize",
        ),
        ("AlertEncrypted", "no", encrypted_zip(), "set AlertEncrypted yes"),
        ("MaxScanSize", "20M", zipped(bytes(8 * FILE_BYTES)), "set MaxFileSize not below"),
    ],
)
async def test_a_clamd_that_says_nothing_when_it_skips_is_never_believed(
    services: None, setting: str, value: str, probe: bytes, words: str
) -> None:
    with ClamdProcess(**{setting: value}) as silent:
        scanner = Clamd(f"unix:{silent.socket}")
        complaints = await scanner.check()
        assert complaints
        assert all(re.search(words, one) for one in complaints)
        for data in (probe, b"hello"):
            verdict = await scanned(scanner, data)
            assert verdict.result is Result.unscannable
            assert re.search(words, verdict.finding)
        assert (await scanned(scanner, eicar())).result is Result.blocked


async def test_a_clamd_without_its_signatures_is_never_believed(services: None) -> None:
    with ClamdProcess() as bare:
        bare.kill()
        (bare.folder / "database" / "hub.ndb").unlink()
        bare.start()
        scanner = Clamd(str(bare.socket))
        (complaint,) = await scanner.check()
        assert "EICAR" in complaint
        assert (await scanned(scanner, b"hello")).result is Result.unscannable


async def test_a_new_configuration_is_noticed(services: None) -> None:
    with ClamdProcess(AlertExceedsMax="no") as process:
        scanner, lazy = (Clamd(str(process.socket), probe_every_s=every) for every in (0, 3600))
        for one in (scanner, lazy):
            assert (await scanned(one, b"hello")).result is Result.unscannable
        process.kill()
        config = process.folder / "clamd.conf"
        config.write_text(config.read_text().replace("AlertExceedsMax no", "AlertExceedsMax yes"))
        process.start()
        assert (await scanned(scanner, b"hello")).result is Result.clean
        assert (await scanned(lazy, b"hello")).result is Result.unscannable
        assert await lazy.check() == []
        assert (await scanned(lazy, b"hello")).result is Result.clean


@pytest.mark.parametrize("over", ["unix", "tcp"])
async def test_a_clamd_that_dies_gives_no_verdict(mortal_clamd: ClamdProcess, over: str) -> None:
    address = str(mortal_clamd.socket) if over == "unix" else f"127.0.0.1:{mortal_clamd.port}"
    scanner = Clamd(address)
    assert (await scanned(scanner, b"hello")).result is Result.clean

    async def dying() -> AsyncIterator[bytes]:
        yield bytes(100_000)
        mortal_clamd.kill()
        yield bytes(100_000)

    with pytest.raises(ScannerDown) as down:
        await scanner.scan(200_000, dying())
    assert (down.value.code, down.value.retry_after_s) == ("scanner_down", 30)
    with pytest.raises(ScannerDown):
        await scanned(scanner, b"hello")
    with pytest.raises(ScannerDown):
        await scanner.check()
    mortal_clamd.start()
    assert (await scanned(scanner, b"hello")).result is Result.clean


async def test_part_of_a_file_is_never_scanned_as_the_whole(clamd: ClamdProcess) -> None:
    scanner = Clamd(str(clamd.socket))
    with pytest.raises(ValueError, match="ends at 5 of 6"):
        await scanner.scan(6, parts(b"hello"))
    with pytest.raises(ValueError, match="longer than its 4"):
        await scanner.scan(4, parts(b"hello"))

    async def missing() -> AsyncIterator[bytes]:
        yield b"hel"
        raise BlobMissing("gone")

    with pytest.raises(BlobMissing, match="gone"):
        await scanner.scan(5, missing())


async def test_many_at_once_share_one_look_at_the_configuration(clamd: ClamdProcess) -> None:
    scanner = Clamd(str(clamd.socket))
    files = [b"%d" % number for number in range(20)] + [eicar()]
    verdicts = await asyncio.gather(*(scanned(scanner, one) for one in files))
    assert [one.result for one in verdicts] == [Result.clean] * 20 + [Result.blocked]


# --- peers that are no clamd --------------------------------------------------------------------


def posing(instream: Behave) -> Behave:
    """A clamd by all that can be asked of it, except for files that are no probe."""
    known = [content(one) for one in Probe]

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        command = await reader.readuntil(b"\0")
        if command == b"zVERSION\0":
            writer.write(b"ClamAV 1.4.6/27800/Tue Nov 24 09:00:00 2026\0")
            return
        size = int.from_bytes(await reader.readexactly(4), "big")
        first = await reader.readexactly(size)
        if first in known:
            await reader.readexactly(4)
            name = b"Eicar" if first == eicar() else b"Heuristics.Limits.Exceeded"
            writer.write(b"stream: " + name + b" FOUND\0")
        else:
            await instream(reader, writer)

    return behave


async def ends_early(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def stalls(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def talks_nonsense(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n\0")


async def never_ends(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"stream: OK" * 1000)
        await writer.drain()


async def is_hasty(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"stream: OK\0")
    await writer.drain()
    await asyncio.Event().wait()


async def is_cut_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(bytes(4))
    writer.write(b"stream: OK")


@pytest.mark.parametrize(
    "how", [ends_early, stalls, talks_nonsense, never_ends, is_hasty, is_cut_off]
)
async def test_a_hostile_peer_gives_no_verdict(hostile: Hostile, how: Behave) -> None:
    async with hostile(posing(how)) as port:
        scanner = Clamd(f"127.0.0.1:{port}", answer_s=0.3, send_s=0.3)
        assert await scanner.check() == []
        async with asyncio.timeout(10):
            with pytest.raises(ScannerDown):
                await scanned(scanner, b"x" * 20_000_000, 100_000)


@pytest.mark.parametrize("how", [ends_early, stalls, talks_nonsense, never_ends])
async def test_a_peer_that_is_no_clamd_is_down(hostile: Hostile, how: Behave) -> None:
    async with hostile(how) as port:
        scanner = Clamd(f"127.0.0.1:{port}", answer_s=0.3, send_s=0.3)
        with pytest.raises(ScannerDown):
            await scanner.check()
        with pytest.raises(ScannerDown):
            await scanned(scanner, b"hello")
