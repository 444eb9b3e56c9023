"""What is said by scanners, and what is made of it."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

import pytest

from hub.files.scanning import clamd, icap
from hub.files.scanning.body import Body
from hub.files.scanning.clamd import Clamd
from hub.files.scanning.connection import Address
from hub.files.scanning.icap import Icap
from hub.files.scanning.icap_messages import (
    Malformed,
    finding_of,
    inner_of,
    offer_of,
    reply_of,
    scan_request,
)
from hub.files.scanning.opening import open_scanners
from hub.files.scanning.probes import _WIDE_BYTES, _WIDE_CRC
from hub.files.scanning.verdicts import Result, ScannerDown, Verdict, believed
from hub.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("unix:/run/clamav/clamd.ctl", Address(path="/run/clamav/clamd.ctl")),
        ("/run/clamd", Address(path="/run/clamd")),
        ("clamd:3310", Address("clamd", 3310)),
        ("127.0.0.1:1", Address("127.0.0.1", 1)),
        ("[::1]:3310", Address("::1", 3310)),
    ],
)
def test_an_address_of_clamd_is_read(text: str, address: Address) -> None:
    assert clamd.address_of(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "clamd", "clamd:", ":3310", "clamd:0", "clamd:70000", "clamd:+1", "unix:clamd",
     "http://clamd:3310", "::1:3310", "a b:1", "clamd:٣"],
)  # fmt: skip
def test_another_form_of_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"HUB_CLAMD\) is unix:/path or host:port"):
        clamd.Clamd(text)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("icap://scanner/avscan", Address("scanner", 1344)),
        ("icap://[::1]:11344/a/b?c=d", Address("::1", 11344)),
    ],
)
def test_an_address_of_a_service_is_read(url: str, address: Address) -> None:
    assert icap.address_of(url) == address


@pytest.mark.parametrize(
    "url",
    ["", "scanner:1344/x", "icap://scanner", "icap://scanner/", "icaps://scanner/x",
     "http://scanner/x", "icap:///x", "icap://scanner:0/x", "icap://scanner:99999/x",
     "icap://me:secret@scanner/x", "icap://scanner/a b", "icap://scanner/x\r\nHost: y"],
)  # fmt: skip
def test_another_form_of_service_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"HUB_ICAP\) is icap://host:port/service"):
        icap.Icap(url)


def test_the_version_names_engine_and_database() -> None:
    said = "ClamAV 1.4.6/27800/Tue Nov 24 09:26:48 2026"
    assert clamd.version_of(said) == ("ClamAV 1.4.6", "27800/Tue Nov 24 09:26:48 2026")
    assert clamd.version_of("ClamAV 1.4.6") == ("ClamAV 1.4.6", "")
    with pytest.raises(ScannerDown):
        clamd.version_of("UNKNOWN COMMAND")


@pytest.mark.parametrize(
    ("answer", "result", "finding"),
    [
        ("stream: OK", Result.clean, ""),
        ("stream: Win.Test.EICAR_HDB-1 FOUND", Result.blocked, "Win.Test.EICAR_HDB-1"),
        (
            "stream: Heuristics.Limits.Exceeded.MaxFiles FOUND",
            Result.unscannable,
            "beyond a limit of the scanner (Heuristics.Limits.Exceeded.MaxFiles)",
        ),
        (
            "stream: Heuristics.Encrypted.RAR FOUND",
            Result.unscannable,
            "encrypted (Heuristics.Encrypted.RAR)",
        ),
        ("stream: Heuristics.Broken.Executable FOUND", Result.blocked,
         "Heuristics.Broken.Executable"),
        ("stream: Time limit reached ERROR", Result.unscannable,
         "the scanner failed: Time limit reached"),
        ("INSTREAM size limit exceeded. ERROR", Result.unscannable,
         "larger than the scanner takes (StreamMaxLength of clamd)"),
    ],
)  # fmt: skip
def test_what_an_answer_of_clamd_means(answer: str, result: Result, finding: str) -> None:
    assert clamd.verdict_of(answer, "C", "1") == Verdict("C", "1", result, finding)


@pytest.mark.parametrize(
    "answer",
    ["", "OK", "stream: ", "stream: OK ", "stream: OK FOUND OK", "other: OK", "PONG",
     "COMMAND READ TIMED OUT", "UNKNOWN COMMAND", "stream: Can't allocate memory ERROR"],
)  # fmt: skip
def test_anything_else_is_no_verdict(answer: str) -> None:
    with pytest.raises(ScannerDown):
        clamd.verdict_of(answer, "C", "1")


def test_only_clean_is_put_in_doubt() -> None:
    for result in Result:
        verdict = Verdict("C", "1", result, "" if result is Result.clean else "why")
        assert believed(verdict, []) == verdict
        doubted = believed(verdict, ["One.", "Two."])
        if result is Result.clean:
            assert doubted == Verdict("C", "1", Result.unscannable, "One. Two.")
        else:
            assert doubted == verdict


async def some(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_a_body_is_taken_in_bounded_pieces() -> None:
    body = Body(9, some(b"", b"abc", b"", b"defghi"), hashed=True)
    taken = [bytes(await body.take(4)) for _ in range(5)]
    assert taken == [b"abc", b"defg", b"hi", b"", b""]
    assert (body.taken, body.digest().hex()[:8]) == (9, "19cc02f2")
    with pytest.raises(ValueError, match="ends at 3 of 4"):
        [await body.take() for body in [Body(4, some(b"abc"))] for _ in range(2)]
    with pytest.raises(ValueError, match="longer than its 2"):
        await Body(2, some(b"abc")).take()


def test_the_head_of_an_answer_is_read() -> None:
    reply = reply_of(
        b'ICAP/1.0 200 OK\r\nISTag: "abc"\r\nmethods: respmod, REQMOD\r\nPreview: 1024\r\n'
        b"Service: C-ICAP\r\nX-Violations-Found: 1\r\n\t-\r\n\tWorm\r\n\t0\r\n\t2\r\nA: 1\r\nA: 2"
    )
    assert (reply.status, reply.istag, reply.headers["a"]) == (200, "abc", "1, 2")
    offer = offer_of(reply)
    assert (offer.engine, offer.method, offer.preview) == ("C-ICAP", "RESPMOD", 1024)
    assert finding_of(reply, "E", "D") == Verdict("E", "D", Result.blocked, "Worm")
    for head in (b"", b"ICAP/1.0", b"ICAP/1.0 20 OK", b"ICAP/1.0 200 OK\r\nnothing",
                 b"ICAP/1.0 200 OK\r\n folded", b"ICAP/1.0 200 OK\r\n: x"):  # fmt: skip
        with pytest.raises(Malformed):
            reply_of(head)


@pytest.mark.parametrize("value", ["", "-", "0", "No threats", "none"])
def test_a_header_that_finds_nothing_is_no_finding(value: str) -> None:
    for name in ("X-Virus-ID", "X-Violations-Found"):
        reply = reply_of(f"ICAP/1.0 200 OK\r\n{name}: {value}".encode())
        assert finding_of(reply, "E", "D") is None


def test_an_infection_without_a_name_is_one() -> None:
    reply = reply_of(b"ICAP/1.0 200 OK\r\nX-Infection-Found: something")
    assert finding_of(reply, "E", "D") == Verdict("E", "D", Result.blocked, "unnamed")


def test_what_is_encapsulated_is_where_the_request_says() -> None:
    for method in ("RESPMOD", "REQMOD"):
        message = scan_request(method, "icap://h/s", "h:1344", 12, 5)
        head, _, inside = message.partition(b"\r\n\r\n")
        assert b"\r\nPreview: 5\r\n" in head
        assert b"Preview" not in scan_request(method, "icap://h/s", "h:1344", 12, None)
        reply = reply_of(head.replace(head.split(b"\r\n")[0], b"ICAP/1.0 200 OK"))
        inner = inner_of(reply)
        assert inner.has_body
        assert inner.head_bytes == len(inside)
        assert inside.endswith(b"Content-Length: 12\r\n\r\n")
        if method == "RESPMOD":
            assert inner.answer is not None
            assert inside[inner.answer :].startswith(b"HTTP/1.1 200 OK\r\n")
            assert inside[: inner.answer].endswith(b"\r\n\r\n")
        else:
            assert inner.answer is None
            assert inside.startswith(b"PUT ")


def test_the_checksum_of_the_widest_probe_is_right() -> None:
    piece, checksum = bytes(1 << 20), 0
    for _ in range(_WIDE_BYTES >> 20):
        checksum = zlib.crc32(piece, checksum)
    assert checksum == _WIDE_CRC


@pytest.mark.parametrize(
    "bad", [{"clamd": "nowhere"}, {"clamd": "http://x"}, {"icap": "127.0.0.1:1344"}]
)
def test_an_address_of_another_form_is_a_wrong_setting(bad: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        open_scanners(Settings.from_environ({}, **bad))


def test_each_setting_is_a_scanner() -> None:
    both = {"HUB_CLAMD": "127.0.0.1:3310", "HUB_ICAP": "icap://127.0.0.1/scan"}
    assert [type(one) for one in open_scanners(Settings.from_environ(both))] == [Clamd, Icap]
    assert open_scanners(Settings.from_environ({})) == []
