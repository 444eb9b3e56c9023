"""CalDAV: WebDAV requests of calendar programs, and answers to them.

A program signs in with a token of its device, which is good for calendars alone. Nothing here is
decided about tasks and meetings (``hub.calendars``).

Source: RFC 4791, RFC 4918, RFC 6578, RFC 6764 (well-known), RFC 7240 (return=minimal).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import UTC
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from hub.agenda import lines
from hub.api.hub import Hub, hub_of
from hub.api.requests import bearer, read_bytes
from hub.calendars import data, filters, places, properties, xml
from hub.calendars.places import Place
from hub.calendars.properties import DATA, LENGTH, Properties
from hub.calendars.service import BadToken, etag, is_tag_of
from hub.calendars.writing import UidTaken, WrongKind
from hub.calendars.xml import Name, caldav, dav
from hub.clock import to_datetime
from hub.errors import BadRequest, Forbidden, HubError, NotFound, RateLimited, Unauthenticated
from hub.identity.principal import Principal
from hub.storage import accounts
from hub.storage.calendars import Item, Kind

SCOPES: Final = frozenset(("calendar",))
MAX_XML: Final = 2 << 20
_ALLOW: Final = "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, PROPPATCH, REPORT"
_DAV: Final = "1, 3, calendar-access"
_BAD_TEXTS: Final = (
    "bad_calendar", "bad_date", "bad_rule", "unknown_zone", "too_many_occurrences", "bad_text",
)  # fmt: skip
Answer = Callable[[Request, Hub, Principal, Place], Awaitable[Response]]
T = TypeVar("T")


class Asked(NamedTuple):
    """What is asked of each of somebody's items.

    Attributes:
        wanted: properties; null: all.
        told: how texts are; null: they are not asked for.
        minimal: what there is not is not told.
        only_names: of properties, without what they say.
    """

    uid: str
    kind: Kind
    wanted: list[Name] | None
    told: data.Wanted | None
    minimal: bool
    only_names: bool


class MethodMissing(HubError):
    code = "method_not_allowed"
    http_status = 405
    title = "This cannot be done here"
    retry_s = None


class FiniteDepth(Forbidden):
    code = "finite_depth"
    title = "Ask with Depth: 0 or 1"


class UnknownReport(Forbidden):
    code = "unknown_report"
    title = "There is no such report here"


async def answer(request: Request) -> Response:
    """Whatever a program asks."""
    try:
        if request.method == "OPTIONS":
            return Response(headers={"DAV": _DAV, "Allow": _ALLOW})
        hub = hub_of(request)
        who = await _device(request, hub)
        hub.calendars.reads.spend(who.token_id or who.uid)
        path = request.scope["path"]
        place = places.find(places.ROOT if path == "/" else path, who.uid)
        if place is None:
            raise NotFound("There is nothing of yours at this address.", code="not_found")
        method = _METHODS.get(request.method)
        if method is None:
            raise MethodMissing
        response = await method(request, hub, who, place)
    except HubError as error:
        return _refusal(error)
    response.headers["DAV"] = _DAV
    return response


async def begin(request: Request) -> Response:
    """Where programs look first (RFC 6764)."""
    return RedirectResponse(places.ROOT, 301)


async def _device(request: Request, hub: Hub) -> Principal:
    """Raises:
    Unauthenticated: nobody, a token that has ended, or one for something else
        (``missing_scope``).
    """
    token = bearer(request)
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            _, _, token = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Unauthenticated("The name and the password are no text.") from error
    if not token:
        raise Unauthenticated("Give your address, and as the password the token of this device.")
    try:
        return await hub.identity.authenticate_token(token, SCOPES)
    except Forbidden as error:
        raise Unauthenticated(
            "The token is for programs; make one for a calendar.", code=error.code
        ) from error


# --- reading --------------------------------------------------------------------------------------


async def _get(request: Request, hub: Hub, who: Principal, place: Place) -> Response:
    if place.what != "item":
        raise MethodMissing("There is nothing to read here; ask with PROPFIND.")
    item = await hub.calendars.one(who.uid, place.kind, place.name)
    headers = {
        "ETag": etag(item), "Last-Modified": properties.http_date(item.changed_at),
        "Cache-Control": "private, no-cache, no-transform",
    }  # fmt: skip
    known = request.headers.get("if-none-match")
    if known is not None and is_tag_of(item, known):
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = properties.content_type(place.kind)
    return Response(data.text_of(item), headers=headers)


async def _propfind(request: Request, hub: Hub, who: Principal, place: Place) -> Response:
    depth = request.headers.get("depth", "infinity")
    if depth not in ("0", "1"):
        raise FiniteDepth
    root = await _body(request)
    if root is not None and xml.name_of(root) != dav("propfind"):
        raise BadRequest("The body is no propfind.", code="bad_xml")
    asked = _asked(request, who.uid, place, root)
    found: list[tuple[str, Properties]] = []
    items: AsyncIterator[list[Item]] = _of([])
    uid = who.uid
    match place.what:
        case "root":
            found.append((places.ROOT, properties.of_root(uid)))
            if depth == "1":
                found.append(await _principal(hub, who))
        case "principal":
            found.append(await _principal(hub, who))
        case "home":
            found.append((places.home(uid), properties.of_home(uid, who.display_name)))
            if depth == "1":
                found += [await _collection(hub, uid, kind) for kind in places.FOLDERS]
        case "collection":
            found.append(await _collection(hub, uid, place.kind))
            if depth == "1":
                items = _read(hub, asked, await hub.calendars.items(uid, place.kind))
        case "item":
            items = _read(hub, asked, [await hub.calendars.one(uid, place.kind, place.name)])

    head = "".join(_response(*one, asked) for one in found)
    return await _multistatus(_told(hub, asked, items), head)


async def _report(request: Request, hub: Hub, who: Principal, place: Place) -> Response:
    root = await _body(request)
    if root is None or place.what not in ("collection", "item"):
        raise UnknownReport
    asked = _asked(request, who.uid, place, root)
    match xml.name_of(root):
        case (xml.CALDAV, "calendar-multiget"):
            return await _multiget(hub, asked, root)
        case (xml.CALDAV, "calendar-query"):
            return await _query(hub, asked, root)
        case (xml.CALDAV, "free-busy-query"):
            return await _free_busy(hub, who.uid, root)
        case (xml.DAV, "sync-collection"):
            return await _sync(hub, asked, root)
    raise UnknownReport


async def _multiget(hub: Hub, asked: Asked, root: Any) -> Response:
    hrefs = dict.fromkeys(xml.text_of(one) for one in xml.children(root, dav("href")))
    names = {one: places.name_in(one, asked.uid, asked.kind) for one in hrefs}
    wanted = [name for name in dict.fromkeys(names.values()) if name is not None]
    items = await hub.calendars.named(asked.uid, asked.kind, wanted, with_text=False)
    there: set[str | None] = set()

    async def found() -> AsyncIterator[list[Item]]:
        async for some in _read(hub, asked, items):
            there.update(item.name for item in some)
            yield some

    async def parts() -> AsyncIterator[str]:
        async for some in _told(hub, asked, found()):
            yield some
        yield "".join(xml.absent(href) for href, name in names.items() if name not in there)

    return await _multistatus(parts())


async def _query(hub: Hub, asked: Asked, root: Any) -> Response:
    wanted = filters.read(xml.child(root, caldav("filter")))
    items = hub.calendars.query(asked.uid, asked.kind, wanted, filters.zone_of(root))
    return await _multistatus(_told(hub, asked, items))


async def _free_busy(hub: Hub, uid: str, root: Any) -> Response:
    """When they are busy (RFC 4791, 7.10), in the years that series are followed."""
    span = filters.span_of(xml.child(root, caldav("time-range")))
    busy = await hub.availability.own(uid, span.first, span.last, UTC)
    text = data.free_busy(span, busy, to_datetime(hub.clock.now_ms()))
    return Response(text, headers={"Content-Type": "text/calendar; charset=utf-8"})


async def _sync(hub: Hub, asked: Asked, root: Any) -> Response:
    since = properties.number_in(xml.text_of(xml.child(root, dav("sync-token"))))
    if since is None:
        raise BadToken
    bound = xml.child(root, dav("limit"))
    given = xml.text_of(None if bound is None else xml.child(bound, dav("nresults")))
    if given and not (given.isdecimal() and 0 < len(given) < 10 and int(given)):
        raise BadRequest("A limit is a number.", code="bad_filter")
    uid, kind = asked.uid, asked.kind
    changes = await hub.calendars.changes(uid, kind, since, int(given or 10**9))

    async def parts() -> AsyncIterator[str]:
        async for some in _told(hub, asked, _read(hub, asked, changes.items)):
            yield some
        yield "".join(xml.absent(places.item(uid, kind, name)) for name in changes.gone)
        if changes.more:
            limits = xml.tag(dav("number-of-matches-within-limits"))
            path = places.collection(uid, kind)
            yield xml.absent(path, HTTPStatus.INSUFFICIENT_STORAGE, limits)

    return await _multistatus(parts(), token=properties.token_of(changes.number))


# --- writing --------------------------------------------------------------------------------------


async def _put(request: Request, hub: Hub, who: Principal, place: Place) -> Response:
    if place.what != "item":
        raise MethodMissing
    text = await read_bytes(request, lines.MAX_BYTES, code="calendar_too_large")
    put = await hub.calendar_writing.put(
        who, place.kind, place.name, text, if_match=request.headers.get("if-match"),
        only_new=request.headers.get("if-none-match") == "*",
    )  # fmt: skip
    headers = {} if put.etag is None else {"ETag": put.etag}
    return Response(status_code=201 if put.is_new else 204, headers=headers)


async def _delete(request: Request, hub: Hub, who: Principal, place: Place) -> Response:
    if place.what != "item":
        raise Forbidden("The collections of a person stay.", code="collection_stays")
    await hub.calendar_writing.remove(
        who, place.kind, place.name, if_match=request.headers.get("if-match"),
        says_no=request.headers.get("schedule-reply", "").strip().upper() != "F",
    )  # fmt: skip
    return Response(status_code=204)


async def _proppatch(request: Request, hub: Hub, who: Principal, place: Place) -> Response:
    """What a program would like to call a collection, or in which colour, it keeps for itself."""
    root = await _body(request)
    if root is None:
        raise BadRequest("Say which properties.", code="bad_xml")
    names = [
        xml.name_of(one)
        for change in root
        for prop in xml.children(change, dav("prop"))
        for one in prop
    ]
    path = request.scope["path"]
    return await _multistatus(_of([xml.refused(path, names, HTTPStatus.FORBIDDEN)]))


# --- parts ----------------------------------------------------------------------------------------


async def _body(request: Request) -> Any:
    return xml.read(await read_bytes(request, MAX_XML, code="body_too_large"))


def _asked(request: Request, uid: str, place: Place, root: Any) -> Asked:
    """Raises:
    BadRequest: ``bad_filter``.
    Unsupported: how texts are asked for.
    """
    prop = None if root is None else xml.child(root, dav("prop"))
    wanted = None if prop is None else [xml.name_of(one) for one in prop]
    element = None if prop is None else xml.child(prop, DATA)
    told = None if element is None else data.read(element)
    if told is None and wanted is not None and LENGTH in wanted:
        told = data.Wanted()
    minimal = "return=minimal" in request.headers.get("prefer", "")
    only_names = root is not None and xml.child(root, dav("propname")) is not None
    return Asked(uid, place.kind, wanted, told, minimal, only_names)


def _read(hub: Hub, asked: Asked, items: Sequence[Item]) -> AsyncIterator[list[Item]]:
    """With their texts, if these are asked for."""
    if asked.told is None:
        return _of([list(items)])
    return hub.calendars.read(asked.uid, asked.kind, [one.name for one in items])


async def _told(
    hub: Hub, asked: Asked, items: AsyncIterator[list[Item]]
) -> AsyncIterator[str]:  # fmt: skip
    """What is asked of each; a text that cannot be told is missing there."""
    uid, kind = asked.uid, asked.kind
    async for some in items:
        texts: Sequence[str | None] = [None] * len(some)
        if asked.told is not None:
            texts = await hub.calendars.texts(some, asked.told)
        parts = []
        for item, text in zip(some, texts, strict=True):
            path = places.item(uid, kind, item.name)
            parts.append(_response(path, properties.of_item(uid, kind, item, text), asked))
        yield "".join(parts)


async def _of(some: Iterable[T]) -> AsyncIterator[T]:
    for one in some:
        yield one


async def _principal(hub: Hub, who: Principal) -> tuple[str, Properties]:
    async with hub.database.acquire() as connection:
        found = await accounts.addresses_of(connection, [who.uid])
    addresses = found[0].addresses if found else []
    return (
        places.principal(who.uid),
        properties.of_principal(who.uid, who.display_name, addresses),
    )


async def _collection(hub: Hub, uid: str, kind: Kind) -> tuple[str, Properties]:
    state = await hub.calendars.state(uid, kind)
    return places.collection(uid, kind), properties.of_collection(uid, kind, state)


def _response(path: str, have: Properties, asked: Asked) -> str:
    if asked.only_names:
        return xml.response(path, map(xml.tag, have))
    found, missing = xml.pick(have, asked.wanted)
    return xml.response(path, found, () if asked.minimal else missing)


async def _multistatus(
    parts: AsyncIterator[str], head: str = "", token: str | None = None
) -> Response:
    """Sent while it is read; what stands against the first part is told as an error yet."""
    first = await anext(parts, "")

    async def all_parts() -> AsyncIterator[str]:
        yield head + first
        async for one in parts:
            yield one

    return StreamingResponse(
        xml.multistatus(all_parts(), token), 207, media_type="application/xml; charset=utf-8"
    )


def _refusal(error: HubError) -> Response:
    """What stands against a request, with the condition that the RFCs have for it."""
    status, condition, inside = error.http_status, None, ""
    headers = {"DAV": _DAV}
    match error:
        case Unauthenticated():
            status = 401
            headers["WWW-Authenticate"] = 'Basic realm="Webmail hub", charset="UTF-8"'
        case RateLimited():
            status = 503  # which programs know to wait after
        case FiniteDepth():
            condition = dav("propfind-finite-depth")
        case UnknownReport():
            condition = dav("supported-report")
        case BadToken():
            condition = dav("valid-sync-token")
        case UidTaken():
            condition, inside = caldav("no-uid-conflict"), xml.href(error.path)
        case WrongKind():
            condition = caldav("supported-calendar-component")
        case filters.Unsupported():
            condition = caldav(_FILTERS.get(error.code, "supported-filter"))
        case MethodMissing():
            headers["Allow"] = _ALLOW
    if error.code in _BAD_TEXTS:
        status, condition = 403, caldav("valid-calendar-data")
    elif error.code == "other_calendar":
        status, condition = 403, caldav("no-uid-conflict")
    elif error.code == "calendar_too_large":
        condition = caldav("max-resource-size")
    elif error.code == "too_many_people":
        status, condition = 403, caldav("max-attendees-per-instance")
    elif error.code == "bad_filter":
        status, condition = 403, caldav("valid-filter")
    elif error.code in ("read_only", "not_author"):
        condition = dav("need-privileges")
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    body = xml.error(condition, inside, error.code, error.detail)
    return Response(body, status, headers, media_type="application/xml; charset=utf-8")


_FILTERS: Final = {
    "unsupported_collation": "supported-collation",
    "unsupported_format": "supported-calendar-data", "span_too_long": "max-instances",
}  # fmt: skip
_METHODS: Final[dict[str, Answer]] = {
    "GET": _get, "HEAD": _get, "PUT": _put, "DELETE": _delete, "PROPFIND": _propfind,
    "PROPPATCH": _proppatch, "REPORT": _report,
}  # fmt: skip


def routes() -> list[BaseRoute]:
    """All methods: also what cannot be done is answered here, and in XML."""
    every: Any = [*_METHODS, "OPTIONS", "MKCOL", "MKCALENDAR", "MOVE", "COPY", "LOCK", "POST"]
    return [
        Route("/.well-known/caldav", begin, methods=every),
        Route("/", answer, methods=["PROPFIND", "OPTIONS"]),  # who is given the hub's address alone
        Route("/dav", answer, methods=every),
        Route("/dav/{path:path}", answer, methods=every),
    ]
