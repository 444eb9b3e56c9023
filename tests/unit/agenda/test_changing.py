"""Tasks and meetings made and changed: what was there stays, and what is written reads back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.agenda import changing, lines, reading
from hub.agenda.changing import parse
from hub.agenda.lines import Block
from hub.agenda.series import occurrences
from hub.errors import HubError

NOW = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)
FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
SERIES = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-MINE:1\r\nBEGIN:VTODO\r\nUID:a\r\nSUMMARY:Plants\r\n"
    "DTSTART;TZID=Europe/Bratislava:20261127T090000\r\n"
    "DUE;TZID=Europe/Bratislava:20261127T093000\r\n"
    "RRULE:FREQ=WEEKLY;COUNT=3\r\nX-KEPT;P=q:yes\r\nBEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n"
    "END:VTODO\r\nEND:VCALENDAR\r\n"
)  # fmt: skip


def series() -> Block:
    (block,) = lines.read(SERIES.encode())
    return block


def again(calendar: Block) -> Block:
    """As it is read back from what is written."""
    (block,) = lines.read(lines.write(calendar))
    return block


def test_a_new_task() -> None:
    calendar = changing.new("task", "t-1", NOW)
    task = reading.parts_of(calendar)[0]
    changing.set_text(task, "SUMMARY", "Chairs, and; tables")
    changing.set_span(calendar, task, None, parse("2026-12-01T09:30", "Europe/Bratislava"))
    changing.set_people(
        task, ("ada@north.example", "Ada"), [("u_1", "Grace@North.example", "Grace: G")]
    )
    facts = reading.facts(again(calendar))
    assert (facts.kind, facts.uid, facts.title) == ("task", "t-1", "Chairs, and; tables")
    assert facts.ends is not None
    assert facts.ends.instant == datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
    (person,) = facts.people
    assert (person.uid, person.address, person.name) == ("u_1", "grace@north.example", "Grace: G")
    assert facts.organizer is not None
    assert facts.organizer.address == "ada@north.example"
    (zone,) = calendar.blocks("VTIMEZONE")
    assert zone.blocks("DAYLIGHT")


def test_one_moment_of_a_series_is_done_and_undone() -> None:
    calendar = series()
    before = lines.unfolded(lines.write(calendar))
    changing.set_done(calendar, NOW, "2026-12-04T09:00:00", done=True)
    found = occurrences(again(calendar), FIRST, LAST)
    assert [(one.id, one.nth) for one in found] == [
        ("2026-11-27T09:00:00", 0), ("2026-12-04T09:00:00", 1), ("2026-12-11T09:00:00", 0),
    ]  # fmt: skip
    exception = reading.parts_of(calendar)[1][0]
    assert exception.first("STATUS") == lines.Line("STATUS", "COMPLETED")
    assert exception.first("X-KEPT") is not None
    assert [one.name for one in exception.blocks()] == ["VALARM"]
    assert lines.unfolded(lines.write(calendar))[: len(before) - 1] == before[:-1]
    changing.set_done(calendar, NOW, "2026-12-04T09:00:00", done=False)
    assert exception.first("COMPLETED") is None
    assert len(reading.parts_of(calendar)[1]) == 1


def test_one_moment_is_moved_and_another_left_out() -> None:
    calendar = series()
    moved = changing.moment_of(calendar, "2026-12-04T09:00:00")
    changing.set_span(
        calendar, moved, parse("2026-12-05T10:00:00", "America/New_York"),
        parse("2026-12-05T11:00:00", "America/New_York"),
    )  # fmt: skip
    changing.leave_out(calendar, "2026-12-11T09:00:00")
    found = occurrences(again(calendar), FIRST, LAST)
    assert [(one.id, str(one.starts)) for one in found] == [
        ("2026-11-27T09:00:00", "2026-11-27T09:00:00"),
        ("2026-12-04T09:00:00", "2026-12-05T10:00:00"),
    ]


def test_who_stays_keeps_their_answer() -> None:
    calendar = changing.new("event", "e-1", NOW)
    meeting = reading.parts_of(calendar)[0]
    changing.set_span(calendar, meeting, parse("2026-12-01", None), None)
    both = [("u_1", "grace@north.example", "Grace"), ("u_2", "ivan@north.example", "Ivan")]
    changing.set_people(meeting, ("ada@north.example", "Ada"), both)
    changing.set_answer(calendar, "u_1", "ACCEPTED", None)
    changing.set_people(meeting, ("eve@north.example", "Eve"), both[:1])
    facts = reading.facts(again(calendar))
    assert [(one.uid, one.answer) for one in facts.people] == [("u_1", "ACCEPTED")]
    assert facts.organizer is not None
    assert facts.organizer.address == "ada@north.example"
    with pytest.raises(HubError) as refused:
        changing.set_answer(calendar, "u_2", "DECLINED", None)
    assert refused.value.code == "not_invited"


def test_an_answer_to_one_day_of_a_series() -> None:
    calendar = series()
    task = reading.parts_of(calendar)[0]
    changing.set_people(task, ("ada@n.example", "Ada"), [("u_1", "g@n.example", "G")])
    changing.set_answer(calendar, "g@n.example", "DECLINED", "2026-12-04T09:00:00")
    master, (one,) = reading.parts_of(calendar)
    assert [reading.participant(line).answer for line in master.lines("ATTENDEE")] == [
        "NEEDS-ACTION"
    ]
    assert [reading.participant(line).answer for line in one.lines("ATTENDEE")] == ["DECLINED"]


@pytest.mark.parametrize("occurrence", ["2026-12-04", "never", "", "2026-12-04T09:00:00Z"])
def test_a_moment_that_the_series_cannot_have(occurrence: str) -> None:
    with pytest.raises(HubError) as refused:
        changing.moment_of(series(), occurrence)
    assert refused.value.code == "occurrence_not_found"


@pytest.mark.parametrize(
    ("local", "zone", "code"),
    [
        ("2026-13-01", None, "bad_date"), ("tomorrow", None, "bad_date"),
        ("2026-12-01T09:00", None, "unknown_zone"),
        ("2026-12-01T09:00", "Mars/Base", "unknown_zone"),
        ("2026-12-01T25:00", "UTC", "bad_date"), ("9999-12-31", None, "bad_date"),
    ],
)  # fmt: skip
def test_moments_that_are_none(local: str, zone: str | None, code: str) -> None:
    with pytest.raises(HubError) as refused:
        parse(local, zone)
    assert refused.value.code == code


def test_what_was_changed_says_so() -> None:
    calendar = series()
    task = reading.parts_of(calendar)[0]
    changing.touch(task, NOW, anew=True)
    changing.touch(task, NOW, anew=True)
    assert reading.facts(calendar).sequence == 2
    assert task.first("LAST-MODIFIED") == lines.Line("LAST-MODIFIED", "20261127T200000Z")


def calendar_of(*more: str, kind: str = "VEVENT") -> Block:
    """A calendar with a component of these lines, and others after an empty one."""
    text = "\r\n".join(more).replace("\r\n\r\n", f"\r\nEND:{kind}\r\nBEGIN:{kind}\r\nUID:a\r\n")
    whole = f"BEGIN:VCALENDAR\r\nBEGIN:{kind}\r\nUID:a\r\n{text}\r\nEND:{kind}\r\nEND:VCALENDAR\r\n"
    (block,) = lines.read(whole.encode())
    return block


def shown(calendar: Block, count: int = 9) -> list[str]:
    """When a series is, as it is read back."""
    found = occurrences(again(calendar), FIRST, LAST)
    return [str(one.starts or one.ends)[5:16] for one in found][:count]


def move(calendar: Block, local: str, zone: str | None = "Europe/Berlin") -> None:
    master = reading.parts_of(calendar)[0]
    starts, ends = reading.span(master, reading.zones_of(calendar))
    assert starts is not None
    assert ends is not None
    after = parse(local, zone)
    lasting = changing.length(starts, ends)
    changing.set_span(calendar, master, after, reading.later(after, lasting))
    changing.shift_series(calendar, starts, after)


BERLIN = ("DTSTART;TZID=Europe/Berlin:20261123T090000", "DTEND;TZID=Europe/Berlin:20261123T093000")


def test_exceptions_in_another_zone_are_those_of_the_series() -> None:
    """As many programs write them: in UTC."""
    calendar = calendar_of(
        *BERLIN, "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE:20261130T080000Z", "",
        "RECURRENCE-ID:20261207T080000Z", "DTSTART:20261207T100000Z", "DTEND:20261207T103000Z",
    )  # fmt: skip
    assert shown(calendar) == ["11-23T09:00", "12-07T10:00", "12-14T09:00"]
    block = changing.moment_of(calendar, "2026-12-07T09:00:00")
    changing.set_text(block, "SUMMARY", "Other")
    assert len(reading.parts_of(calendar)[1]) == 1
    move(calendar, "2026-11-23T10:00:00")
    assert shown(calendar) == ["11-23T10:00", "12-07T10:00", "12-14T10:00"]


def test_a_series_on_a_day_of_the_week_moves_to_another() -> None:
    calendar = calendar_of(
        *BERLIN, "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261214T080000Z",
        "EXDATE;TZID=Europe/Berlin:20261130T090000", "",
        "RECURRENCE-ID;TZID=Europe/Berlin:20261207T090000",
        "DTSTART;TZID=Europe/Berlin:20261207T090000", "DTEND;TZID=Europe/Berlin:20261207T093000",
        "SUMMARY:Renamed",
    )  # fmt: skip
    assert shown(calendar) == ["11-23T09:00", "12-07T09:00", "12-14T09:00"]
    move(calendar, "2026-11-24T10:00:00")
    assert shown(calendar) == ["11-24T10:00", "12-08T10:00", "12-15T10:00"]


@pytest.mark.parametrize("rule", ["FREQ=MONTHLY;BYDAY=1MO", "FREQ=MONTHLY;BYMONTHDAY=23"])
def test_a_rule_that_says_on_which_days_keeps_them(rule: str) -> None:
    calendar = calendar_of(*BERLIN, f"RRULE:{rule}")
    with pytest.raises(HubError) as refused:
        move(calendar, "2026-11-24T09:00:00")
    assert refused.value.code == "rule_fixes_days"
    move(calendar_of(*BERLIN, f"RRULE:{rule}"), "2026-11-23T11:00:00")


def test_another_rule_keeps_what_it_still_has_and_what_was_done() -> None:
    calendar = calendar_of(
        "DUE;VALUE=DATE:20261123", "RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20261130", "",
        "RECURRENCE-ID;VALUE=DATE:20261124", "DUE;VALUE=DATE:20261124", "STATUS:COMPLETED", "",
        "RECURRENCE-ID;VALUE=DATE:20261125", "DUE;VALUE=DATE:20261126", "",
        "RECURRENCE-ID;VALUE=DATE:20261207", "DUE;VALUE=DATE:20261208", kind="VTODO",
    )  # fmt: skip
    changing.set_rule(reading.parts_of(calendar)[0], "FREQ=WEEKLY")
    changing.keep_exceptions(calendar)
    kept = [one.first("RECURRENCE-ID") for one in reading.parts_of(calendar)[1]]
    assert [line.value for line in kept if line is not None] == ["20261124", "20261207"]


def test_a_last_day_is_one_on_the_clocks_of_the_series() -> None:
    calendar = calendar_of(
        "DTSTART;TZID=America/New_York:20261123T210000",
        "DTEND;TZID=America/New_York:20261123T220000",
    )
    changing.set_rule(reading.parts_of(calendar)[0], " FREQ=DAILY;UNTIL=20261125 ")
    assert "UNTIL=20261126T045959Z" in lines.write(calendar).decode()
    assert shown(calendar) == ["11-23T21:00", "11-24T21:00", "11-25T21:00"]


@pytest.mark.parametrize("rule", [" ", "FREQ=DAILY\n;COUNT=3", "FREQ=DAILY\rEND:VEVENT"])
def test_a_rule_is_one_line(rule: str) -> None:
    with pytest.raises(HubError) as refused:
        changing.set_rule(calendar_of(*BERLIN), rule)
    assert refused.value.code == "bad_rule"


@pytest.mark.parametrize(
    "occurrence",
    [
        "2026-11-25T03:33:00",
        "2026-11-30T09:00",
        "2026-11-30 09:00:00",
        "20261130T090000",
        "2999-01-01",
    ],
)
def test_only_a_moment_of_the_series_is_one(occurrence: str) -> None:
    calendar = calendar_of(*BERLIN, "RRULE:FREQ=WEEKLY")
    with pytest.raises(HubError) as refused:
        changing.moment_of(calendar, occurrence)
    assert refused.value.code == "occurrence_not_found"
    assert len(calendar.parts) == 1


def test_a_flight_lasts_as_long_on_another_day() -> None:
    calendar = calendar_of(
        "DTSTART;TZID=Europe/Berlin:20261123T100000", "DTEND;TZID=America/New_York:20261123T130000",
        "RRULE:FREQ=WEEKLY",
    )  # fmt: skip
    block = changing.moment_of(calendar, "2026-11-30T10:00:00")
    starts, ends = reading.span(block, reading.zones_of(calendar))
    assert starts is not None
    assert ends is not None
    assert (str(ends), ends.tzid) == ("2026-11-30T13:00:00", "America/New_York")


@pytest.mark.parametrize("length", ["-P500000D", "-PT1S", "P400000D"])
def test_a_length_that_cannot_be(length: str) -> None:
    calendar = calendar_of("DTSTART;VALUE=DATE:20261123", f"DURATION:{length}", kind="VTODO")
    with pytest.raises(HubError) as refused:
        reading.facts(calendar)
    assert refused.value.code == "bad_date"


def test_who_was_asked_later_answers_a_moment_that_was_there() -> None:
    calendar = calendar_of(
        *BERLIN, "RRULE:FREQ=WEEKLY", "ATTENDEE:mailto:ada@x.org", "",
        "RECURRENCE-ID;TZID=Europe/Berlin:20261130T090000",
        "DTSTART;TZID=Europe/Berlin:20261130T110000", "ATTENDEE:mailto:ada@x.org",
    )  # fmt: skip
    master = reading.parts_of(calendar)[0]
    people = [("", "ada@x.org", "Ada"), ("u_2", "grace@x.org", "Grace")]
    changing.set_people(master, ("ada@x.org", "Ada"), people)
    changing.set_answer(calendar, {"u_2"}, "ACCEPTED", "2026-11-30T09:00:00")
    (moment,) = reading.parts_of(calendar)[1]
    answers = {
        one.address: one.answer for one in map(reading.participant, moment.lines("ATTENDEE"))
    }
    assert answers == {"ada@x.org": "NEEDS-ACTION", "grace@x.org": "ACCEPTED"}
