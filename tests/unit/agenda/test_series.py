"""Series of tasks and meetings: across changes of clocks, with exceptions, and without an end."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.agenda import lines, reading
from hub.agenda.lines import Block
from hub.agenda.possible import is_possible
from hub.agenda.series import Occurrence, occurrences
from hub.errors import BadRequest, HubError

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
LAST = datetime(2027, 1, 1, tzinfo=UTC)


def event(*properties: str, more: str = "", name: str = "VEVENT") -> Block:
    text = "\n".join(
        ["BEGIN:VCALENDAR", f"BEGIN:{name}", "UID:a", *properties, f"END:{name}", more]
    )
    (block,) = lines.read(f"{text}\nEND:VCALENDAR".encode())
    return block


def instants(found: list[Occurrence]) -> list[str]:
    return [
        f"{one.starts.instant:%m-%d %H:%M}"
        for one in found
        if one.starts is not None and one.starts.instant is not None
    ]


def days(found: list[Occurrence]) -> list[str]:
    return [str(one.starts or one.ends) for one in found]


# The change of clocks, on which weekday it is, and the hour in UTC before and after it.
CHANGES = [
    ("Europe/Bratislava", "20260327T023000", "01:30", "00:30"),  # 02:30 of 29 March is skipped
    ("Europe/Bratislava", "20261023T023000", "00:30", "01:30"),  # 02:30 of 25 October comes twice
    ("America/New_York", "20260306T023000", "07:30", "06:30"),
    ("America/New_York", "20261030T013000", "05:30", "06:30"),
    ("Australia/Lord_Howe", "20260403T013000", "14:30", "15:00"),  # half an hour
    ("Australia/Lord_Howe", "20261002T021500", "15:45", "15:15"),
    ("Asia/Tokyo", "20260327T090000", "00:00", "00:00"),
    ("Africa/Casablanca", "20260212T120000", "11:00", "12:00"),  # back for Ramadan
]


@pytest.mark.parametrize(("zone", "start", "before", "after"), CHANGES)
def test_a_series_keeps_the_time_of_its_own_clocks(
    zone: str, start: str, before: str, after: str
) -> None:
    found = occurrences(
        event(f"DTSTART;TZID={zone}:{start}", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=10"),
        FIRST, LAST,
    )  # fmt: skip
    local = datetime.strptime(start, "%Y%m%dT%H%M%S")  # noqa: DTZ007  # of the zone below
    expected = [
        (local + timedelta(days=day)).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        for day in range(10)
    ]
    assert [one.starts.instant for one in found if one.starts] == expected
    hours = instants(found)
    assert hours[0].endswith(before)
    assert hours[-1].endswith(after)
    for one in found:
        assert one.starts is not None
        assert one.ends is not None
        assert one.ends.instant is not None
        assert one.starts.instant is not None
        assert one.ends.instant - one.starts.instant == timedelta(hours=1)


def test_exceptions_are_moved_left_out_and_added() -> None:
    found = occurrences(
        event(
            "DTSTART;TZID=Europe/Bratislava:20260323T090000",
            "DTEND;TZID=Europe/Bratislava:20260323T100000",
            "RRULE:FREQ=WEEKLY;COUNT=4",
            "EXDATE;TZID=Europe/Bratislava:20260330T090000",
            "RDATE;TZID=Europe/Bratislava:20260401T090000",
            more="BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;TZID=Europe/Bratislava:20260406T090000\n"
            "DTSTART;TZID=Europe/Bratislava:20260407T140000\n"
            "DTEND;TZID=Europe/Bratislava:20260407T143000\nEND:VEVENT",
        ),
        FIRST, LAST,
    )  # fmt: skip
    assert instants(found) == ["03-23 08:00", "04-01 07:00", "04-07 12:00", "04-13 07:00"]
    moved = found[2]
    assert (moved.id, moved.nth) == ("2026-04-06T09:00:00", 1)


def test_a_day_is_a_day_wherever_somebody_is() -> None:
    found = occurrences(
        event("DTSTART;VALUE=DATE:20260228", "RRULE:FREQ=MONTHLY;COUNT=3"), FIRST, LAST
    )
    assert days(found) == ["2026-02-28", "2026-03-28", "2026-04-28"]
    assert [str(one.ends) for one in found] == ["2026-03-01", "2026-03-29", "2026-04-29"]


def test_a_task_comes_back_on_the_day_when_it_is_due() -> None:
    found = occurrences(
        event(
            "DUE;TZID=Europe/Bratislava:20260327T120000", "RRULE:FREQ=WEEKLY;COUNT=2",
            name="VTODO",
        ),
        FIRST, LAST,
    )  # fmt: skip
    due = [one.ends.instant for one in found if one.ends]
    assert [f"{one:%m-%d %H:%M}" for one in due if one] == ["03-27 11:00", "04-03 10:00"]
    assert all(one.starts is None for one in found)


def test_what_happens_once() -> None:
    (one,) = occurrences(event("DTSTART:20260301T090000Z"), FIRST, LAST)
    assert (one.id, one.nth, one.starts) == (None, 0, one.ends)
    (task,) = occurrences(event("SUMMARY:Chairs", name="VTODO"), FIRST, LAST)
    assert (task.starts, task.ends) == (None, None)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("FREQ=SECONDLY", "bad_rule"),
        ("FREQ=MINUTELY;COUNT=100000", "bad_rule"),
        ("FREQ=HOURLY;UNTIL=20270101T000000Z", "bad_rule"),
        ("FREQ=SECONDLY;COUNT=9;BYMONTH=2;BYMONTHDAY=30", "bad_rule"),
        ("FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7,8,9,10,11,12", "too_many_occurrences"),
        ("FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=" +
         ",".join(map(str, range(60))), "too_many_occurrences"),
        ("FREQ=OFTEN", "bad_rule"),
        ("COUNT=3", "bad_rule"),
        ("FREQ=DAILY;COUNT=0", "bad_rule"),
        ("FREQ=DAILY;COUNT=-1", "bad_rule"),
        ("FREQ=DAILY;INTERVAL=0", "bad_rule"),
        ("FREQ=DAILY;INTERVAL=x", "bad_rule"),
        ("FREQ=DAILY;BYMONTH=13", "bad_rule"),
        ("FREQ=DAILY;BYDAY=XX", "bad_rule"),
        ("FREQ=DAILY;NONSENSE", "bad_rule"),
        ("FREQ=DAILY;UNTIL=tomorrow", "bad_date"),
        ("FREQ=DAILY;" + "BYMONTH=1," * 200, "bad_rule"),
    ],
)  # fmt: skip
def test_rules_that_cannot_be_followed(rule: str, code: str) -> None:
    with pytest.raises(HubError) as refused:
        occurrences(event("DTSTART:20250101T090000Z", f"RRULE:{rule}"), FIRST, LAST)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", 0),
        ("FREQ=DAILY;COUNT=5;BYMONTH=2;BYMONTHDAY=30", 0),
        ("FREQ=YEARLY;UNTIL=99991231T000000Z", 1),
        ("FREQ=DAILY;COUNT=1000000", 365),
        ("FREQ=DAILY;INTERVAL=1000000", 0),
        ("FREQ=WEEKLY;UNTIL=20260131T000000Z", 4),
        ("FREQ=SECONDLY;COUNT=5", 0),
        ("", 0),
    ],
)
def test_rules_that_are_bounded(rule: str, count: int) -> None:
    found = occurrences(event("DTSTART:20250101T090000Z", f"RRULE:{rule}"), FIRST, LAST)
    assert len([one for one in found if one.id is not None]) == count


@pytest.mark.parametrize(
    "properties",
    [
        ("DTSTART:99991231T235959Z", "DURATION:P1D"),
        ("DTSTART:20260230T090000Z",),
        ("DTSTART:18000101T090000Z",),
        ("DTSTART:tomorrow",),
        ("DTSTART:20260101T090000Z", "DTEND:20251231T090000Z"),
        ("DTSTART:20260101T090000Z", "DURATION:soon"),
        ("DTSTART:29990101T090000Z", "DURATION:P999999W"),
        ("SUMMARY:No day",),
        ("DTSTART;VALUE=TIME:090000",),
        ("DTSTART:20260101T090000Z", "RRULE:FREQ=DAILY;COUNT=2", "RDATE;VALUE=TIME:090000"),
    ],
)
def test_days_that_are_none(properties: tuple[str, ...]) -> None:
    with pytest.raises(BadRequest) as refused:
        occurrences(event(*properties), FIRST, LAST)
    assert refused.value.code == "bad_date"


@pytest.mark.parametrize(
    ("tzid", "found"),
    [
        ("Europe/Vaduz", "Europe/Vaduz"),
        ("/mozilla.org/20050126_1/Europe/Vaduz", "Europe/Vaduz"),
        ("posix/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Nowhere/Land", None),
        ("Vaduz", None),
        ("", None),
        ("../../etc/passwd", None),
    ],
)
def test_zones_by_their_names(tzid: str, found: str | None) -> None:
    known = reading.known_zone(tzid)
    assert (str(known) if known is not None else None) == found


def test_a_zone_that_the_text_describes_itself() -> None:
    text = (
        "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Ours\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        "TZOFFSETFROM:+0130\nTZOFFSETTO:+0130\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:a\n"
        "DTSTART;TZID=Ours:20260301T090000\nRRULE:FREQ=DAILY;COUNT=2\nEND:VEVENT\nEND:VCALENDAR"
    )
    (block,) = lines.read(text.encode())
    assert instants(occurrences(block, FIRST, LAST)) == ["03-01 07:30", "03-02 07:30"]


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        (["RRULE:FREQ=DAILY"] * 11, "bad_rule"),
        (["RDATE:" + ",".join(["20260101T090000Z"] * 5000)], "too_many_occurrences"),
        (["RRULE:FREQ=DAILY", *["EXDATE:20260101T090000Z"] * 5000], "too_many_occurrences"),
        (
            ["RRULE:FREQ=DAILY", *["END:VEVENT", "BEGIN:VEVENT", "UID:a",
             "RECURRENCE-ID:20260101T090000Z", "DTSTART:20260101T090000Z"] * 2001],
            "too_many_occurrences",
        ),
    ],
)  # fmt: skip
def test_series_of_too_many_parts(properties: list[str], code: str) -> None:
    with pytest.raises(BadRequest) as refused:
        occurrences(event("DTSTART:20260101T090000Z", *properties), FIRST, LAST)
    assert refused.value.code == code


def test_a_zone_that_is_none() -> None:
    with pytest.raises(BadRequest) as refused:
        occurrences(event("DTSTART;TZID=Nowhere/Land:20260301T090000"), FIRST, LAST)
    assert refused.value.code == "unknown_zone"


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;COUNT=5;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30;BYMONTH=2",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
        "FREQ=DAILY;BYSETPOS=2",
        "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=3",
        "FREQ=DAILY;BYMONTHDAY=-31;BYMONTH=4",
        "FREQ=YEARLY;BYWEEKNO=20;BYMONTH=12",
    ],
)
def test_a_rule_that_means_no_day_is_none_and_takes_no_time(rule: str) -> None:
    """``dateutil`` alone is at some of these for a quarter of a minute."""
    block = event("DTSTART;VALUE=DATE:20260101", f"RRULE:{rule}")
    assert [one for one in occurrences(block, FIRST, LAST) if one.nth] == []


@given(
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.dates(date(2020, 1, 1), date(2028, 12, 31)),
    st.integers(1, 5), st.integers(0, 5),
    st.sets(st.sampled_from(["BYMONTH", "BYMONTHDAY", "BYDAY", "BYYEARDAY", "-BYMONTHDAY"])),
)  # fmt: skip
def test_what_has_a_day_is_possible(
    frequency: str, day: date, interval: int, periods: int, parts: set[str]
) -> None:
    """A rule that is made so that it means a day."""
    length = monthrange(day.year, day.month)[1]
    says = {
        "BYMONTH": ("BYMONTH", day.month), "BYMONTHDAY": ("BYMONTHDAY", day.day),
        "-BYMONTHDAY": ("BYMONTHDAY", day.day - length - 1),
        "BYDAY": ("BYDAY", ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[day.weekday()]),
        "BYYEARDAY": ("BYYEARDAY", day.timetuple().tm_yday),
    }  # fmt: skip
    rule = dict(says[part] for part in sorted(parts))
    rule = {"FREQ": frequency, "INTERVAL": str(interval)} | {k: str(v) for k, v in rule.items()}
    back = periods * interval
    match frequency:
        case "DAILY":
            first = day - timedelta(days=back)
        case "WEEKLY":
            first = day - timedelta(weeks=back)
        case "MONTHLY":
            month = day.year * 12 + day.month - 1 - back
            last = monthrange(month // 12, month % 12 + 1)[1]
            first = date(month // 12, month % 12 + 1, min(day.day, last))
        case _:
            first = date(day.year - back, day.month, min(day.day, 28))
    assume(first.day == day.day or frequency in ("DAILY", "WEEKLY"))
    assert is_possible(rule, first, day)
