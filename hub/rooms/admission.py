"""Whether an update may enter a document: bytes in, a plan out. Pure; nothing is changed here.

    parse ─► study(update, content)       what it holds that is new, complete and allowed
                  │
                  ▼
             plan(study, view)            Admit | Hold | Nothing, or a refusal

Everything that can refuse is asked before anything changes, so that what is admitted is admitted
whole (``hub.rooms.documents`` does that) and what is refused is nowhere.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

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
from hub.rooms.effort import effort
from hub.rooms.order import Order, order, select
from hub.rooms.owners import Owners
from hub.rooms.pairs import cuts
from hub.rooms.places import Draft
from hub.wire import yrewrite, yupdate
from hub.wire.yupdate import DELETED, GC, SKIP, STRING, Id, Struct, Update

LIGHT_BYTES: Final = 32 * 1024
"""Updates above this are not studied on the loop."""
LIGHT_CONTENT_BYTES: Final = 32 * 1024
"""What takes time by the size of the document is done on the loop up to this size."""
MAX_STRUCTS: Final = 400_000
"""Of one update, and as many deletions: each takes 250 bytes of memory while it is studied."""
QUICK_S: Final = 0.03
"""What might take yrs longer is applied to a copy of the document, off the loop."""
TRUSTED_S: Final = 1.0
"""What might take it longer than this is tried first."""
MAX_LOOKS: Final = 8
"""Of so many clients an update may repeat clocks to be looked at on the loop."""


Range = tuple[int, int]


class Costly(Exception):
    """The answer takes long: ask again, patiently, off the loop."""


# --- the same id used twice -----------------------------------------------------------------------


def contradicts(
    given: Update, client: int, content: bytes, known: list[Struct],
    unproven: Sequence[Range] = (),
) -> bool:  # fmt: skip
    """Whether two accounts of one client's clocks tell different things: the id was used twice.

    Structs may be split in different places, and deleted ones have lost what they held; only where
    both sides still have something is it compared. A half of a pair may have become U+FFFD. What
    others delivered before the owner did must say just what the owner says: they could have filled
    the owner's next clocks with nothing.

    Args:
        content: the bytes in which ``known`` lies.
        unproven: clocks ``(first, end)`` that others delivered, when this is the owner's account.
    """
    at = 0
    for struct in given.structs[client]:
        end = struct.clock + struct.length
        while at < len(known) and known[at].clock + known[at].length <= struct.clock:
            at += 1
        index = at
        while index < len(known) and known[index].clock < end:
            other = known[index]
            doubted = _meets(unproven, struct, other)
            if _differ(given.data, struct, content, other, client, strictly=doubted):
                return True
            index += 1
    return False


_BARE: Final = frozenset((GC, DELETED, SKIP))


def _meets(ranges: Sequence[Range], struct: Struct, other: Struct) -> bool:
    """Whether what two structs have in common lies in one of the ranges, in part."""
    first = max(struct.clock, other.clock)
    end = min(struct.clock + struct.length, other.clock + other.length)
    index = bisect_right(ranges, first, key=itemgetter(1))
    return index < len(ranges) and ranges[index][0] < end


def _differ(
    mine: bytes, struct: Struct, theirs: bytes, other: Struct, client: int, *, strictly: bool
) -> bool:
    if struct.kind in _BARE or other.kind in _BARE:
        return strictly and struct.kind not in _BARE
    first = max(struct.clock, other.clock)
    if struct.kind != other.kind or _origin(struct, first, client) != _origin(other, first, client):
        return True
    if struct.kind == STRING:
        last = min(struct.clock + struct.length, other.clock + other.length)
        return _texts_differ(struct, other, first, last, strictly=strictly)
    return content_rules.contents(mine, struct) != content_rules.contents(theirs, other)


def _origin(struct: Struct, clock: int, client: int) -> Id | None:
    return struct.origin if clock == struct.clock else (client, clock - 1)


@lru_cache(maxsize=4)  # one long text is held against many short ones
def _units(text: str) -> bytes:
    return text.encode("utf-16-le")


def _texts_differ(struct: Struct, other: Struct, first: int, last: int, *, strictly: bool) -> bool:
    one, two = (
        _units(text.text or "")[2 * (first - text.clock) : 2 * (last - text.clock)]
        for text in (struct, other)
    )
    if strictly or one == two:
        return one != two
    lost = b"\xfd\xff"
    return any(
        one[at : at + 2] != two[at : at + 2] and lost not in (one[at : at + 2], two[at : at + 2])
        for at in range(0, len(one), 2)
    )


def _refuse_reuse(
    update: Update, ordered: Order, content: Content, unproven: Mapping[int, list[Range]]
) -> None:
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
        if contradicts(update, client, data, known, unproven.get(client, [])):
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
        effort: seconds that yrs might take over it, at worst.
        doc: the document as it will be, where it was made ahead; null: it is to be applied.
        rest: what lacks something, and ``missing``, clocks that it lacks.
    """

    fresh: list[int]
    ready: Update | None
    applied: bytes
    draft: Draft | None
    cut: set[Id]
    rest: bytes | None
    missing: dict[int, int]
    effort: float = 0.0
    doc: Doc[Any] | None = None

    @property
    def suspect(self) -> bool:
        """It must be tried elsewhere before it is applied."""
        return self.doc is None and self.effort > TRUSTED_S


def study(
    update: Update, content: Content, *, repeats: bool, patient: bool,
    unproven: Mapping[int, list[Range]] | None = None,
) -> Study:  # fmt: skip
    """Hold an update against a document.

    Args:
        repeats: it may repeat deletions that are known, as a step 2 always does.
        patient: it may take long.
        unproven: clocks of the sender's own client ids that others have delivered.

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
        _refuse_reuse(update, ordered, content, unproven or {})
    deletes = ordered.deletes
    if deletes and repeats and not ordered.steps:
        if not light:
            raise Costly
        if not content.lacks_deletion(deletes):
            deletes = {}
    fresh = list(dict.fromkeys(client for client, _ in ordered.steps))
    found = Study(fresh, None, b"", draft, set(), None, ordered.missing)
    if ordered.rest or ordered.rest_deletes:
        found.rest = yrewrite.select(update, ordered.rest, ordered.rest_deletes)
    if not fresh and not deletes:
        return found
    ready = update if ordered.whole else select(update, ordered, deletes)
    found.ready = ready
    found.effort = effort(ready, content.clocks, content.size)
    if found.effort > QUICK_S and not patient:
        raise Costly
    found.cut = cuts(ready, content.pairs)
    own = bool(found.cut) and content.pairs.hold_any(found.cut)
    if own and not light:
        raise Costly
    found.applied = for_yrs(ready, found.cut, draft)
    if found.effort <= TRUSTED_S and (own or found.effort > QUICK_S):
        found.doc = content.ahead(ready, found.applied, found.cut)
    return found


# --- the plan -------------------------------------------------------------------------------------


class View(NamedTuple):
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


class Admit(NamedTuple):
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
    if found.fresh and len(found.applied) > view.room:
        raise TooLarge("The document has reached its largest size.", code="document_too_large")
    proven = all(view.owners.get(client) in (None, view.uid) for client in found.fresh)
    return Admit(binds, proven)


def missing_updates() -> BadRequest:
    """What has waited in vain is refused with; it may be taken when the rest comes with it."""
    return BadRequest("Something earlier is missing.", code="missing_updates", retry_after_s=0)
