"""The rules of a zone as a text, for programs that do not know the zone.

Made of what the system's data says from 2000 to 2037: changes that come back by one rule as that
rule, others day by day. Pure, but for the system's data.

Source: RFC 5545 section 3.6.5 (VTIMEZONE: onsets stand in the clock time before the change).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from hub.agenda.lines import Block, Line

_FROM: Final = datetime(2000, 1, 1, tzinfo=UTC)
_TO: Final = datetime(2038, 1, 1, tzinfo=UTC)
_ALWAYS: Final = datetime(1970, 1, 1)  # noqa: DTZ001  # by whatever clocks
_STEP: Final = timedelta(days=7)
"""No zone changes its clocks and back within a week."""
_REGULAR: Final = 3
"""So many years one after the other make a rule."""
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class _Change(NamedTuple):
    """Of the clocks of a zone. ``onset``: as they show it before."""

    before: timedelta
    after: timedelta
    name: str
    is_daylight: bool
    onset: datetime


@lru_cache(maxsize=600)
def vtimezone(tzid: str, zone: tzinfo) -> Block:
    """The component, under a name. Not to be changed."""
    changes = _changes(zone)
    first = _offset(zone, _FROM)
    parts: list[Line | Block] = [Line("TZID", tzid)]
    start = _FROM.astimezone(zone)
    always = _Change(first, first, start.tzname() or tzid, bool(start.dst()), _ALWAYS)
    parts.append(_observance(always, []))
    by_kind = sorted(changes, key=lambda one: (one[:4], one.onset))
    for _, group in groupby(by_kind, key=lambda one: one[:4]):
        alike = list(group)
        regular = _regular(alike)
        if irregular := alike[: len(alike) - len(regular)]:
            parts.append(_observance(irregular[0], [one.onset for one in irregular[1:]]))
        if regular:
            parts.append(_observance(regular[0], [], _rule(regular)))
    return Block("VTIMEZONE", parts)


def _changes(zone: tzinfo) -> list[_Change]:
    found = []
    at = _FROM
    while at < _TO:
        after = at + _STEP
        before_offset, after_offset = _offset(zone, at), _offset(zone, after)
        if before_offset != after_offset or _name(zone, at) != _name(zone, after):
            moment = _first_after(zone, at, after)
            local = moment.astimezone(zone)
            if _offset(zone, at) != _offset(zone, moment):
                onset = (moment + before_offset).replace(tzinfo=None)
                found.append(
                    _Change(before_offset, _offset(zone, moment), local.tzname() or "",
                            bool(local.dst()), onset)
                )  # fmt: skip
        at = after
    return found


def _first_after(zone: tzinfo, low: datetime, high: datetime) -> datetime:
    """The second at which the clocks are others than at ``low``."""
    was = _offset(zone, low), _name(zone, low)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if (_offset(zone, middle), _name(zone, middle)) == was:
            low = middle
        else:
            high = middle
    return high


def _regular(changes: list[_Change]) -> list[_Change]:
    """Those at the end that come every year by one rule, up to the last year looked at."""
    if not changes or changes[-1].onset.year < _TO.year - 1:
        return []
    found = [changes[-1]]
    for one in reversed(changes[:-1]):
        if found[0].onset.year - one.onset.year != 1 or not _places([one, *found]):
            break
        found.insert(0, one)
    return found if len(found) >= _REGULAR else []


def _places(changes: list[_Change]) -> set[tuple[int, int, int]]:
    """Ways to say on which day all of them are: month, weekday, and the how-manieth (-1: last)."""
    if len({one.onset.time() for one in changes}) > 1:
        return set()
    found: set[tuple[int, int, int]] | None = None
    for one in changes:
        day = one.onset
        ways = {(day.month, day.weekday(), (day.day - 1) // 7 + 1)}
        if day.day + 7 > monthrange(day.year, day.month)[1]:
            ways.add((day.month, day.weekday(), -1))
        found = ways if found is None else found & ways
    return found or set()


def _rule(changes: list[_Change]) -> str:
    month, weekday, nth = min(_places(changes))
    return f"FREQ=YEARLY;BYMONTH={month};BYDAY={nth}{_DAYS[weekday]}"


def _observance(change: _Change, more: list[datetime], rule: str | None = None) -> Block:
    block = Block("DAYLIGHT" if change.is_daylight else "STANDARD")
    block.parts += [
        Line("DTSTART", f"{change.onset:%Y%m%dT%H%M%S}"),
        Line("TZOFFSETFROM", _said(change.before)),
        Line("TZOFFSETTO", _said(change.after)),
        Line("TZNAME", change.name),
    ]
    if rule is not None:
        block.parts.append(Line("RRULE", rule))
    if more:
        # One a line, the first one too: Thunderbird's library reads nothing else of them.
        for one in (change.onset, *more):
            block.parts.append(Line("RDATE", f"{one:%Y%m%dT%H%M%S}"))
    return block


def _offset(zone: tzinfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _name(zone: tzinfo, at: datetime) -> str | None:
    return at.astimezone(zone).tzname()


def _said(offset: timedelta) -> str:
    seconds = int(offset.total_seconds())
    sign, seconds = "-" if seconds < 0 else "+", abs(seconds)
    text = f"{sign}{seconds // 3600:02}{seconds // 60 % 60:02}"
    return text + (f"{seconds % 60:02}" if seconds % 60 else "")
