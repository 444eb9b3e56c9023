"""What programs are told of somebody, their collections, and what is in these. Pure.

Source: RFC 4918 section 15, RFC 3744 section 5, RFC 4791 sections 5.2 and 6.2, RFC 5397, RFC 6578
section 4, RFC 6638 section 2.4.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Final

from hub.agenda import lines
from hub.calendars import places, xml
from hub.calendars.places import COMPONENTS
from hub.calendars.service import etag
from hub.calendars.xml import APPLE, CALDAV, SERVER, Name, caldav, dav
from hub.storage.calendars import Item, Kind, State
from hub.wire.agenda import MAX_PEOPLE

Properties = Mapping[Name, str]
DATA: Final = caldav("calendar-data")
LENGTH: Final = dav("getcontentlength")
_ETAG: Final = dav("getetag")
_MODIFIED: Final = dav("getlastmodified")
TITLES: Final[dict[Kind, str]] = {"task": "Tasks", "event": "Meetings"}
_COLORS: Final[dict[Kind, str]] = {"task": "#0F766EFF", "event": "#2563EBFF"}
_REPORTS: Final = (
    caldav("calendar-query"), caldav("calendar-multiget"), caldav("free-busy-query"),
    dav("sync-collection"),
)  # fmt: skip
_MAY: Final = (
    "read", "write", "write-content", "bind", "unbind", "read-current-user-privilege-set",
)  # fmt: skip
_SYNC: Final = "data:,"


def token_of(state_number: int) -> str:
    """What a program gives back to be told what changed; an address, as RFC 6578 wants it."""
    return f"{_SYNC}{state_number}"


def number_in(token: str) -> int | None:
    """Null: it is none of the hub's. Empty: nothing is known yet."""
    if not token:
        return 0
    number = token.removeprefix(_SYNC)
    return int(number) if number.isdecimal() and len(number) < 19 and number != token else None


def of_root(uid: str) -> Properties:
    return _made(
        xml.tag(dav("resourcetype"), xml.tag(dav("collection"))),
        xml.said(dav("displayname"), "Webmail hub"),
        *_of_anything(uid),
    )


def of_principal(uid: str, name: str, addresses: Sequence[str]) -> Properties:
    return _made(
        xml.tag(dav("resourcetype"), xml.tag(dav("principal")) + xml.tag(dav("collection"))),
        xml.said(dav("displayname"), name),
        xml.tag(dav("principal-URL"), xml.href(places.principal(uid))),
        xml.tag(caldav("calendar-home-set"), xml.href(places.home(uid))),
        xml.tag(
            caldav("calendar-user-address-set"),
            "".join(xml.href(f"mailto:{one}") for one in addresses),
        ),
        xml.said(caldav("calendar-user-type"), "INDIVIDUAL"),
        xml.tag(dav("group-membership")),
        *_of_anything(uid),
    )


def of_home(uid: str, name: str) -> Properties:
    return _made(
        xml.tag(dav("resourcetype"), xml.tag(dav("collection"))),
        xml.said(dav("displayname"), name),
        xml.tag(dav("owner"), xml.href(places.principal(uid))),
        *_of_anything(uid),
    )


def of_collection(uid: str, kind: Kind, state: State) -> Properties:
    component = f'<C:comp name="{COMPONENTS[kind]}"/>'
    formats = '<C:calendar-data content-type="text/calendar" version="2.0"/>'
    collations = ("i;ascii-casemap", "i;octet", "i;unicode-casemap")
    return _made(
        xml.tag(dav("resourcetype"), xml.tag(dav("collection")) + xml.tag(caldav("calendar"))),
        xml.said(dav("displayname"), TITLES[kind]),
        xml.tag(dav("owner"), xml.href(places.principal(uid))),
        xml.said(dav("sync-token"), token_of(state.number)),
        xml.said(Name(SERVER, "getctag"), token_of(state.number)),
        xml.tag(caldav("supported-calendar-component-set"), component),
        xml.tag(caldav("supported-calendar-data"), formats),
        xml.tag(
            caldav("supported-collation-set"),
            "".join(xml.said(caldav("supported-collation"), one) for one in collations),
        ),
        xml.said(caldav("max-resource-size"), str(lines.MAX_BYTES)),
        xml.said(caldav("max-attendees-per-instance"), str(MAX_PEOPLE)),
        xml.said(Name(APPLE, "calendar-color"), _COLORS[kind]),
        xml.tag(caldav("schedule-calendar-transp"), xml.tag(caldav("opaque"))),
        xml.tag(
            dav("supported-report-set"),
            "".join(
                xml.tag(dav("supported-report"), xml.tag(dav("report"), xml.tag(one)))
                for one in _REPORTS
            ),
        ),
        *_of_anything(uid),
    )


def of_item(uid: str, kind: Kind, item: Item, text: str | None) -> Properties:
    """Args:
    text: as it is told; null: nobody asked for it.
    """
    said = {
        **_of_items(uid, kind),
        _ETAG: xml.said(_ETAG, etag(item)),
        _MODIFIED: xml.said(_MODIFIED, http_date(item.changed_at)),
    }
    if text is not None:
        said[LENGTH] = xml.said(LENGTH, str(len(text.encode())))
        said[DATA] = xml.cdata(DATA, text)
    return said


@lru_cache(maxsize=256)
def _of_items(uid: str, kind: Kind) -> Properties:
    """What is the same of all of a collection: thousands are told of at once."""
    return _made(
        xml.tag(dav("resourcetype")),
        xml.said(dav("getcontenttype"), content_type(kind)),
        xml.tag(dav("owner"), xml.href(places.principal(uid))),
        *_of_anything(uid),
    )


def content_type(kind: Kind) -> str:
    return f"text/calendar; charset=utf-8; component={COMPONENTS[kind]}"


def http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _of_anything(uid: str) -> list[str]:
    privileges = "".join(xml.tag(dav("privilege"), xml.tag(dav(one))) for one in _MAY)
    return [
        xml.tag(dav("current-user-principal"), xml.href(places.principal(uid))),
        xml.tag(dav("current-user-privilege-set"), privileges),
        xml.tag(dav("principal-collection-set"), xml.href(f"{places.ROOT}principals/")),
    ]


def _made(*elements: str) -> Properties:
    return {_name_in(one): one for one in elements}


def _name_in(element: str) -> Name:
    prefix, _, rest = element[1:].partition(":")
    local = rest.partition(">")[0].partition("/")[0].partition(" ")[0]
    return Name({"D": xml.DAV, "C": CALDAV, "S": SERVER, "A": APPLE}[prefix], local)
