"""Whole calendar files: taken apart into single tasks and meetings, and put together from these.
Pure.

Source: RFC 5545 sections 3.4 and 3.6, RFC 5546 (methods), RFC 7986 sections 5.1 and 5.7.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from hub.agenda import changing, lines, reading
from hub.agenda.changing import PRODID
from hub.agenda.lines import Block, Line
from hub.errors import BadRequest, TooLarge

MAX_BYTES: Final = 8 << 20
MAX_LINES: Final = 400_000
MAX_PIECES: Final = 2_000
MAX_ZONE_LINES: Final = 2_000
_OF_ALL: Final = ("VERSION", "PRODID", "CALSCALE")


class Piece(NamedTuple):
    """One task or meeting, with the zones that it names. ``method`` is what its sender wants (RFC
    5546), in capitals; empty: nothing."""

    uid: str
    method: str
    calendar: Block


def split(data: bytes) -> list[Piece]:
    """What a file has, in its order; what has no UID gets one that says what it is. Other
    components than tasks and meetings are left out.

    Raises:
        BadRequest: ``bad_calendar``.
        TooLarge: ``calendar_too_large``.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(
            f"A calendar file has at most {MAX_BYTES >> 20} MiB.", code="calendar_too_large"
        )
    found: list[Piece] = []
    for whole in lines.read(data, most=MAX_BYTES, most_lines=MAX_LINES):
        if whole.name != "VCALENDAR":
            raise BadRequest("There is no calendar in it.", code="bad_calendar")
        found += _pieces(whole)
        if len(found) > MAX_PIECES:
            raise TooLarge(
                f"A file with at most {MAX_PIECES} tasks and meetings is taken.",
                code="calendar_too_large",
            )
    return found


def join(calendars: Iterable[Block], name: str) -> bytes:
    """One file of many; each zone is there once."""
    zones: dict[str, str] = {}
    parts: list[Line | Block] = []
    for calendar in calendars:
        renamed = {}
        for block in calendar.blocks("VTIMEZONE"):
            tzid = _tzid(block)
            text = lines.write(block).decode()
            if zones.setdefault(tzid, text) != text and reading.known_zone(tzid) is None:
                renamed[tzid] = _another(tzid, text, zones)
        components = [one for one in calendar.blocks() if one.name in reading.COMPONENTS]
        parts += [_with_zones(one, renamed) for one in components] if renamed else components
    head = [
        Line("VERSION", "2.0"), Line("PRODID", PRODID), Line("X-WR-CALNAME", lines.escape(name)),
        Line("NAME", lines.escape(name)), Line("REFRESH-INTERVAL", "PT1H", ";VALUE=DURATION"),
        Line("X-PUBLISHED-TTL", "PT1H"),
    ]  # fmt: skip
    described = [block for text in zones.values() for block in lines.read(text.encode())]
    return lines.write(Block("VCALENDAR", [*head, *described, *parts]))


def _pieces(whole: Block) -> Iterator[Piece]:
    line = whole.first("METHOD")
    method = "" if line is None else line.value.strip().upper()
    head = [one for one in whole.parts if isinstance(one, Line) and one.name in _OF_ALL]
    zones = {_tzid(block): block for block in whole.blocks("VTIMEZONE")}
    if any(_size(block) > MAX_ZONE_LINES for block in zones.values()):
        raise TooLarge(f"A zone has at most {MAX_ZONE_LINES} lines.", code="calendar_too_large")
    groups: dict[str, list[Block]] = {}
    for block in whole.blocks():
        if block.name in reading.COMPONENTS:
            groups.setdefault(_uid(block), []).append(block)
    for uid, blocks in groups.items():
        named = dict.fromkeys(_zones_in(blocks))
        described = [zones[one] for one in named if one in zones]
        yield Piece(uid, method, Block("VCALENDAR", [*head, *described, *blocks]))


def _size(block: Block) -> int:
    return sum(1 if isinstance(one, Line) else 2 + _size(one) for one in block.parts)


def _uid(block: Block) -> str:
    line = block.first("UID")
    if line is not None and line.value.strip():
        return line.value.strip()
    made = hashlib.sha256(lines.write(block)).hexdigest()[:32]
    block.put(Line("UID", made))
    return made


def _tzid(block: Block) -> str:
    line = block.first("TZID")
    return "" if line is None else line.value.strip()


def _zones_in(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        for one in block.parts:
            if isinstance(one, Block):
                yield from _zones_in([one])
            elif one.params and (tzid := one.param("TZID")) is not None:
                yield tzid


def _another(tzid: str, text: str, zones: dict[str, str]) -> str:
    """A name for another zone of the same name."""
    number = 2
    while True:
        name = f"{tzid} ({number})"
        (block,) = lines.read(text.encode())
        block.put(Line("TZID", name))
        renamed = lines.write(block).decode()
        if zones.setdefault(name, renamed) == renamed:
            return name
        number += 1


def _with_zones(block: Block, renamed: dict[str, str]) -> Block:
    parts: list[Line | Block] = []
    for one in block.parts:
        if isinstance(one, Block):
            parts.append(_with_zones(one, renamed))
            continue
        tzid = one.param("TZID") if one.params else None
        if tzid in renamed:
            params = changing.with_parameter(one.params, "TZID", renamed[tzid])
            one = Line(one.name, one.value, params, one.written)
        parts.append(one)
    return Block(block.name, parts)
