"""Whether a rule means any day at all between two days.

``dateutil`` looks for the next day of a rule until the year 9999, which for 30 February takes it
many seconds; its UNTIL does not stop it. So each day is held against the rule here first, as a
whole and without its order: what no day fits is no series. Pure.

Source: RFC 5545 section 3.3.10.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from hub.errors import BadRequest

_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BYDAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NTH: Final = {"MONTHLY": 5, "YEARLY": 53}
_DAY_PARTS: Final = ("BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH")


def is_possible(rule: Mapping[str, str], first: date, last: date) -> bool:
    """Whether a day from ``first`` to ``last`` may be one of the series.

    Args:
        rule: its parts, in capitals; numbers within their bounds.

    Raises:
        BadRequest: ``bad_rule``.
    """
    frequency, interval = rule["FREQ"], int(rule.get("INTERVAL", "1"))
    months = _numbers(rule, "BYMONTH")
    month_days = _numbers(rule, "BYMONTHDAY")
    year_days = _numbers(rule, "BYYEARDAY")
    weeks = _numbers(rule, "BYWEEKNO")
    weekdays = _weekdays(rule)
    if frequency == "WEEKLY" and not weekdays:
        weekdays = {first.weekday()}
    elif frequency in ("MONTHLY", "YEARLY") and not any(rule.get(part) for part in _DAY_PARTS[:4]):
        month_days = {first.day}
        if frequency == "YEARLY" and not months:
            months = {first.month}
    sizes: dict[object, int] = {}
    day = first
    while day <= last:
        period = _period(frequency, first, day)
        if (
            period % interval == 0
            and (not months or day.month in months)
            and (
                not month_days or day.day in month_days or day.day - _length(day) - 1 in month_days
            )
            and (not year_days or _fits_year(day, year_days))
            and (not weekdays or day.weekday() in weekdays)
            and (not weeks or _fits_week(day, weeks))
        ):
            if "BYSETPOS" not in rule:
                return True
            sizes[period] = sizes.get(period, 0) + 1
        if day == date.max:
            break
        day += timedelta(days=1)
    wanted = min((abs(one) for one in _numbers(rule, "BYSETPOS")), default=1)
    return bool(sizes) and max(sizes.values()) * _times(rule) >= wanted


def _period(frequency: str, first: date, day: date) -> int:
    """The how-manieth period of the rule a day is in; of what comes back within a day: 0."""
    match frequency:
        case "YEARLY":
            return day.year - first.year
        case "MONTHLY":
            return (day.year - first.year) * 12 + day.month - first.month
        case "WEEKLY":
            # Weeks begin on a day that the rule may say: a week is 0 up to that day, and from it 1.
            return (day - first + timedelta(days=first.weekday())).days // 7
        case "DAILY":
            return (day - first).days
    return 0


def _numbers(rule: Mapping[str, str], part: str) -> set[int]:
    return {int(one) for one in rule.get(part, "").split(",") if one}


def _weekdays(rule: Mapping[str, str]) -> set[int]:
    """Raises:
    BadRequest: ``bad_rule``.
    """
    found = set()
    for one in rule.get("BYDAY", "").split(",") if rule.get("BYDAY") else ():
        match = _BYDAY.fullmatch(one.strip())
        nth = abs(int(match[1] or 0)) if match is not None else 0
        if match is None or nth > _NTH.get(rule["FREQ"], 0) or (match[1] and nth == 0):
            raise BadRequest(f"The rule of the series says BYDAY={one[:20]}.", code="bad_rule")
        found.add(_WEEKDAYS.index(match[2]))
    return found


def _length(day: date) -> int:
    """How many days its month has."""
    after = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return (after - timedelta(days=1)).day


def _fits_year(day: date, wanted: set[int]) -> bool:
    nth = day.timetuple().tm_yday
    return nth in wanted or nth - date(day.year, 12, 31).timetuple().tm_yday - 1 in wanted


def _fits_week(day: date, wanted: set[int]) -> bool:
    """By ISO weeks, give or take one: a rule may let its weeks begin on another day."""
    week = day.isocalendar().week
    total = date(day.year, 12, 28).isocalendar().week
    near = {week, week - 1, week + 1, week - total - 1, week - total, week - total - 2}
    return bool(near & wanted) or (bool({53, -1, 1, -53} & wanted) and day.month in (1, 12))


def _times(rule: Mapping[str, str]) -> int:
    """How often on each day."""
    count = 1
    for part in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        count *= max(1, len(_numbers(rule, part)))
    return count
