"""From the log to the document: what all rows together give, whatever they hold.

Rows were admitted, mostly; but a log may be older than a rule, may lack a row that failed, or may
be damaged. So every update is read here before yrs sees it: what the document cannot hold is taken
as deleted, what lacks something waits, what cannot be read is set aside and counted. Pure, and slow
by the length of the log: call it in a thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from hub.errors import ProtocolError
from hub.rooms import content_rules
from hub.rooms.content import Content, for_yrs
from hub.rooms.order import order, select
from hub.rooms.pairs import cuts, may_hold_pairs
from hub.rooms.places import Draft
from hub.rooms.waiting import Waiting
from hub.wire import yrewrite, yupdate
from hub.wire.yupdate import Id, Update

log = structlog.get_logger()

Entry = tuple[int, bytes]
"""``(seq, update)`` of a log's row."""


@dataclass
class Folded:
    """Attributes:
    content: the document.
    rest: what lacks something earlier; never part of a state.
    waiting: seqs of the rows it is of.
    aside: seqs of rows that cannot be read or applied.
    """

    content: Content
    rest: Waiting[Update] = field(default_factory=Waiting)
    waiting: list[int] = field(default_factory=list)
    aside: list[int] = field(default_factory=list)


class Unreadable(Exception):
    """A snapshot that gives no document."""


def fold(kind: str, state: bytes | None, entries: Sequence[Entry]) -> Folded:
    """Read a document.

    Args:
        state: a snapshot, made by this very function.
        entries: the updates after it, in the order of the log.

    Raises:
        Unreadable: the snapshot cannot be read.
    """
    skipped: set[int] = set()
    while True:
        folded, failed = _fold(kind, state, entries, skipped)
        if failed is None:
            return folded
        # yrs may have stopped in the middle: from the beginning, without it.
        log.error("an update of a log cannot be applied", kind=kind, seq=entries[failed][0])
        skipped.add(failed)


def _fold(
    kind: str, state: bytes | None, entries: Sequence[Entry], skipped: set[int]
) -> tuple[Folded, int | None]:
    """Returns what came of it, and the index of an entry that yrs did not take."""
    content = Content(kind)
    folded = Folded(content, aside=[entries[index][0] for index in sorted(skipped)])
    if state is not None:
        _take_state(content, state)
    run = _Run(content)
    for index, (seq, raw) in enumerate(entries):
        if index not in skipped:
            run.offer(index, seq, raw)
    folded.waiting = sorted({seq for _, seq, _ in run.waiting})
    for _, _, update in run.waiting:
        folded.rest.put(order(update, run.clocks).missing, update)
    folded.aside = sorted({*folded.aside, *run.aside})
    return folded, run.apply()


def _take_state(content: Content, state: bytes) -> None:
    """Raises:
    Unreadable: it is no update, or lacks something.
    """
    try:
        if content.places is None and not may_hold_pairs(state):
            content.load(state)
            return
        update = yupdate.parse(state)
    except ProtocolError as error:
        raise Unreadable(str(error)) from error
    ordered = order(update, {})
    if ordered.rest:
        raise Unreadable("it lacks something")
    draft = content.draft()
    if content_rules.foreign(content.kind, update, ordered.steps, draft):
        raise Unreadable("it holds what the document cannot hold")
    content.load(state)
    for client, structs in update.structs.items():
        content.pairs.add(client, structs)
    if draft is not None:
        draft.commit()


class _Run:
    """Goes through the updates twice: first what they mean, then, when all cuts are known, applies
    them. A pair that any update takes apart is apart in every order."""

    def __init__(self, content: Content) -> None:
        self.waiting: Waiting[tuple[int, int, Update]] = Waiting()
        self.aside: list[int] = []
        self._content = content
        self.clocks = dict(content.clocks)
        self._steps: list[tuple[int, Update, Draft | None]] = []
        self._cut: set[Id] = set()

    def offer(self, index: int, seq: int, raw: bytes) -> None:
        """Take in an update and what waited for it."""
        try:
            queue = deque([(index, seq, yupdate.parse(raw))])
        except ProtocolError:
            self.aside.append(seq)
            return
        while queue:
            index, seq, update = queue.popleft()
            try:
                fresh = self._take(index, seq, update)
            except ProtocolError:
                self.aside.append(seq)
            else:
                queue.extend(self.waiting.due(fresh, self.clocks))

    def apply(self) -> int | None:
        """Make the document; returns the index of an update that yrs did not take."""
        content = self._content
        content.take_apart(self._cut)
        for index, update, draft in self._steps:
            try:
                content.apply(update, for_yrs(update, self._cut, draft), None, set())
            except ProtocolError:
                return index
        return None

    def _take(self, index: int, seq: int, update: Update) -> list[int]:
        """What is complete of an update; the rest waits. Returns the clients that went on."""
        content = self._content
        part = _part(content, self.clocks, update)
        if part.rest is not None:
            self.waiting.put(part.missing, (index, seq, part.rest))
        if part.ready is None:
            return []
        for client, structs in part.ready.structs.items():
            self.clocks[client] = yupdate.end_of(structs)
            content.pairs.add(client, structs)
        content.pairs.taken_apart(part.cut)
        self._cut |= part.cut
        if part.draft is not None:
            part.draft.commit()
        self._steps.append((index, part.ready, part.draft))
        return list(part.ready.structs)


def take_logged(content: Content, update: Update) -> tuple[Update | None, Update | None, Missing]:
    """Take an update that stands in the log already into a document that lacked something of it.
    Returns what was taken in, and the rest with what that lacks.

    Raises:
        ProtocolError: ``malformed_update``; the content is of no use any more.
    """
    part = _part(content, content.clocks, update)
    if part.ready is not None:
        if content.pairs.hold_any(part.cut):
            content.take_apart(part.cut)
        raw = for_yrs(part.ready, part.cut, part.draft)
        content.apply(part.ready, raw, part.draft, part.cut)
    return part.ready, part.rest, part.missing


Missing = dict[int, int]
"""Client → a clock of it that is missing."""


@dataclass(slots=True)
class _Part:
    ready: Update | None
    draft: Draft | None
    cut: set[Id]
    rest: Update | None
    missing: Missing


def _part(content: Content, clocks: dict[int, int], update: Update) -> _Part:
    """What of a log's update is complete, with what no document may hold as deleted."""
    if update.refers_ahead:
        raise ProtocolError("A struct refers to a later one.", code="malformed_update")
    ordered = order(update, clocks)
    draft = Draft(content.places, clocks) if content.places is not None else None
    foreign = content_rules.foreign(content.kind, update, ordered.steps, draft)
    part = _Part(None, draft, set(), None, ordered.missing)
    if ordered.rest or ordered.rest_deletes:
        part.rest = yupdate.parse(yrewrite.select(update, ordered.rest, ordered.rest_deletes))
    if ordered.steps or ordered.deletes:
        part.ready = update
        if foreign or not ordered.whole:
            part.ready = select(update, ordered, ordered.deletes, foreign)
        part.cut = cuts(part.ready, content.pairs)
    return part
