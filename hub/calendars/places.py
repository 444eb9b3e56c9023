"""Addresses of what calendar programs see. Pure.

/dav/                               where a program begins
/dav/principals/{uid}/              somebody
/dav/calendars/{uid}/               their collections
/dav/calendars/{uid}/tasks/         VTODO
/dav/calendars/{uid}/meetings/      VEVENT
/dav/calendars/{uid}/tasks/{name}   one of them
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from hub.storage.calendars import Kind

ROOT: Final = "/dav/"
MAX_NAME: Final = 500
FOLDERS: Final[dict[Kind, str]] = {"task": "tasks", "event": "meetings"}
COMPONENTS: Final[dict[Kind, str]] = {"task": "VTODO", "event": "VEVENT"}
_KINDS: Final = {folder: kind for kind, folder in FOLDERS.items()}


class Place(NamedTuple):
    what: Literal["root", "principal", "home", "collection", "item"]
    kind: Kind = "event"
    name: str = ""


def principal(uid: str) -> str:
    return f"{ROOT}principals/{uid}/"


def home(uid: str) -> str:
    return f"{ROOT}calendars/{uid}/"


def collection(uid: str, kind: Kind) -> str:
    return f"{home(uid)}{FOLDERS[kind]}/"


def item(uid: str, kind: Kind, name: str) -> str:
    return collection(uid, kind) + quote(name, safe="@:$!*,")


def find(path: str, uid: str) -> Place | None:
    """What somebody has at a path, which is decoded; null: nothing."""
    if not path.startswith(ROOT.rstrip("/")):
        return None
    parts = path[len(ROOT) - 1 :].lstrip("/").split("/", 3)
    match [part for part in parts if part] if len(parts) < 4 or not parts[3] else parts:
        case [] | ["principals"] | ["calendars"]:
            return Place("root")
        case ["principals", one] if one == uid:
            return Place("principal")
        case ["calendars", one] if one == uid:
            return Place("home")
        case ["calendars", one, folder] if one == uid and folder in _KINDS:
            return Place("collection", _KINDS[folder])
        case ["calendars", one, folder, name] if one == uid and folder in _KINDS:
            is_name = len(name) <= MAX_NAME and all(char >= " " for char in name)
            return Place("item", _KINDS[folder], name) if is_name else None
    return None


def name_in(href: str, uid: str, kind: Kind) -> str | None:
    """The name that an address of an item of a collection has there; null: it is none of it."""
    try:
        place = find(unquote(urlsplit(href.strip()).path, errors="strict"), uid)
    except (ValueError, UnicodeDecodeError):
        return None
    is_item = place is not None and place.what == "item" and place.kind == kind
    return place.name if place is not None and is_item else None
