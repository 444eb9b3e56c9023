"""Which tasks and meetings a program asks for. Pure.

Source: RFC 4791 sections 7.8, 7.10 and 9.7 to 9.9; RFC 4790 (collations).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final, NamedTuple

from hub.agenda import lines, reading, series
from hub.agenda.lines import Block, Line
from hub.agenda.reading import Moment
from hub.calendars import xml
from hub.calendars.xml import caldav
from hub.errors import BadRequest, Forbidden

_CASELESS: Final = ("i;ascii-casemap", "i;unicode-casemap")
_COLLATIONS: Final = (*_CASELESS, "i;octet")
BEGIN: Final = datetime(1900, 1, 1, tzinfo=UTC)
END: Final = datetime(2999, 1, 1, tzinfo=UTC)
_NESTED: Final = 10
_A_DAY: Final = timedelta(days=1)
MAX_SPAN: Final = timedelta(days=1200)
"""A series is followed so far."""


class Unsupported(Forbidden):
    """Attributes:
    condition: of RFC 4791, section 7.8.
    """

    code = "unsupported_filter"
    title = "The filter asks for something that is not looked at"


@dataclass(frozen=True, slots=True)
class Range:
    """From ``first`` up to ``last``, without it."""

    first: datetime
    last: datetime


class Clocks(NamedTuple):
    """``own``: the zones that a text describes itself; ``zone``: of whoever looks, for what is on
    their clocks."""

    own: Mapping[str, tzinfo]
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    collation: str
    is_negated: bool

    def matches(self, value: str) -> bool:
        if self.collation == "i;octet":
            found = self.text in value
        elif self.collation == "i;ascii-casemap":
            found = _ascii_lower(self.text) in _ascii_lower(value)
        else:
            found = self.text.casefold() in value.casefold()
        return found is not self.is_negated


@dataclass(frozen=True, slots=True)
class ParamFilter:
    name: str
    is_absent: bool
    text: Text | None

    def matches(self, line: Line) -> bool:
        value = line.param(self.name)
        if value is None or self.is_absent:
            return value is None and self.is_absent
        return self.text is None or self.text.matches(value)


@dataclass(frozen=True, slots=True)
class PropFilter:
    name: str
    is_absent: bool
    range: Range | None
    text: Text | None
    params: Sequence[ParamFilter]

    def matches(self, block: Block, clocks: Clocks) -> bool:
        found = block.lines(self.name)
        if self.is_absent or not found:
            return self.is_absent and not found
        return any(self._is_so(line, clocks) for line in found)

    def _is_so(self, line: Line, clocks: Clocks) -> bool:
        if self.range is not None:
            try:
                moment = reading.moment(line, clocks.own)
            except BadRequest:
                return False
            if not _within(moment, moment, self.range, clocks.zone):
                return False
        if self.text is not None and not self.text.matches(line.text):
            return False
        return all(one.matches(line) for one in self.params)


@dataclass(frozen=True, slots=True)
class CompFilter:
    name: str
    is_absent: bool
    range: Range | None
    props: Sequence[PropFilter]
    comps: Sequence[CompFilter]

    def matches(self, calendar: Block, zone: tzinfo = UTC) -> bool:
        """Whether a whole calendar is what is asked for.

        Args:
            zone: of whoever asks.
        """
        if self.name != calendar.name or self.is_absent:
            return False
        clocks = Clocks(reading.zones_of(calendar), zone)
        if not all(one.matches(calendar, clocks) for one in self.props):
            return False
        return all(one.matches_in(calendar, calendar, clocks) for one in self.comps)

    def matches_in(self, parent: Block, calendar: Block, clocks: Clocks) -> bool:
        blocks = parent.blocks(self.name)
        if self.is_absent or not blocks:
            return self.is_absent and not blocks
        if self.range is not None and not _is_between(calendar, self.range, clocks):
            return False
        return any(
            all(one.matches(block, clocks) for one in self.props)
            and all(one.matches_in(block, calendar, clocks) for one in self.comps)
            for block in blocks
        )

    def component(self) -> CompFilter | None:
        """What is asked of the tasks or the meetings in it."""
        return next((one for one in self.comps if one.name in reading.COMPONENTS), None)


def read(element: Any) -> CompFilter:
    """A ``filter`` element.

    Raises:
        BadRequest: ``bad_filter``.
        Unsupported: with its condition.
    """
    comps = [] if element is None else xml.children(element, caldav("comp-filter"))
    if len(comps) != 1 or _name(comps[0]) != "VCALENDAR":
        raise BadRequest("A filter is of one VCALENDAR.", code="bad_filter")
    return _comp(comps[0], 1)


def zone_of(root: Any) -> tzinfo:
    """Of whoever asks: that of a query; UTC without one (RFC 4791, 9.8; RFC 7809, 5.2)."""
    name = xml.text_of(xml.child(root, caldav("timezone-id")))
    if name:
        return reading.zone(name)
    text = xml.text_of(xml.child(root, caldav("timezone")))
    if not text:
        return UTC
    (calendar, *_) = lines.read(text.encode())
    for block in calendar.blocks("VTIMEZONE"):
        line = block.first("TZID")
        if line is not None:
            tzid = line.value.strip()
            return reading.zones_of(calendar).get(tzid) or reading.zone(tzid)
    raise BadRequest("The zone of the query is none.", code="bad_filter")


def span_of(element: Any) -> Range:
    """The ``start`` and ``end`` of an element.

    Raises:
        BadRequest: ``bad_filter``.
    """
    if element is None:
        raise BadRequest("A time range is needed.", code="bad_filter")
    first, last = (
        given if (text := element.get(name)) is None else _utc(text)
        for name, given in (("start", BEGIN), ("end", END))
    )
    if not first < last or (first, last) == (BEGIN, END):
        raise BadRequest("A time range has a start before its end.", code="bad_filter")
    return Range(first, last)


def _comp(element: Any, depth: int) -> CompFilter:
    if depth > _NESTED:
        raise BadRequest("The filter is nested too deep.", code="bad_filter")
    name = _name(element)
    time_range = xml.child(element, caldav("time-range"))
    if time_range is not None and name not in reading.COMPONENTS:
        raise Unsupported(f"Times of {name} are not looked at.")
    return CompFilter(
        name,
        xml.child(element, caldav("is-not-defined")) is not None,
        None if time_range is None else span_of(time_range),
        [_prop(one) for one in xml.children(element, caldav("prop-filter"))],
        [_comp(one, depth + 1) for one in xml.children(element, caldav("comp-filter"))],
    )


def _prop(element: Any) -> PropFilter:
    time_range = xml.child(element, caldav("time-range"))
    return PropFilter(
        _name(element),
        xml.child(element, caldav("is-not-defined")) is not None,
        None if time_range is None else span_of(time_range),
        _text(xml.child(element, caldav("text-match"))),
        [
            ParamFilter(
                _name(one),
                xml.child(one, caldav("is-not-defined")) is not None,
                _text(xml.child(one, caldav("text-match"))),
            )
            for one in xml.children(element, caldav("param-filter"))
        ],
    )


def _text(element: Any) -> Text | None:
    if element is None:
        return None
    collation = element.get("collation", _CASELESS[0])
    if collation not in _COLLATIONS:
        raise Unsupported(f"Texts are not compared by {collation}.", code="unsupported_collation")
    return Text(element.text or "", collation, element.get("negate-condition") == "yes")


def _name(element: Any) -> str:
    name: str | None = element.get("name")
    if not name:
        raise BadRequest("A part of the filter has no name.", code="bad_filter")
    return name.upper()


def _utc(text: str) -> datetime:
    try:
        return datetime.strptime(text.strip(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise BadRequest(f"{text[:40]!r} is no time in UTC.", code="bad_filter") from error


# --- times ----------------------------------------------------------------------------------------


def _is_between(calendar: Block, wanted: Range, clocks: Clocks) -> bool:
    """Of a series which cannot be followed through all of a while: perhaps, and that is yes."""
    first, last = wanted.first - _A_DAY, wanted.last + _A_DAY
    if last - first > MAX_SPAN and reading.parts_of(calendar)[0].lines("RRULE"):
        return True
    try:
        found = series.occurrences(calendar, first, last)
    except BadRequest:
        return True
    master, others = reading.parts_of(calendar)
    blocks = [master, *others]
    return any(_is_then(blocks[one.nth], one, wanted, clocks) for one in found)


def _is_then(block: Block, one: series.Occurrence, wanted: Range, clocks: Clocks) -> bool:
    zone = clocks.zone
    if block.name == "VEVENT":
        return one.starts is not None and _within(one.starts, one.ends or one.starts, wanted, zone)
    first, last = one.starts or one.ends, one.ends or one.starts
    if first is not None and last is not None:
        return _within(first, last, wanted, zone) or (
            one.ends is not None and _ends(last, wanted, zone)
        )
    done, made = (
        None if line is None else _tried(line, clocks.own)
        for line in (block.first("COMPLETED"), block.first("CREATED"))
    )
    if done is not None:
        return _within(made or done, done, wanted, zone) or _ends(done, wanted, zone)
    return made is None or _instant(made, zone) < wanted.last


def _tried(line: Line, zones: Mapping[str, tzinfo]) -> Moment | None:
    try:
        return reading.moment(line, zones)
    except BadRequest:
        return None


def _within(first: Moment, last: Moment, wanted: Range, zone: tzinfo) -> bool:
    begin, end = _instant(first, zone), _instant(last, zone)
    return begin < wanted.last and (end > wanted.first or begin == end >= wanted.first)


def _ends(last: Moment, wanted: Range, zone: tzinfo) -> bool:
    """What is due at the first moment of a while is of it (RFC 4791, 9.9)."""
    return wanted.first <= _instant(last, zone) <= wanted.last


def _instant(moment: Moment, zone: tzinfo) -> datetime:
    return moment.instant or moment.local.replace(tzinfo=zone).astimezone(UTC)


def _ascii_lower(text: str) -> str:
    return "".join(char.lower() if "A" <= char <= "Z" else char for char in text)
