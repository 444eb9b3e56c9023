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
