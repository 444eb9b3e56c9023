"""What a program says of all of a task or meeting, and what stays whatever it says."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.agenda import lines, reading
from hub.agenda.lines import Block
from hub.mail.agenda.facts import Beside, facts_of
from hub.mail.agenda.replacing import Who, replaced, whole

NOW = datetime(2026, 11, 28, tzinfo=UTC)
PEOPLE = {"ada@n": "u_ada", "grace@n": "u_grace", "ivan@n": "u_ivan"}
ADA = Who("u_ada", {"u_ada", "ada@n"}, PEOPLE)


def calendar(kind: str, *components: str) -> Block:
    text = "".join(f"BEGIN:{kind}\nUID:a\n{one}\nEND:{kind}\n" for one in components)
    return lines.read(f"BEGIN:VCALENDAR\n{text}END:VCALENDAR\n".encode())[0]


def answers(one: Block) -> dict[str, str]:
    found = facts_of(one, Beside(PEOPLE))
    return {person.uid or person.address: person.answer for person in found.people}


SERIES = (
    "SUMMARY:Team\nDTSTART:20261201T090000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY",
    "RECURRENCE-ID:20261208T090000Z\nSUMMARY:Team\nDTSTART:20261208T100000Z\nDURATION:PT1H",
)
MOVED = "RECURRENCE-ID:20261215T090000Z\nSUMMARY:Later\nDTSTART:20261215T120000Z\nDURATION:PT1H"


def test_an_update_of_one_moment_leaves_the_series() -> None:
    before = calendar("VEVENT", *SERIES)
    after = whole(before, calendar("VEVENT", MOVED))
    found = replaced(before, after, ADA, NOW)
    assert (found.did, found.occurrence) == ("moved", "2026-12-15T09:00:00")
    assert len(after.blocks("VEVENT")) == 3
    assert reading.facts(after).rule == "FREQ=WEEKLY"
    # The same moment again takes the place of what was said of it.
    again = whole(after, calendar("VEVENT", MOVED.replace("T12", "T13")))
    assert [str(one.first("DTSTART")) for one in again.blocks("VEVENT")] == [
        "DTSTART:20261201T090000Z", "DTSTART:20261208T100000Z", "DTSTART:20261215T130000Z",
    ]  # fmt: skip


def test_what_is_done_stays_done_with_programs_that_know_no_moments() -> None:
    rule = "DTSTART:20261201T090000Z\nRRULE:FREQ=DAILY"
    done = "RECURRENCE-ID:20261201T090000Z\nSTATUS:COMPLETED\nDTSTART:20261201T090000Z"
    after = calendar("VTODO", f"SUMMARY:New\n{rule}")
    assert replaced(calendar("VTODO", f"SUMMARY:Old\n{rule}", done), after, ADA, NOW).did
    current = facts_of(after, Beside()).current
    assert current is not None
    assert current.id == "2026-12-02T09:00:00"


BASE = "DTSTART:20261201T090000Z\nORGANIZER:mailto:ada@n"


def test_nobody_answers_under_the_name_of_another() -> None:
    asked = f"{BASE}\nATTENDEE;X-HUB-UID=u_grace:mailto:grace@n"
    for forged in (
        "ATTENDEE;X-HUB-UID=u_grace;PARTSTAT=ACCEPTED:mailto:x@y",
        "ATTENDEE;X-HUB-UID=u_ada;PARTSTAT=ACCEPTED:mailto:grace@n",
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:GRACE@n",
        "ATTENDEE;X-HUB-UID=u_grace;PARTSTAT=ACCEPTED:mailto:ivan@n",
    ):
        before = calendar("VEVENT", f"{asked}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:x@y")
        after = calendar("VEVENT", f"{BASE}\nSUMMARY:New\n{forged}")
        replaced(before, after, ADA, NOW)
        found = answers(after)
        assert found.get("u_grace", "none") == "none", forged
        assert found.get("u_ivan", "none") == "none", forged
        assert "u_ada" not in found, forged


def test_the_last_who_is_asked_can_be_taken_off_by_who_asks() -> None:
    before = calendar("VEVENT", f"{BASE}\nATTENDEE:mailto:grace@n")
    after = calendar("VEVENT", "DTSTART:20261201T090000Z")
    assert replaced(before.copy(), after, ADA, NOW).did == "changed"
    assert answers(after) == {}
    # Somebody else's program only forgets.
    grace = Who("u_grace", {"u_grace", "grace@n"}, PEOPLE)
    after = calendar("VEVENT", "DTSTART:20261201T090000Z\nSUMMARY:New")
    replaced(before, after, grace, NOW)
    assert list(answers(after)) == ["u_grace"]


def test_what_takes_place_after_all_on_another_day_asks_again() -> None:
    people = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:grace@n"
    before = calendar("VEVENT", f"{BASE}\nSTATUS:CANCELLED\n{people}")
    after = calendar("VEVENT", f"{BASE.replace('01T09', '03T09')}\nSTATUS:CONFIRMED\n{people}")
    assert replaced(before, after, ADA, NOW).did == "restored"
    assert answers(after) == {"u_grace": "none"}
