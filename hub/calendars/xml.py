"""The XML of WebDAV: bodies of requests read with bounds, and answers written. Pure.

Source: RFC 4918 sections 8.2, 13 and 14.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from lxml import etree  # type: ignore[import-untyped]

from hub.errors import BadRequest

DAV: Final = "DAV:"
CALDAV: Final = "urn:ietf:params:xml:ns:caldav"
SERVER: Final = "http://calendarserver.org/ns/"
APPLE: Final = "http://apple.com/ns/ical/"
HUB: Final = "urn:webmail-hub"
_PREFIXES: Final = {DAV: "D", CALDAV: "C", SERVER: "S", APPLE: "A", HUB: "H"}
_HEAD: Final = '<?xml version="1.0" encoding="utf-8"?>\n'
_SPACES: Final = " ".join(f'xmlns:{prefix}="{space}"' for space, prefix in _PREFIXES.items())
_NO_CHARACTERS: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MAX_DEPTH: Final = 30
MAX_ELEMENTS: Final = 50_000


class Name(NamedTuple):
    """Of an element: its namespace and its name there."""

    space: str
    local: str


def dav(local: str) -> Name:
    return Name(DAV, local)


def caldav(local: str) -> Name:
    return Name(CALDAV, local)


def read(body: bytes) -> Any:
    """The root element of a body; null for one that is empty.

    Raises:
        BadRequest: ``bad_xml``.
    """
    if not body.strip():
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadRequest(f"The body is no XML: {error}.", code="bad_xml") from error
    if root.getroottree().docinfo.doctype:
        raise BadRequest("A body declares no document type.", code="bad_xml")
    depth = count = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > MAX_DEPTH or count > MAX_ELEMENTS:
            raise BadRequest("The body is nested too deep, or too long.", code="bad_xml")
    return root


def name_of(element: Any) -> Name:
    found = etree.QName(element)
    return Name(found.namespace or "", found.localname)


def child(element: Any, name: Name) -> Any:
    """The first of that name; null without one."""
    return next((one for one in element if name_of(one) == name), None)


def children(element: Any, name: Name) -> list[Any]:
    return [one for one in element if name_of(one) == name]


def text_of(element: Any) -> str:
    return "" if element is None else (element.text or "").strip()


# --- writing --------------------------------------------------------------------------------------


def tag(name: Name, inside: str = "") -> str:
    """An element; ``inside`` is XML."""
    prefix = _PREFIXES.get(name.space)
    if prefix is None:
        head = tail = name.local
        head += f" xmlns={quoteattr(name.space)}"
    else:
        head = tail = f"{prefix}:{name.local}"
    return f"<{head}>{inside}</{tail}>" if inside else f"<{head}/>"


def said(name: Name, text: str) -> str:
    """An element with a text; characters that XML has none of are left out."""
    return tag(name, escape(_NO_CHARACTERS.sub("", text)))


def cdata(name: Name, text: str) -> str:
    """The same; ends of lines with CR stay."""
    return said(name, text).replace("\r", "&#13;")


def href(path: str) -> str:
    return said(dav("href"), path)


def response(path: str, found: Iterable[str], missing: Sequence[Name] = ()) -> str:
    """Of one resource: its properties, and the names of those that it has not."""
    parts = [href(path), _propstat("".join(found), HTTPStatus.OK)]
    if missing:
        parts.append(_propstat("".join(map(tag, missing)), HTTPStatus.NOT_FOUND))
    return tag(dav("response"), "".join(parts))


def refused(path: str, names: Sequence[Name], status: HTTPStatus) -> str:
    """Of one resource: properties that stay as they are."""
    inside = _propstat("".join(map(tag, names)), status)
    return tag(dav("response"), href(path) + inside)


def absent(path: str, status: HTTPStatus = HTTPStatus.NOT_FOUND, error: str = "") -> str:
    """Of a resource that is not there, or of which there is more."""
    inside = href(path) + said(dav("status"), _status(status))
    return tag(dav("response"), inside + (tag(dav("error"), error) if error else ""))


async def multistatus(
    responses: AsyncIterator[str], token: str | None = None
) -> AsyncIterator[str]:  # fmt: skip
    """In parts, as the responses come."""
    yield f"{_HEAD}<D:multistatus {_SPACES}>"
    async for one in responses:
        yield one
    yield "" if token is None else said(dav("sync-token"), token)
    yield "</D:multistatus>"


def error(condition: Name | None, inside: str, code: str, detail: str) -> bytes:
    """What stands against a request: its condition, and the code and the words of the hub."""
    parts = [] if condition is None else [tag(condition, inside)]
    parts += [said(Name(HUB, "code"), code), said(Name(HUB, "detail"), detail)]
    return f"{_HEAD}<D:error {_SPACES}>{''.join(parts)}</D:error>".encode()


def pick(
    properties: Mapping[Name, str], wanted: Sequence[Name] | None
) -> tuple[list[str], list[Name]]:
    """Those that are wanted, null: all; and the names of what there is none of."""
    if wanted is None:
        return list(properties.values()), []
    found = [properties[name] for name in wanted if name in properties]
    return found, [name for name in wanted if name not in properties]


def _propstat(inside: str, status: HTTPStatus) -> str:
    return tag(
        dav("propstat"), tag(dav("prop"), inside) + said(dav("status"), _status(status))
    )  # fmt: skip


def _status(status: HTTPStatus) -> str:
    return f"HTTP/1.1 {status.value} {status.phrase}"
