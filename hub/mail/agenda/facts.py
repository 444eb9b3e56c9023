"""What a calendar says, as clients are told of it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hub.agenda import reading, series
from hub.agenda.changing import BLOCKED
from hub.agenda.lines import Block
from hub.agenda.reading import Facts, Moment, Participant
from hub.wire import agenda as wire
from hub.wire.agenda import MAX_PEOPLE

MAX_NOTES: Final = 20_000
"""Characters that are told; the text has all of them."""
_ANSWERS: Final[dict[str, wire.Answer]] = {
    "ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative",
}  # fmt: skip
_STATES: Final[dict[str, dict[str, wire.EntryState]]] = {
    "task": {"COMPLETED": "done", "IN-PROCESS": "in_process", "CANCELLED": "cancelled"},
    "event": {"TENTATIVE": "tentative", "CANCELLED": "cancelled"},
}
_STATUS: Final[dict[wire.EntryState, str]] = {
    "open": "NEEDS-ACTION", "in_process": "IN-PROCESS", "done": "COMPLETED",
    "cancelled": "CANCELLED", "confirmed": "CONFIRMED", "tentative": "TENTATIVE",
}  # fmt: skip
# How far ahead the next moment of a series is looked for.
_AHEAD: Final = (timedelta(days=45), timedelta(days=400), timedelta(days=4400))


@dataclass(frozen=True, slots=True)
class Beside:
    """What the hub knows of a task or meeting that no calendar tells.

    Attributes:
        members: uids of the people of the thread by their addresses.
    """

    members: Mapping[str, str] = field(default_factory=dict)
    source: wire.EntrySource | None = None
    proposals: list[wire.Proposal] = field(default_factory=list)
    done_by: str | None = None
    done_at: int | None = None

    @property
    def uids(self) -> Collection[str]:
        return self.members.values()


def facts_of(calendar: Block, beside: Beside) -> wire.EntryFacts:
    """Raises:
    BadRequest: ``bad_calendar``, ``bad_date``, ``bad_rule``, ``unknown_zone``.
    """
    found = reading.facts(calendar)
    master, others = reading.parts_of(calendar)
    is_series = found.rule is not None or bool(master.lines("RDATE")) or bool(others)
    facts = wire.EntryFacts(
        kind="task" if found.kind == "task" else "event",
        title=found.title or ("Task" if found.kind == "task" else "Meeting"),
        state=state_of(found.kind, found.status),
        notes=found.notes[:MAX_NOTES],
        place=found.place[:500],
        starts=told(found.starts),
        ends=told(found.ends),
        rule=found.rule,
        series=is_series,
        organizer=None if found.organizer is None else _invited(found.organizer, beside),
        people=[_invited(one, beside) for one in found.people[:MAX_PEOPLE]],
        source=beside.source,
        proposals=beside.proposals,
    )
    blocked = master.first(BLOCKED)
    if blocked is not None:
        facts.blocked = blocked.text[:500]
    if facts.kind == "task":
        if is_series:
            if facts.state in ("open", "in_process"):
                _find_current(facts, calendar, found)
        elif facts.state == "done":
            facts.done_by, facts.done_at = beside.done_by, beside.done_at
    return facts


def told(moment: Moment | None) -> wire.When | None:
    if moment is None:
        return None
    instant = moment.instant
    at = None if instant is None else int(instant.timestamp() * 1000)
    zone = moment.zone
    name = zone.key if isinstance(zone, ZoneInfo) else moment.tzid
    return wire.When(str(moment), name, at)


def state_of(kind: str, status: str) -> wire.EntryState:
    return _STATES[kind].get(status, "open" if kind == "task" else "confirmed")


def answer_of(partstat: str) -> wire.Answer:
    return _ANSWERS.get(partstat, "none")


def status_of(state: wire.EntryState) -> str:
    return _STATUS[state]


def people_of(facts: wire.EntryFacts, maker: str) -> dict[str, wire.Answer]:
    """Whose task or meeting it is, and what they answered: theirs who are asked, and of a meeting
    its organizer's; its maker's when nobody is asked."""
    found: dict[str, wire.Answer] = {
        one.uid: one.answer for one in facts.people if one.uid is not None
    }
    organizer = facts.organizer
    if organizer is not None and organizer.uid is not None and facts.kind == "event":
        found.setdefault(organizer.uid, "accepted")
    return found or {maker: "accepted"}


def due_moment(facts: wire.EntryFacts) -> wire.When | None:
    """When a task is to be done, of one that comes back the next time."""
    if facts.series:
        one = facts.current
        return None if one is None else one.ends or one.starts
    return facts.ends or facts.starts


def last_done(calendar: Block) -> str | None:
    """Of a series of tasks the last moment that is done."""
    zones = reading.zones_of(calendar)
    starts, ends = reading.span(reading.parts_of(calendar)[0], zones)
    anchor = starts or ends
    if anchor is None:
        return None
    return max(
        (
            str(series.on_clocks(reading.moment(line, zones), anchor))
            for one in reading.parts_of(calendar)[1]
            if reading.is_completed(one) and (line := one.first("RECURRENCE-ID")) is not None
        ),
        default=None,
    )


def is_done(calendar: Block, occurrence: str) -> bool:
    """Of a series of tasks one moment."""
    zones = reading.zones_of(calendar)
    master, others = reading.parts_of(calendar)
    starts, ends = reading.span(master, zones)
    anchor = starts or ends
    return anchor is not None and any(
        reading.is_completed(one)
        and (line := one.first("RECURRENCE-ID")) is not None
        and str(series.on_clocks(reading.moment(line, zones), anchor)) == occurrence
        for one in others
    )


def to_do(
    calendar: Block, after: str | None, now: datetime | None = None
) -> wire.Occurrence | None:  # fmt: skip
    """Of a series of tasks the moment that is to be done.

    Args:
        after: the moment that was done last.
        now: instead of the first after that, the latest that has come by now, if one has.
    """
    master, others = reading.parts_of(calendar)
    starts, ends = reading.span(master, reading.zones_of(calendar))
    anchor = starts or ends
    if anchor is None:
        return None
    begin = anchor.local if after is None else datetime.fromisoformat(after)
    first = begin.replace(tzinfo=UTC) - timedelta(days=2)  # whatever its zone
    settled = [None, *map(_is_settled, others)]
    if now is not None:
        come = [
            one
            for one in series.occurrences(calendar, max(first, now - timedelta(days=730)), now)
            if _counts(one, settled, after) and _instant(one) <= now
        ]
        if come:
            return _occurrence(come[-1])
    for length in _AHEAD:
        try:
            last = first + length
        except OverflowError:
            return None
        for one in series.occurrences(calendar, first, last):
            if _counts(one, settled, after):
                return _occurrence(one)
    return None


def _find_current(facts: wire.EntryFacts, calendar: Block, found: Facts) -> None:
    if found.starts is None and found.ends is None:
        return
    facts.current = to_do(calendar, last_done(calendar))
    if facts.current is None:
        facts.state = "done"


def _counts(one: series.Occurrence, settled: list[bool | None], after: str | None) -> bool:
    return one.id is not None and (after is None or one.id > after) and not settled[one.nth]


def _occurrence(one: series.Occurrence) -> wire.Occurrence:
    return wire.Occurrence(one.id or "", told(one.starts), told(one.ends))


def _instant(one: series.Occurrence) -> datetime:
    when = one.starts or one.ends
    assert when is not None
    return when.instant or when.local.replace(tzinfo=UTC)


def _is_settled(block: Block) -> bool:
    line = block.first("STATUS")
    return line is not None and line.value.strip().upper() in ("COMPLETED", "CANCELLED")


def _invited(one: Participant, beside: Beside) -> wire.Invited:
    uid = one.uid if one.uid in beside.uids else beside.members.get(one.address)
    return wire.Invited(one.name or one.address, one.address, uid, answer_of(one.answer))
