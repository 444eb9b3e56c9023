"""Series across changes of clocks, with exceptions, are what ical.js (Thunderbird's) says they are:
it follows them by itself, and takes the zones from the text."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import product, zip_longest
from pathlib import Path

import pytest
from dateutil.rrule import rrulestr

from hub.agenda import changing, lines, reading
from hub.agenda.changing import parse
from hub.agenda.lines import Block
from hub.agenda.series import Occurrence, occurrences

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 27, tzinfo=UTC)
FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
ZONES = [
    "Europe/Bratislava", "Europe/London", "America/New_York", "America/Sao_Paulo",
    "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "UTC",
]  # fmt: skip
STARTS = ["2026-02-27T02:30", "2026-03-28T23:45", "2026-10-24T01:30"]
RULES = [
    "FREQ=DAILY;COUNT=60", "FREQ=DAILY;INTERVAL=3;UNTIL=20261231T000000Z",
    "FREQ=WEEKLY;BYDAY=SA,SU;COUNT=30", "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,MO;COUNT=20",
    "FREQ=MONTHLY;BYDAY=-1SU;COUNT=12", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=12",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1;COUNT=12", "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=7",
    "FREQ=YEARLY;COUNT=3",
]  # fmt: skip
EXCEPTIONS = ["none", "left out", "moved", "moved to another zone"]


def made(zone: str, start: str, rule: str, exception: str) -> Block:
    calendar = changing.new("event", "e", NOW)
    meeting = reading.parts_of(calendar)[0]
    # A first day that the rule does not mean is undefined (RFC 5545, 3.8.5.3).
    first = rrulestr(rule.partition(";UNTIL")[0], dtstart=datetime.fromisoformat(start))[0]
    begin = parse(first.isoformat(), zone)
    changing.set_span(calendar, meeting, begin, reading.later(begin, timedelta(minutes=30)))
    changing.set_rule(meeting, rule)
    if exception == "none":
        return calendar
    second = occurrences(calendar, FIRST, LAST)[1].id
    assert second is not None
    if exception == "left out":
        changing.leave_out(calendar, second)
        return calendar
    moved = changing.moment_of(calendar, second)
    there = parse("2026-06-15T09:00", "Asia/Tokyo" if "zone" in exception else zone)
    changing.set_span(calendar, moved, there, reading.later(there, timedelta(hours=1)))
    return calendar


def readings(one: Occurrence) -> tuple[int, ...]:
    """When it begins, and when it would by the other reading of an hour that the clocks skip or
    show twice: ical.js takes that one, RFC 5545 (3.3.5) ours."""
    assert one.starts is not None
    assert one.starts.instant is not None
    other = one.starts.local.replace(tzinfo=one.starts.zone, fold=1)
    return int(one.starts.instant.timestamp()), int(other.timestamp())


# It is one matrix, and one run of Node.
def test_series_are_what_another_library_says() -> None:
    cases = list(product(ZONES, STARTS, RULES, EXCEPTIONS))
    calendars = [made(*case) for case in cases]
    told = "".join(
        json.dumps({"ics": lines.write(one).decode(), "last": LAST.timestamp()}) + "\n"
        for one in calendars
    )
    done = subprocess.run(
        ["node", HERE / "series.mjs"], input=told, capture_output=True, text=True, check=True,
        cwd=HERE, timeout=50,
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(cases)
    wrong = []
    for case, calendar, theirs in zip(cases, calendars, answers, strict=True):
        ours = [readings(one) for one in occurrences(calendar, FIRST, LAST)]
        pairs = list(zip_longest(sorted(ours), theirs, fillvalue=()))
        if any(one not in ways for ways, one in pairs):
            wrong.append((case, [pair for pair in pairs if pair[1] not in pair[0]][:3]))
    assert not wrong, f"{len(wrong)} of {len(cases)}: {wrong[:5]}"


@pytest.mark.parametrize("zone", ZONES[:-1])
def test_the_zones_that_are_written_are_those_of_the_system(zone: str) -> None:
    calendar = made(zone, STARTS[0], RULES[0], "none")
    (told,) = calendar.blocks("VTIMEZONE")
    renamed = lines.read(lines.write(calendar).replace(zone.encode(), b"Ours"))[0]
    assert told.first("TZID") == lines.Line("TZID", zone)
    ours = [readings(one) for one in occurrences(calendar, FIRST, LAST)]
    theirs = [readings(one)[0] for one in occurrences(renamed, FIRST, LAST)]
    assert all(one in ways for ways, one in zip(ours, theirs, strict=True))
