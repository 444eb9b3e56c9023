"""When several people are free: told minute by minute by something slower."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from hub.agenda.free import Span, hours, merged, slots, without

MONDAY = datetime(2026, 11, 30, tzinfo=UTC)
PRAGUE = ZoneInfo("Europe/Prague")


def at(minute: int) -> datetime:
    return MONDAY + timedelta(minutes=minute)


def spans(pairs: list[tuple[int, int]]) -> list[Span]:
    return [Span(at(first), at(first + length)) for first, length in pairs]


PAIRS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 40)), max_size=12)


@given(PAIRS, PAIRS)
def test_what_is_left(within: list[tuple[int, int]], busy: list[tuple[int, int]]) -> None:
    minutes = {minute for first, length in within for minute in range(first, first + length)} - {
        minute for first, length in busy for minute in range(first, first + length)
    }
    found = list(without(merged(spans(within)), merged(spans(busy))))
    assert {
        int((one.first - MONDAY).total_seconds()) // 60 + minute
        for one in found
        for minute in range(int((one.last - one.first).total_seconds()) // 60)
    } == minutes
    assert merged(found) == found or all(one.first < one.last for one in found)


def test_hours_are_those_of_clocks() -> None:
    # The clocks change on Sunday, 25 October.
    first = datetime(2026, 10, 23, 0, tzinfo=PRAGUE).astimezone(UTC)
    found = hours(first, first + timedelta(days=5), PRAGUE, time(9), time(17), weekends=False)
    assert [f"{one.first:%a %H}-{one.last:%H}" for one in found] == [
        "Fri 07-15", "Mon 08-16", "Tue 08-16",
    ]  # fmt: skip
    found = hours(first, first + timedelta(days=5), PRAGUE, time(9), time(17), weekends=True)
    assert len(found) == 5


def test_hours_until_midnight_and_from_now_on() -> None:
    found = hours(at(600), at(3 * 1440), UTC, time(8), time(), weekends=False)
    assert found[0] == Span(at(600), at(1440))
    assert len(found) == 3


def test_what_is_too_short_is_none() -> None:
    within = [Span(at(0), at(120))]
    found = slots(within, spans([(30, 30), (70, 10)]), timedelta(minutes=30))
    assert found == [Span(at(0), at(30)), Span(at(80), at(120))]
