"""What a program asks for is what it gets: components, properties, texts, parameters and times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.agenda import lines, own, reading
from hub.agenda.lines import Block
from hub.calendars import data, filters, places, xml
from hub.errors import HubError
from hub.storage.calendars import Item

SPACES = 'xmlns="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"'


def calendar(kind: str, *more: str, zones: str = "") -> Block:
    text = "\n".join(
        ["BEGIN:VCALENDAR", zones, f"BEGIN:{kind}", "UID:a", *more, f"END:{kind}", "END:VCALENDAR"]
    )
    return lines.read(text.encode())[0]


TASK = calendar(
    "VTODO", "SUMMARY:Send the Offer\\, soon", "CATEGORIES:North", "STATUS:NEEDS-ACTION",
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@north.example",
    "ATTENDEE;PARTSTAT=DECLINED:mailto:ivan@south.example",
)  # fmt: skip


def asked(kind: str, inside: str) -> Any:
    return xml.read(
        f'<filter {SPACES}><comp-filter name="VCALENDAR"><comp-filter name="{kind}">{inside}'
        "</comp-filter></comp-filter></filter>".encode()
    )


@pytest.mark.parametrize(
    ("inside", "matches"),
    [
        ("", True),
        ('<prop-filter name="SUMMARY"/>', True),
        ('<prop-filter name="DUE"/>', False),
        ('<prop-filter name="due"><is-not-defined/></prop-filter>', True),
        ('<prop-filter name="STATUS"><is-not-defined/></prop-filter>', False),
        ('<prop-filter name="SUMMARY"><text-match>offer, SOON</text-match></prop-filter>', True),
        ('<prop-filter name="SUMMARY"><text-match collation="i;octet">offer</text-match>'
         "</prop-filter>", False),
        ('<prop-filter name="STATUS"><text-match negate-condition="yes">COMPLETED</text-match>'
         "</prop-filter>", True),
        ('<prop-filter name="STATUS"><text-match negate-condition="yes">NEEDS-ACTION</text-match>'
         "</prop-filter>", False),
        # Of one and the same attendee.
        ('<prop-filter name="ATTENDEE"><text-match>ivan@</text-match><param-filter name="PARTSTAT">'
         "<text-match>DECLINED</text-match></param-filter></prop-filter>", True),
        ('<prop-filter name="ATTENDEE"><text-match>ada@</text-match><param-filter name="PARTSTAT">'
         "<text-match>DECLINED</text-match></param-filter></prop-filter>", False),
        ('<prop-filter name="ATTENDEE"><param-filter name="CN"><is-not-defined/></param-filter>'
         "</prop-filter>", True),
        ('<comp-filter name="VALARM"/>', False),
        ('<comp-filter name="VALARM"><is-not-defined/></comp-filter>', True),
        ('<prop-filter name="SUMMARY"/><prop-filter name="DUE"/>', False),
    ],
)  # fmt: skip
def test_properties(inside: str, matches: bool) -> None:
    assert filters.read(asked("VTODO", inside)).matches(TASK) is matches


def test_another_kind() -> None:
    assert not filters.read(asked("VEVENT", "")).matches(TASK)
    assert filters.read(asked("VEVENT", "<is-not-defined/>")).matches(TASK)


# RFC 4791, section 9.9: the whole of a day, 1 December, and what touches it.
EVENTS = [
    (("DTSTART:20261130T230000Z", "DTEND:20261201T000000Z"), False),
    (("DTSTART:20261130T230000Z", "DTEND:20261201T000001Z"), True),
    (("DTSTART:20261201T235959Z", "DURATION:PT1H"), True),
    (("DTSTART:20261202T000000Z", "DURATION:PT1H"), False),
    (("DTSTART:20261201T000000Z",), True),
    (("DTSTART;VALUE=DATE:20261201",), True),
    (("DTSTART;VALUE=DATE:20261130",), False),
    (("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261203"), True),
    (("DTSTART;TZID=America/New_York:20261201T200000", "DURATION:PT1H"), False),
    (("DTSTART;TZID=America/New_York:20261130T200000", "DURATION:PT1H"), True),
    (("DTSTART:20200101T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY"), True),
    (("DTSTART:20200101T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20261130T100000Z"),
     False),
    (("DTSTART:20200107T100000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", "EXDATE:20261201T100000Z"),
     False),
]  # fmt: skip
TODOS = [
    ((), True),
    (("DUE:20261201T000000Z",), True),
    (("DUE:20261130T235959Z",), False),
    (("DTSTART:20261130T000000Z", "DUE:20261201T000000Z"), True),
    (("DTSTART:20261130T000000Z", "DUE:20261203T000000Z"), True),
    (("DTSTART:20261202T000000Z",), False),
    (("COMPLETED:20261201T100000Z",), True),
    (("COMPLETED:20261205T100000Z", "CREATED:20261202T000000Z"), False),
    (("CREATED:20261101T000000Z",), True),
    (("CREATED:20261202T000000Z",), False),
]
RANGE = '<time-range start="20261201T000000Z" end="20261202T000000Z"/>'


@pytest.mark.parametrize(("more", "matches"), EVENTS)
def test_times_of_meetings(more: tuple[str, ...], matches: bool) -> None:
    assert filters.read(asked("VEVENT", RANGE)).matches(calendar("VEVENT", *more)) is matches


@pytest.mark.parametrize(("more", "matches"), TODOS)
def test_times_of_tasks(more: tuple[str, ...], matches: bool) -> None:
    assert filters.read(asked("VTODO", RANGE)).matches(calendar("VTODO", *more)) is matches


def test_days_are_those_of_whoever_asks() -> None:
    wanted = filters.read(asked("VEVENT", RANGE))
    day = calendar("VEVENT", "DTSTART;VALUE=DATE:20261202")
    root = f"<q {SPACES}><timezone-id>{{}}</timezone-id></q>"
    for zone, matches in (("UTC", False), ("Asia/Tokyo", True), ("America/New_York", False)):
        found = filters.zone_of(xml.read(root.format(zone).encode()))
        assert wanted.matches(day, found) is matches, zone
    own_zone = (
        "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Here\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        "TZOFFSETFROM:+0900\nTZOFFSETTO:+0900\nEND:STANDARD\nEND:VTIMEZONE\nEND:VCALENDAR"
    )
    found = filters.zone_of(xml.read(f"<q {SPACES}><timezone>{own_zone}</timezone></q>".encode()))
    assert wanted.matches(day, found)


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ('<time-range start="20261202T000000Z" end="20261201T000000Z"/>', "bad_filter"),
        ('<time-range start="tomorrow"/>', "bad_filter"),
        ("<time-range/>", "bad_filter"),
        ("<prop-filter/>", "bad_filter"),
        ('<comp-filter name="VALARM"><time-range start="20261202T000000Z"/></comp-filter>',
         "unsupported_filter"),
        ('<prop-filter name="SUMMARY"><text-match collation="i;klingon">x</text-match>'
         "</prop-filter>", "unsupported_collation"),
        ('<comp-filter name="A">' * 12 + "</comp-filter>" * 12, "bad_filter"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for(inside: str, code: str) -> None:
    with pytest.raises(HubError) as refused:
        filters.read(asked("VTODO", inside))
    assert refused.value.code == code


# --- what is told of them -------------------------------------------------------------------------

SERIES = lines.write(
    calendar(
        "VEVENT", "SUMMARY:Team", "DTSTART;TZID=Europe/Prague:20261123T090000", "DURATION:PT1H",
        "RRULE:FREQ=WEEKLY;COUNT=4", "X-ROOM:2\nEND:VEVENT\nBEGIN:VEVENT\nUID:a",
        "RECURRENCE-ID;TZID=Europe/Prague:20261130T090000", "SUMMARY:Team\\, later",
        "DTSTART;TZID=Europe/Prague:20261130T150000", "DURATION:PT1H",
    )
).decode()  # fmt: skip


def told(text: str, inside: str = "", alarms: str | None = None) -> str:
    wanted = data.read(xml.read(f"<calendar-data {SPACES}>{inside}</calendar-data>".encode()))
    item = Item("e", "e.ics", 1, 0, 1, datetime(2026, 11, 28, tzinfo=UTC), "r", text, alarms)
    return data.text_of(item, wanted)


def test_a_series_moment_by_moment() -> None:
    text = told(SERIES, '<expand start="20261124T000000Z" end="20261208T000000Z"/>')
    (found,) = lines.read(text.encode())
    assert [
        [str(one.first(name)) for name in ("RECURRENCE-ID", "DTSTART", "SUMMARY")]
        for one in found.blocks()
    ] == [
        ["RECURRENCE-ID:20261130T080000Z", "DTSTART:20261130T140000Z", "SUMMARY:Team\\, later"],
        ["RECURRENCE-ID:20261207T080000Z", "DTSTART:20261207T080000Z", "SUMMARY:Team"],
    ]
    assert "RRULE" not in text
    assert "TZID" not in text


def test_exceptions_of_a_while() -> None:
    near = told(SERIES, '<limit-recurrence-set start="20261130T000000Z" end="20261201T000000Z"/>')
    far = told(SERIES, '<limit-recurrence-set start="20261207T000000Z" end="20261208T000000Z"/>')
    assert (near.count("BEGIN:VEVENT"), far.count("BEGIN:VEVENT")) == (2, 1)


def test_some_properties() -> None:
    text = told(
        SERIES,
        '<comp name="VCALENDAR"><prop name="VERSION"/><comp name="VEVENT"><prop name="UID"/>'
        '<prop name="summary"/></comp></comp>',
    )
    assert "RRULE" not in text
    assert text.count("SUMMARY:Team") == 2


def test_too_long_a_while() -> None:
    with pytest.raises(HubError) as refused:
        told(SERIES, '<expand start="20261124T000000Z" end="20361208T000000Z"/>')
    assert refused.value.code == "span_too_long"


def test_own_parts_go_and_come_back() -> None:
    alarm = "BEGIN:VALARM\r\nTRIGGER:-PT{}M\r\nX-A:b\r\nEND:VALARM\r\n"
    text = SERIES.replace(
        "\r\nEND:VEVENT", "\r\n" + alarm.format(1) + alarm.format(2) + "END:VEVENT", 1
    )
    text = text.replace("UID:a\r\n", "UID:a\r\nX-MOZ-LASTACK:20261127T090000Z\r\n", 1)
    (found,) = lines.read(text.encode())
    kept = own.take(found)
    assert lines.write(found).decode() == SERIES
    back = told(SERIES, alarms=kept)
    assert sorted(back.splitlines()) == sorted(text.splitlines())
    # Said of the series, not of its exception.
    (found,) = lines.read(back.encode())
    _, (moment,) = reading.parts_of(found)
    assert not moment.blocks("VALARM")
    # A moment that has become one by itself since then rings as the whole does.
    (later,) = lines.read(SERIES.replace("20261130T09", "20261207T09").encode())
    own.give(later, kept)
    assert [len(one.blocks("VALARM")) for one in later.blocks()] == [2, 2]


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/dav", "root"), ("/dav/", "root"), ("/dav/principals/u_1", "principal"),
        ("/dav/calendars/u_1/", "home"), ("/dav/calendars/u_1/tasks", "collection"),
        ("/dav/calendars/u_1/tasks/", "collection"), ("/dav/calendars/u_1/meetings/a/b", "item"),
        ("/dav/calendars/u_2/", None), ("/dav/calendars/u_1/notes/", None),
        ("/dav/calendars/u_1/tasks/a\nb", None), ("/david/", None), ("/dav/x", None),
    ],
)  # fmt: skip
def test_places(path: str, what: str | None) -> None:
    found = places.find(path, "u_1")
    assert (None if found is None else found.what) == what
