"""When a task or meeting is, worked out for the years that are kept. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from hub.agenda import reading, series
from hub.agenda.lines import Block
from hub.agenda.reading import Moment
from hub.mail.agenda.facts import answer_of, state_of, told
from hub.storage.occurrences import Expansion, OccurrenceRow, expansion
from hub.wire.agenda import Answer, OccurrenceSays

BACK: Final = timedelta(days=366)
AHEAD: Final = timedelta(days=3 * 366)
"""What is looked at once is beyond that has its place; of a series nothing is shown there."""


def expand(
    calendar: Block, now: datetime, members: Mapping[str, str] | None = None
) -> Expansion:  # fmt: skip
    """Args:
        members: uids of the people of the thread by their addresses.

    Raises:
        BadRequest: ``bad_rule``, ``too_many_occurrences``, and what ``hub.agenda.reading`` finds.
    """
    through = now + AHEAD
    master, others = reading.parts_of(calendar)
    blocks = [master, *others]
    rows = []
    for one in series.occurrences(calendar, now - BACK, through):
        first, last = one.starts or one.ends, one.ends or one.starts
        if first is None or last is None:
            continue  # a task of no day
        block = blocks[one.nth]
        kind = reading.COMPONENTS[block.name]
        says = OccurrenceSays(
            state=state_of(kind, _value(block, "STATUS").upper()), starts=told(one.starts),
            ends=told(one.ends), is_free=_value(block, "TRANSP").upper() == "TRANSPARENT",
        )  # fmt: skip
        if one.nth > 0:
            says.title = _value(block, "SUMMARY", text=True)[:500]
            says.place = _value(block, "LOCATION", text=True)[:500]
            says.answers = _answers(block, members or {})
        rows.append(
            OccurrenceRow(one.id, _at(first), _at(last), _floats(first) or _floats(last), says)
        )
    goes_on = bool(others) or any(master.lines(name) for name in ("RRULE", "RDATE"))
    return expansion(rows, through if goes_on else None)


def over_at(calendar: Block, found: Expansion, now: datetime) -> datetime | None:
    """After the last moment of a meeting; null: there is no last one that is known."""
    rule = _value(reading.parts_of(calendar)[0], "RRULE").upper()
    if rule and "UNTIL=" not in rule and "COUNT=" not in rule:
        return None
    last = max((one.last for one in found.rows), default=None)
    return None if last is not None and last > now + AHEAD - BACK else last


def _answers(block: Block, members: Mapping[str, str]) -> dict[str, Answer] | None:
    """To a moment that says something itself."""
    found: dict[str, Answer] = {}
    for one in map(reading.participant, block.lines("ATTENDEE")):
        uid = members.get(one.address) or one.uid
        if uid is not None and uid in members.values():
            found[uid] = answer_of(one.answer)
    return found or None


def digest(ical: str) -> str:
    """By which it is known of what text occurrences were worked out; PostgreSQL's ``md5``."""
    return hashlib.md5(ical.encode(), usedforsecurity=False).hexdigest()


def _at(moment: Moment) -> datetime:
    return moment.instant or moment.local.replace(tzinfo=UTC)


def _floats(moment: Moment) -> bool:
    return moment.instant is None


def _value(block: Block, name: str, *, text: bool = False) -> str:
    line = block.first(name)
    if line is None:
        return ""
    return line.text.replace("\x00", "") if text else line.value.strip()
