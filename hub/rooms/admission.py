"""Whether an update may enter a document: bytes in, a plan out. Pure; nothing is changed here.

    parse ─► study(update, content)       what it holds that is new, complete and allowed
                  │
                  ▼
             plan(study, view)            Admit | Hold | Nothing, or a refusal

Everything that can refuse is asked before anything changes, so that what is admitted is admitted
whole (``hub.rooms.documents`` does that) and what is refused is nowhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import heappop, heappush
from typing import Any, Final

from pycrdt import Doc

from hub.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    ProtocolError,
    TooLarge,
)
from hub.rooms import content_rules
from hub.rooms.access import Access
from hub.rooms.content import Content, for_yrs
from hub.rooms.owners import Owners
from hub.rooms.pairs import cuts
from hub.rooms.places import Draft
from hub.rooms.trial import is_suspect
from hub.wire import yrewrite, yupdate
from hub.wire.yupdate import DELETED, GC, SKIP, STRING, Id, Struct, Update

LIGHT_BYTES: Final = 128 * 1024
"""Updates above this are not studied on the loop."""
LIGHT_CONTENT_BYTES: Final = 32 * 1024
"""What takes time by the size of the document is done on the loop up to this size."""
MAX_STRUCTS: Final = 400_000
"""Of one update, and as many deletions: each takes 250 bytes of memory while it is studied."""
MAX_LOOKS: Final = 8
"""Of so many clients an update may repeat clocks to be looked at on the loop."""

Ranges = dict[int, list[tuple[int, int]]]


class Costly(Exception):
    """The answer takes long: ask again, patiently, off the loop."""


# --- in what order, and what is missing -----------------------------------------------------------


@dataclass(slots=True)
class Order:
    """An update taken apart by what a document knows.

    Attributes:
        steps: new structs, none before what it rests upon; cut off where they were known in part.
        tails: bytes of those that were cut off.
        deletes: ranges of what is known or new.
        rest, rest_deletes: what lacks something.
        missing: clocks that it lacks, for each client one.
        whole: it is all new and complete.
        repeated: client id → the clock from which it repeats what is known.
    """

    steps: list[tuple[int, Struct]] = field(default_factory=list)
    tails: dict[Id, bytes] = field(default_factory=dict)
    deletes: Ranges = field(default_factory=dict)
    rest: dict[int, list[Struct]] = field(default_factory=dict)
    rest_deletes: Ranges = field(default_factory=dict)
    missing: dict[int, int] = field(default_factory=dict)
    whole: bool = False
    repeated: dict[int, int] = field(default_factory=dict)

    def lack(self, id_: Id) -> None:
        """Of several clocks of a client the earliest counts: then something can go on."""
        self.missing[id_[0]] = min(id_[1], self.missing.get(id_[0], id_[1]))


def order(update: Update, clocks: Mapping[int, int]) -> Order:
    """Take an update apart.

    Source: https://github.com/yjs/yjs src/utils/encoding.js (integrateStructs).
    """
    if _is_plain(update, clocks):
        steps = [(client, one) for client, some in update.structs.items() for one in some]
        return Order(steps, deletes=update.deletes, whole=True)
    result = Order()
    reach = {client: clocks.get(client, 0) for client in update.structs}
    at = dict.fromkeys(update.structs, 0)
    waiting: dict[int, list[tuple[int, int]]] = {}  # client → heap of (clock, who waits for it)
    work = deque(update.structs)
    while work:
        client = work.popleft()
        lacking = _advance(update, client, at, reach, clocks, result)
        if lacking is not None and lacking[0] in reach and lacking[0] != client:
            heappush(waiting.setdefault(lacking[0], []), (lacking[1], client))
        elif lacking is not None:
            result.lack(lacking)
        heap = waiting.get(client)
        while heap and heap[0][0] < reach[client]:
            work.append(heappop(heap)[1])
    for client, structs in update.structs.items():
        known = clocks.get(client, 0)
        if structs[0].clock < known:
            result.repeated[client] = structs[0].clock
        if left := structs[at[client] :]:
            result.rest[client] = left
    for client, heap in waiting.items():
        if heap:
            result.lack((client, heap[0][0]))
    if not result.missing and result.rest:  # they wait for each other
        result.lack(next((client, left[0].clock) for client, left in result.rest.items()))
    _part_deletes(update.deletes, reach, clocks, result)
    return result


def _is_plain(update: Update, clocks: Mapping[int, int]) -> bool:
    """Whether it is of one client, complete and all new: what people type."""
    if update.skips or len(update.structs) > 1:
        return False
    for client, structs in update.structs.items():
        if structs[0].clock != clocks.get(client, 0):
            return False
        known: Mapping[int, int] = {client: yupdate.end_of(structs)}
        break
    else:
        known = {}
    if any(need > clocks.get(client, 0) for client, need in update.needs.items()):
        return False
    return not any(
        clock + length > (known.get(client) or clocks.get(client, 0))
        for client, ranges in update.deletes.items()
        for clock, length in ranges
    )


def _advance(
    update: Update, client: int, at: dict[int, int], reach: dict[int, int],
    clocks: Mapping[int, int], result: Order,
) -> Id | None:  # fmt: skip
    """Go on with a client's structs as far as possible; returns what the next one lacks."""
    structs = update.structs[client]
    index, now = at[client], reach[client]
    lacking: Id | None = None
    while index < len(structs):
        struct = structs[index]
        end = struct.clock + struct.length
        if end > now:
            if struct.clock > now or struct.kind == SKIP:
                lacking = (client, (end if struct.kind == SKIP else struct.clock) - 1)
                break
            for id_ in (struct.origin, struct.right, struct.parent):
                if isinstance(id_, tuple) and id_[1] >= (
                    reach[id_[0]] if id_[0] in reach else clocks.get(id_[0], 0)
                ):
                    lacking = id_
                    break
            if lacking is not None:
                break
            if struct.clock < now:
                result.tails[client, now] = yrewrite.tail(update.data, client, struct, now)
                struct = _tail(struct, client, now)
            result.steps.append((client, struct))
            reach[client] = now = end
        index += 1
    at[client] = index
    return lacking


def _tail(struct: Struct, client: int, clock: int) -> Struct:
    """The part of a struct that begins at a clock inside it: it follows on the other part."""
    length = struct.clock + struct.length - clock
    if struct.kind == GC:
        return struct._replace(clock=clock, length=length)
    origin = (client, clock - 1)
    return struct._replace(clock=clock, length=length, origin=origin, parent=None, sub=False)


def select(
    update: Update, ordered: Order, deletes: Ranges, contents: Mapping[Id, bytes] | None = None
) -> Update:
    """What of an update is complete and new, as one of its own.

    Args:
        contents: other bytes for some of its structs.
    """
    structs: dict[int, list[Struct]] = {client: [] for client in update.structs}
    for client, struct in ordered.steps:
        structs[client].append(struct)
    changed = {**ordered.tails, **(contents or {})}
    return yupdate.parse(yrewrite.select(update, structs, deletes, changed))


def _part_deletes(
    deletes: Ranges, reach: Mapping[int, int], clocks: Mapping[int, int], result: Order
) -> None:
    for client, ranges in deletes.items():
        known = reach.get(client) or clocks.get(client, 0)
        for clock, length in ranges:
            if clock < known:
                here = min(length, known - clock)
                result.deletes.setdefault(client, []).append((clock, here))
            if clock + length > known:
                first = max(clock, known)
                result.rest_deletes.setdefault(client, []).append((first, clock + length - first))
                result.lack((client, clock + length - 1))


# --- the same id used twice -----------------------------------------------------------------------


def contradicts(given: Update, client: int, content: bytes, known: list[Struct]) -> bool:
    """Whether two accounts of one client's clocks tell different things: the id was used twice.

    Structs may be split in different places, and deleted ones have lost what they held; only where
    both sides still have something is it compared. A half of a pair may have become U+FFFD.

    Args:
        content: the bytes in which ``known`` lies.
    """
    at = 0
    for struct in given.structs[client]:
        end = struct.clock + struct.length
        while at < len(known) and known[at].clock + known[at].length <= struct.clock:
            at += 1
        index = at
        while index < len(known) and known[index].clock < end:
            if _differ(given.data, struct, content, known[index], client):
                return True
            index += 1
    return False


_BARE: Final = frozenset((GC, DELETED, SKIP))


def _differ(mine: bytes, struct: Struct, theirs: bytes, other: Struct, client: int) -> bool:
    if struct.kind in _BARE or other.kind in _BARE:
        return False
    first = max(struct.clock, other.clock)
    if struct.kind != other.kind or _origin(struct, first, client) != _origin(other, first, client):
        return True
    if struct.kind == STRING:
        last = min(struct.clock + struct.length, other.clock + other.length)
        return _texts_differ(struct, other, first, last)
    return content_rules.contents(mine, struct) != content_rules.contents(theirs, other)


def _origin(struct: Struct, clock: int, client: int) -> Id | None:
    return struct.origin if clock == struct.clock else (client, clock - 1)


@lru_cache(maxsize=4)  # one long text is held against many short ones
def _units(text: str) -> bytes:
    return text.encode("utf-16-le")


def _texts_differ(struct: Struct, other: Struct, first: int, last: int) -> bool:
    one, two = (
        _units(text.text or "")[2 * (first - text.clock) : 2 * (last - text.clock)]
        for text in (struct, other)
    )
    lost = b"\xfd\xff"
    return one != two and any(
        one[at : at + 2] != two[at : at + 2] and lost not in (one[at : at + 2], two[at : at + 2])
        for at in range(0, len(one), 2)
    )


def _refuse_reuse(update: Update, ordered: Order, content: Content) -> None:
    """Raises:
    Conflict: ``client_id_reused``.
    """
    everything: Update | None = None
    if len(ordered.repeated) > MAX_LOOKS:
        everything = yupdate.parse(content.state())
    for client, first in ordered.repeated.items():
        until = yupdate.end_of(update.structs[client])
        if everything is not None:
            data, known = everything.data, everything.structs.get(client, [])
        else:
            data = content.from_clock(client, first)
            known = yupdate.read_first_client(data, until)
        if contradicts(update, client, data, known):
            raise Conflict(
                "The client id was used twice for different edits.", code="client_id_reused"
            )


# --- the study ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Study:
    """What an update means for a document as it is.

    Attributes:
        fresh: client ids under which it brings something new.
        ready: what of it can be taken in; null when nothing can or nothing is new.
        applied: the same as yrs must get it.
        draft: where its structs will stand.
        cut: pairs of the document or of the update that it takes apart.
        doc: the document with those taken apart already; null when there is none to be.
        suspect: yrs might take long over it: it must be tried elsewhere first.
        rest: what lacks something, and ``missing``, clocks that it lacks.
    """

    fresh: list[int]
    ready: Update | None
    applied: bytes
    draft: Draft | None
    cut: set[Id]
    doc: Doc[Any] | None
    suspect: bool
    rest: bytes | None
    missing: dict[int, int]


def study(update: Update, content: Content, *, repeats: bool, patient: bool) -> Study:
    """Hold an update against a document.

    Args:
        repeats: it may repeat deletions that are known, as a step 2 always does.
        patient: it may take long.

    Raises:
        BadRequest: ``unsupported_content``.
        Conflict: ``client_id_reused``.
        Costly: not patient, and it would take long.
        ProtocolError: ``malformed_update``.
    """
    if update.refers_ahead:
        raise ProtocolError("A struct refers to a later one.", code="malformed_update")
    light = patient or content.size <= LIGHT_CONTENT_BYTES
    ordered = order(update, content.clocks)
    draft = content.draft()
    content_rules.refuse_foreign(content.kind, update, ordered.steps, draft)
    if ordered.repeated:
        if not (light and (patient or len(ordered.repeated) <= MAX_LOOKS)):
            raise Costly
        _refuse_reuse(update, ordered, content)
    deletes = ordered.deletes
    if deletes and repeats and not ordered.steps:
        if not light:
            raise Costly
        if not content.lacks_deletion(deletes):
            deletes = {}
    fresh = list(dict.fromkeys(client for client, _ in ordered.steps))
    found = Study(fresh, None, b"", draft, set(), None, False, None, ordered.missing)
    if ordered.rest or ordered.rest_deletes:
        found.rest = yrewrite.select(update, ordered.rest, ordered.rest_deletes)
    if not fresh and not deletes:
        return found
    ready = update if ordered.whole else select(update, ordered, deletes)
    found.ready = ready
    found.suspect = is_suspect(ready, content.size)
    if found.suspect and not patient:
        raise Costly
    found.cut = cuts(ready, content.pairs)
    if found.cut:
        if not light:
            raise Costly
        if content.pairs.hold_any(found.cut):
            found.doc = content.mend(found.cut)
    found.applied = for_yrs(ready, found.cut, draft)
    return found


# --- the plan -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class View:
    """What a plan may ask beside the content.

    Attributes:
        access: of the sender.
        strangers: ids below this that nobody owns are bound to the sender.
        room: bytes that the document may still grow.
        ids_per_update, ids_per_user: bounds of new ids.
    """

    uid: str
    access: Access
    owners: Owners
    strangers: int
    room: int
    ids_per_update: int
    ids_per_user: int


@dataclass(frozen=True, slots=True)
class Admit:
    """Take it in: ``binds`` are ids that become the sender's; ``proven``: all it brings is under
    the sender's own ids."""

    binds: list[int]
    proven: bool


class Hold:
    """Keep it until what it lacks has come."""


class Nothing:
    """It says nothing new."""


HOLD: Final = Hold()
NOTHING: Final = Nothing()


def plan(found: Study, view: View) -> Admit | Hold | Nothing:
    """What to do with an update. ``rest``, where there is one beside an admitted part, is held.

    Raises:
        Forbidden: ``read_only``, ``foreign_client_id``.
        TooLarge: ``document_too_large``, ``too_many_client_ids``.
    """
    if found.ready is None and found.rest is None:
        return NOTHING
    if not view.access.edit:
        raise Forbidden("You can read this document, not edit it.", code="read_only")
    if found.ready is None:
        return HOLD
    binds = [client for client in found.fresh if view.owners.get(client) is None]
    if any(client >= view.strangers for client in binds):
        raise Forbidden(
            "The update uses a client id that this hub did not give out.", code="foreign_client_id"
        )
    if len(binds) > view.ids_per_update or (
        binds and view.owners.bound_to(view.uid) + len(binds) > view.ids_per_user
    ):
        raise TooLarge(
            "The update brings more new client ids than the hub takes.", code="too_many_client_ids"
        )
    if len(found.applied) > view.room:
        raise TooLarge("The document has reached its largest size.", code="document_too_large")
    proven = all(view.owners.get(client) in (None, view.uid) for client in found.fresh)
    return Admit(binds, proven)


def missing_updates() -> BadRequest:
    """What has waited in vain is refused with."""
    return BadRequest("Something earlier is missing.", code="missing_updates")
