"""The messages of ICAP, as far as a file is scanned with them. Pure.

Source: RFC 3507, sections 4.3 to 4.10; draft-stecher-icap-subid-00 for the ``X-`` headers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from hub.files.scanning.verdicts import Result, Verdict, found

_INNER_BYTES: Final = 64 * 1024
_STATUS: Final = re.compile(r"(?:ICAP|HTTP)/[0-9.]{1,4} ([0-9]{3})(?: .*)?")
_NO_FINDING: Final = {"", "-", "0", "none", "clean", "no threats"}
# The file is not in it, so these say no more than that it is one.
_REQUEST: Final = "{} http://hub.invalid/attachment HTTP/1.1\r\nHost: hub.invalid\r\n"
_CONTENT: Final = "Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n"
_CONTAINER: Final = "2"  # X-Infection-Found, Type: encrypted, nested too deep or the like


class Malformed(Exception):
    """The server does not speak ICAP as it should; the text says how."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Args:
    headers: by their names in small letters; lines that were folded are joined by newlines.
    """

    status: int
    headers: dict[str, str]

    @property
    def istag(self) -> str:
        """The state of the service, which changes with its signatures (section 4.7)."""
        return self.headers.get("istag", "").strip('"')


@dataclass(frozen=True, slots=True)
class Offer:
    """What a service says of itself (section 4.10.2).

    Args:
        method: RESPMOD, or REQMOD where only that is offered; empty for neither.
        preview: bytes it wants to see first; none where it does not want any.
    """

    engine: str
    istag: str
    method: str
    preview: int | None


@dataclass(frozen=True, slots=True)
class Inner:
    """Where things lie in what came encapsulated (section 4.4.1).

    Args:
        answer: where the head of an HTTP answer begins; none for a request.
        head_bytes: of all the heads.
        has_body: a body follows in chunks.
    """

    answer: int | None
    head_bytes: int
    has_body: bool


def options_request(url: str, host: str) -> bytes:
    return (
        f"OPTIONS {url} ICAP/1.0\r\nHost: {host}\r\nUser-Agent: webmail-hub\r\n"
        "Encapsulated: null-body=0\r\n\r\n"
    ).encode()


def scan_request(method: str, url: str, host: str, size: int, preview: int | None) -> bytes:
    """Everything before the body.

    Args:
        size: bytes of the file.
        preview: bytes of it that come before the server says whether it wants the rest.
    """
    if method == "REQMOD":
        head = (_REQUEST.format("PUT") + _CONTENT.format(size)).encode()
        places = f"req-hdr=0, req-body={len(head)}"
    else:
        request = (_REQUEST.format("GET") + "\r\n").encode()
        head = request + ("HTTP/1.1 200 OK\r\n" + _CONTENT.format(size)).encode()
        places = f"req-hdr=0, res-hdr={len(request)}, res-body={len(head)}"
    asked = "" if preview is None else f"Preview: {preview}\r\n"
    return (
        f"{method} {url} ICAP/1.0\r\nHost: {host}\r\nUser-Agent: webmail-hub\r\n"
        f"Allow: 204\r\n{asked}Encapsulated: {places}\r\n\r\n"
    ).encode() + head


def reply_of(head: bytes) -> Reply:
    """Raises:
    Malformed: this is no head of an answer.
    """
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    headers: dict[str, str] = {}
    name = ""
    for line in lines:
        if line.startswith((" ", "\t")):
            if not name:
                raise Malformed("continues a header that was not begun")
            headers[name] += "\n" + line.strip()
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not name:
            raise Malformed(f"sends {line[:80]!r} as a header")
        headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    return Reply(status_of(first), headers)


def status_of(line: str) -> int:
    """Raises:
    Malformed: this is no status line.
    """
    match = _STATUS.fullmatch(line)
    if not match:
        raise Malformed(f"answers {line[:80]!r}")
    return int(match[1])


def offer_of(reply: Reply) -> Offer:
    """Raises:
    Malformed: the preview is no number.
    """
    offered = {one.strip().upper() for one in reply.headers.get("methods", "").split(",")}
    method = next((one for one in ("RESPMOD", "REQMOD") if one in offered), "")
    preview = reply.headers.get("preview")
    if preview is not None and not re.fullmatch("[0-9]{1,9}", preview):
        raise Malformed(f"wants a preview of {preview[:80]!r} bytes")
    engine = reply.headers.get("service", "").strip('"') or "ICAP"
    return Offer(engine, reply.istag, method, None if preview is None else int(preview))


def inner_of(reply: Reply) -> Inner:
    """Raises:
    Malformed: it does not say what is encapsulated, or not so that it can be read.
    """
    text = reply.headers.get("encapsulated", "")
    places: list[tuple[str, int]] = []
    for one in text.split(","):
        match = re.fullmatch(r"\s*([a-z-]+)=([0-9]{1,6})\s*", one.lower())
        if not match:
            raise Malformed(f"encapsulates {text[:80]!r}")
        places.append((match[1], int(match[2])))
    offsets = [at for _, at in places]
    last = places[-1][0]
    if offsets != sorted(offsets) or not last.endswith("-body") or offsets[-1] > _INNER_BYTES:
        raise Malformed(f"encapsulates {text[:80]!r}")
    return Inner(dict(places).get("res-hdr"), offsets[-1], last != "null-body")


def finding_of(reply: Reply, engine: str, database: str) -> Verdict | None:
    """The verdict, where the head itself names what was found."""
    if infection := reply.headers.get("x-infection-found", ""):
        fields = {
            key.strip().lower(): value.strip()
            for key, _, value in (one.partition("=") for one in infection.split(";"))
        }
        name = fields.get("threat", "") or "unnamed"
        if fields.get("type") == _CONTAINER:
            reason = f"not looked through by the scanner ({name})"
            return Verdict(engine, database, Result.unscannable, reason)
        return found(engine, database, name)
    virus = reply.headers.get("x-virus-id", "").strip()
    if virus.lower() not in _NO_FINDING:
        return found(engine, database, virus)
    # A count, then four lines each: file, name, number, what was done.
    violations = reply.headers.get("x-violations-found", "").split("\n")
    if violations[0].strip().lower() not in _NO_FINDING:
        return found(engine, database, violations[2] if len(violations) > 2 else "unnamed")
    return None
