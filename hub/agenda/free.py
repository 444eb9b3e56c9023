"""When several people are free, worked out of when they are busy. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple


class Span(NamedTuple):
    """From ``first`` up to ``last`` (UTC), without it."""

    first: datetime
    last: datetime


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order, and none touches another."""
    found: list[Span] = []
    for one in sorted(spans):
        if one.last <= one.first:
            continue
        if found and one.first <= found[-1].last:
            found[-1] = Span(found[-1].first, max(found[-1].last, one.last))
        else:
            found.append(one)
    return found


def without(spans: Sequence[Span], busy: Sequence[Span]) -> Iterator[Span]:
    """What is left of some spans; both are merged."""
    at = 0
    for one in spans:
        first = one.first
        while at < len(busy) and busy[at].last <= first:
            at += 1
        near = at
        while near < len(busy) and busy[near].first < one.last:
            if first < busy[near].first:
                yield Span(first, busy[near].first)
            first = max(first, busy[near].last)
            near += 1
        if first < one.last:
            yield Span(first, one.last)


def hours(
    first: datetime, last: datetime, zone: tzinfo, opens: time, closes: time, *, weekends: bool
) -> list[Span]:
    """The hours of the days between two moments in which people meet, by their clocks.

    Args:
        closes: not before ``opens``; midnight: the end of the day.
    """
    found = []
    day: date = first.astimezone(zone).date()
    end = last.astimezone(zone).date()
    while day <= end:
        if weekends or day.weekday() < 5:
            until = day if closes > opens else day + timedelta(days=1)
            span = Span(
                max(_instant(day, opens, zone), first), min(_instant(until, closes, zone), last)
            )
            found.append(span)
        day += timedelta(days=1)
    return merged(found)


def slots(
    within: Sequence[Span], busy: Iterable[Span], lasting: timedelta
) -> list[Span]:  # fmt: skip
    """Where nobody is busy for so long."""
    return [
        one for one in without(within, merged(busy)) if one.last - one.first >= lasting
    ]  # fmt: skip


def _instant(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)
