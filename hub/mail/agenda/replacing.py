"""What becomes of a task or meeting when a program of somebody's says all of it anew. Pure.

What only the hub knows stays, and what others answered: nobody answers for anybody else. Times that
differ in how they are written alone are the same.

Source: RFC 6638 section 3.2 (what an organizer and an attendee may change).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from hub.agenda import changing, reading, series
from hub.agenda.changing import BLOCKED
from hub.agenda.lines import Block, Line
from hub.agenda.reading import Moment
from hub.errors import BadRequest, Forbidden
from hub.mail.agenda.facts import answer_of
from hub.wire import agenda as wire

_STAMPS: Final = ("DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "PRODID", "CREATED", "X-MOZ-GENERATION")
_SAYS: Final = ("SUMMARY", "DESCRIPTION", "LOCATION")
_ANSWERS: Final = ("ACCEPTED", "DECLINED", "TENTATIVE", "NEEDS-ACTION")
_RULES: Final = ("RRULE", "RDATE", "EXRULE")


class Who(NamedTuple):
    """Whoever says it: their uid, with their addresses; and ``known``, the uids of all people of
    the thread by their addresses."""

    uid: str
    own: Collection[str]
    known: Mapping[str, str]

    def of(self, line: Line) -> str | None:
        person = reading.participant(line)
        return self.known.get(person.address) or person.uid

    def is_me(self, line: Line) -> bool:
        person = reading.participant(line)
        return person.uid in self.own or person.address in self.own


class Replaced(NamedTuple):
    """What it came to; ``did`` null: it says nothing new."""

    did: wire.Did | None
    occurrence: str | None = None
    answer: wire.Answer | None = None


def replaced(before: Block, after: Block, who: Who, now: datetime) -> Replaced:
    """Make ``after`` what is kept in place of ``before``.

    Raises:
        BadRequest: ``other_calendar``, and what ``hub.agenda.reading`` finds.
    """
    old, new = _Parts(before), _Parts(after)
    if (old.master.name, old.uid) != (new.master.name, new.uid):
        raise BadRequest("It is another task or meeting: its UID differs.", code="other_calendar")
    after.drop("METHOD")
    _keep_people(old, new, who)
    _keep_block(old, new)
    _keep_done(old, new)
    new = _Parts(after)
    found = _what_happened(old, new, who)
    if _canon(before) == _canon(after) and old.span("") == new.span(""):
        return Replaced(None)
    if found.did in ("moved", "skipped", "cancelled", "restored"):
        _raise_sequence(old, new)
    if found.did != "cancelled" and new.master.name == "VEVENT":
        for block in _moved(old, new):
            changing.ask_again(block, who.known, {who.uid})
    if new.master.first("DTSTAMP") is None:
        changing.touch(new.master, now, anew=False)
    return found


def require_own(before: Block, after: Block, who: Who, now: datetime) -> Replaced:
    """The same for who may read a thread, not write in it, and is asked: they answer, and say that
    a task is done. ``after`` becomes ``before`` with that.

    Raises:
        Forbidden: ``read_only``: it says more.
        BadRequest: as above.
    """
    found = replaced(before.copy(), after, who, now)
    wanted = after.copy()
    after.parts = before.copy().parts
    match found:
        case Replaced("finished" | "reopened"):
            was, is_now = _Parts(before).done(), _Parts(wanted).done()
            for occurrence in sorted(was ^ is_now):
                changing.set_done(after, now, occurrence or None, done=occurrence in is_now)
        case Replaced("answered", occurrence, _) if line := _own(wanted, occurrence, who):
            said = answer_in(line)
            changing.set_answer(after, who.own, said, occurrence)
    left = replaced(after.copy(), wanted, who, now)
    if left.did is not None and found.did is not None and _facts(after) != _facts(wanted):
        raise Forbidden("You can read this thread, not write in it.", code="read_only")
    return found


def whole(before: Block, said: Block) -> Block:
    """A text, with what it is said of: an update of single moments of a series (RFC 5546, 3.2.2)
    has these alone, and the rest stays as it is."""
    master = reading.parts_of(said)[0]
    kept = reading.parts_of(before)[0]
    if master.first("RECURRENCE-ID") is None or kept.first("RECURRENCE-ID") is not None:
        return said
    found, old = before.copy(), _Parts(before)
    moments = {}
    zones = reading.zones_of(said)
    for block in said.blocks(master.name):
        line = block.first("RECURRENCE-ID")
        if line is not None:
            moments[old.id_of(reading.moment(line, zones))] = block
    gone = [old.blocks[key] for key in moments if key in old.blocks]
    there = {_tzid(one) for one in found.blocks("VTIMEZONE")}
    found.parts = [
        *(one for one in said.blocks("VTIMEZONE") if _tzid(one) not in there),
        *(one for one in before.copy().parts if not any(one == other for other in gone)),
        *moments.values(),
    ]
    found.parts.sort(key=lambda one: isinstance(one, Block) and 1 + (one.name != "VTIMEZONE"))
    return found


def moments_of(kept: Block, said: Block) -> list[tuple[str | None, Block]]:
    """The components of a text, each with the moment of a series that it is of; null: the whole."""
    parts, zones = _Parts(kept), reading.zones_of(said)
    master, others = reading.parts_of(said)
    found: list[tuple[str | None, Block]] = []
    for block in (master, *others):
        line = block.first("RECURRENCE-ID")
        found.append((None if line is None else parts.id_of(reading.moment(line, zones)), block))
    return found


def ask(calendar: Block, who: Who) -> None:
    """Of a text that comes in: what others of the thread are said to have answered they have not
    answered here."""
    for block in calendar.blocks():
        if block.lines("ATTENDEE"):
            block.put(*(_kept(line, {}, who) for line in block.lines("ATTENDEE")))


# --- its parts ------------------------------------------------------------------------------------


class _Parts:
    """A calendar by its moments: ``""`` is the whole."""

    def __init__(self, calendar: Block) -> None:
        self.calendar = calendar
        self.master, others = reading.parts_of(calendar)
        self.zones = reading.zones_of(calendar)
        line = self.master.first("UID")
        self.uid = "" if line is None else line.value.strip()
        starts, ends = reading.span(self.master, self.zones)
        self.anchor = starts or ends
        self.blocks: dict[str, Block] = {"": self.master}
        for one in others:
            line = one.first("RECURRENCE-ID")
            if line is not None:
                self.blocks[self.id_of(reading.moment(line, self.zones))] = one

    def span(self, key: str) -> tuple[Any, Any]:
        starts, ends = reading.span(self.blocks[key], self.zones)
        return _when(starts), _when(ends)

    def says(self, key: str, *names: str) -> list[str]:
        block = self.blocks.get(key, self.master)
        return [line.value.strip() for name in names for line in block.lines(name)]

    def state(self, key: str) -> str:
        line = self.blocks[key].first("STATUS")
        return "" if line is None else line.value.strip().upper()

    def done(self) -> set[str]:
        return {key for key, block in self.blocks.items() if reading.is_completed(block)}

    def left_out(self) -> set[str]:
        return {
            self.id_of(reading.moment(Line("EXDATE", value, line.params), self.zones))
            for line in self.master.lines("EXDATE")
            for value in filter(str.strip, line.value.split(","))
        }

    def id_of(self, moment: Moment) -> str:
        return str(moment if self.anchor is None else series.on_clocks(moment, self.anchor))


def _when(moment: Moment | None) -> Any:
    """By which two are the same, however their zones are called."""
    if moment is None:
        return None
    return moment.instant or (moment.local, moment.is_day)


def _what_happened(old: _Parts, new: _Parts, who: Who) -> Replaced:
    if (done := new.done() - old.done()) and new.master.name == "VTODO":
        return Replaced("finished", max(done) or None)
    if (done := (old.done() & new.blocks.keys()) - new.done()) and new.master.name == "VTODO":
        return Replaced("reopened", max(done) or None)
    shared = [key for key in new.blocks if key in old.blocks]
    for key in new.blocks:
        was, is_now = old.state(key) if key in old.blocks else "", new.state(key)
        if was != is_now and "CANCELLED" in (was, is_now):
            return Replaced("cancelled" if is_now == "CANCELLED" else "restored", key or None)
    if old.span("") != new.span("") or _rules(old) != _rules(new):
        return Replaced("moved")
    for key in new.blocks:
        if key not in old.blocks and new.span(key) != _regular(new, key):
            return Replaced("moved", key)
        if key in shared and old.span(key) != new.span(key):
            return Replaced("moved", key)
    if left_out := new.left_out() - old.left_out():
        return Replaced("skipped", max(left_out))
    if all(old.says(key, *_SAYS) == new.says(key, *_SAYS) for key in new.blocks):
        for key in new.blocks:
            answer = _answer_in(new, key, who)
            if answer is not None and answer != _answer_in(old, key, who):
                return Replaced("answered", key or None, answer)
    return Replaced("changed")


def _regular(parts: _Parts, key: str) -> Any:
    """When a series has a moment that has a component of its own, if it is as long as the rest."""
    starts, ends = reading.span(parts.master, parts.zones)
    anchor = parts.anchor
    if anchor is None:
        return None
    local = datetime.fromisoformat(key)
    first = Moment(local, anchor.is_day, anchor.zone, anchor.tzid)
    if starts is None or ends is None:
        return (None, _when(first)) if starts is None else (_when(first), None)
    last = reading.later(first, series.length(starts, ends))
    return _when(first), _when(reading.like(last, ends))


def _moved(old: _Parts, new: _Parts) -> list[Block]:
    if old.span("") != new.span("") or _rules(old) != _rules(new):
        return list(new.blocks.values())
    return [
        block
        for key, block in new.blocks.items()
        if key and new.span(key) != (old.span(key) if key in old.blocks else _regular(new, key))
    ]


def _rules(parts: _Parts) -> list[str]:
    return sorted(
        ";".join(sorted(one.upper().split(";"))) for one in parts.says("", *_RULES)
    )  # fmt: skip


def _answer_in(parts: _Parts, key: str, who: Who) -> wire.Answer | None:
    line = _own_in(parts.blocks.get(key, parts.master), who)
    return None if line is None else answer_of(reading.participant(line).answer)


def answer_in(line: Line) -> changing.Answer:
    """What somebody says, in words that are kept."""
    answer = reading.participant(line).answer
    return answer if answer in _ANSWERS else "NEEDS-ACTION"  # type: ignore[return-value]


def _own(calendar: Block, occurrence: str | None, who: Who) -> Line | None:
    return _own_in(_Parts(calendar).blocks[occurrence or ""], who)


def _own_in(block: Block, who: Who) -> Line | None:
    return next((line for line in block.lines("ATTENDEE") if who.is_me(line)), None)


# --- what stays -----------------------------------------------------------------------------------


def _keep_people(old: _Parts, new: _Parts, who: Who) -> None:
    """Programs that know no people of tasks leave them out; they are asked all the same."""
    organizer = old.master.first("ORGANIZER")
    is_mine = organizer is None or who.is_me(organizer)
    knows = new.master.name == "VEVENT" and (is_mine or new.master.first("ORGANIZER") is not None)
    forgets = not new.master.lines("ATTENDEE") and not knows
    for key, block in new.blocks.items():
        there = old.blocks.get(key, old.master)
        if forgets and (people := there.lines("ATTENDEE")):
            own = _own_in(block, who)
            block.put(*([own] if own is not None else []), *people)
        elif block.lines("ATTENDEE"):
            known = {_address(line): line for line in there.lines("ATTENDEE")}
            block.put(*(_kept(line, known, who) for line in block.lines("ATTENDEE")))
        if block.lines("ATTENDEE") and block.first("ORGANIZER") is None:
            said = there.first("ORGANIZER")
            if said is not None:
                block.put(said)


def _kept(line: Line, known: Mapping[str, Line], who: Who) -> Line:
    """As whom it names, by their address; with what they said themselves, if they are of the
    hub."""
    line = _named(line, known, who)
    if who.is_me(line) or who.of(line) not in who.known.values():
        return line
    there = known.get(_address(line))
    answer = "NEEDS-ACTION" if there is None else reading.participant(there).answer
    if reading.participant(line).answer == answer:
        return line
    return Line("ATTENDEE", line.value, changing.with_parameter(line.params, "PARTSTAT", answer))


def _named(line: Line, known: Mapping[str, Line], who: Who) -> Line:
    """Whose a line is says its address; an address that is nobody's any more is whose it was."""
    person = reading.participant(line)
    there = known.get(person.address)
    was = None if there is None else reading.participant(there).uid
    uid = who.known.get(person.address, was)
    if person.uid == uid or (person.uid is None and uid in who.known.values()):
        return line
    params = changing.without_parameter(line.params, "X-HUB-UID")
    return Line("ATTENDEE", line.value, params + (f";X-HUB-UID={uid}" if uid else ""))


def _address(line: Line) -> str:
    return reading.participant(line).address


def _keep_done(old: _Parts, new: _Parts) -> None:
    """Programs that know no single moments leave them out; those that are done stay so."""
    if new.master.name != "VTODO" or len(new.blocks) > 1 or _rules(old) != _rules(new):
        return
    if _rules(old) and old.span("") == new.span(""):
        new.calendar.parts += [old.blocks[key].copy() for key in sorted(old.done()) if key]


def _tzid(block: Block) -> str:
    line = block.first("TZID")
    return "" if line is None else line.value.strip()


def _keep_block(old: _Parts, new: _Parts) -> None:
    reason = old.master.first(BLOCKED)
    if reason is not None and new.master.first(BLOCKED) is None:
        new.master.put(reason)


def _raise_sequence(old: _Parts, new: _Parts) -> None:
    """Of what is at another time, for the programs of those who answered."""
    was, said = (reading.sequence(one.master) for one in (old, new))
    if said <= was:
        new.master.put(Line("SEQUENCE", str(min(was + 1, 2**31 - 1))))


def _canon(block: Block) -> tuple[str, list[str], list[Any]]:
    """What it says, in whatever order."""
    own = sorted(
        str(one) for one in block.parts if isinstance(one, Line) and one.name not in _STAMPS
    )  # fmt: skip
    return block.name, own, sorted(_canon(one) for one in block.blocks() if one.name != "VTIMEZONE")


def _facts(calendar: Block) -> Any:
    parts = _Parts(calendar)
    return (
        _rules(parts), parts.left_out(), parts.done(),
        {key: (parts.span(key), parts.state(key), parts.says(key, *_SAYS)) for key in parts.blocks},
    )  # fmt: skip
