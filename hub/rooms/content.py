"""The Yjs document itself, with what admission asks of it kept beside it.

pycrdt's traps are dealt with here, nowhere else: it gets only updates that are complete, without
Skips, of allowed content, and cutting no surrogate pair; PanicException, a BaseException, ends as
a ``ProtocolError``, after which the content must be thrown away (``hub.rooms.fold`` makes it anew).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pycrdt import Doc

from hub.errors import ProtocolError
from hub.rooms.content_rules import places_of
from hub.rooms.order import PIECE_STRUCTS, pieces
from hub.rooms.pairs import Pairs, mended
from hub.rooms.places import Draft
from hub.wire import yrewrite, yupdate
from hub.wire.yupdate import Id, Update


class Content:
    """Attributes:
    kind: of document, which says what may stand in it.
    clocks: client id → next clock, as in the state vector.
    size: bytes of the encoded state, roughly between two encodings.
    places: null where nothing nests.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.doc: Doc[Any] = Doc()
        self.clocks: dict[int, int] = {}
        self.places = places_of(kind)
        self.pairs = Pairs()
        self.size = self._counted = 2
        self._state: bytes | None = None

    def draft(self) -> Draft | None:
        return Draft(self.places, self.clocks) if self.places is not None else None

    # --- reading ----------------------------------------------------------------------------------

    def state(self) -> bytes:
        """The whole document as one update, encoded once for a crowd."""
        if self._state is None:
            self._state = self.doc.get_update()
            self.size = self._counted = len(self._state)
        return self._state

    def count_anew(self, slack: int) -> None:
        """Correct ``size``, if it can be wrong by more than ``slack`` bytes."""
        if self.size - self._counted > slack:
            self.state()

    def diff(self, clocks: Mapping[int, int]) -> bytes:
        """What somebody lacks who knows these clocks; always with all deletions."""
        if self.pairs:
            # From the middle of a pair on yrs writes a string without a length.
            clocks = {
                client: clock - ((client, clock - 1) in self.pairs)
                for client, clock in clocks.items()
            }
        return self.doc.get_update(yupdate.write_state_vector(clocks))

    def state_vector(self) -> bytes:
        return yupdate.write_state_vector(self.clocks)

    def from_clock(self, client: int, clock: int) -> bytes:
        """What a client wrote from a clock on, as an update."""
        return self.diff({**self.clocks, client: clock})

    def lacks_deletion(self, deletes: dict[int, list[tuple[int, int]]]) -> bool:
        """Whether any of the ranges is not wholly deleted yet. Takes time by the number of
        deletions in the document."""
        known = yupdate.parse(self.diff(self.clocks)).deletes
        return any(
            not _covered(ranges, known.get(client, [])) for client, ranges in deletes.items()
        )

    # --- changing ---------------------------------------------------------------------------------

    def load(self, state: bytes) -> None:
        """Begin with a state that is known to be good.

        Raises:
            ProtocolError: ``malformed_update``.
        """
        apply_to(self.doc, state)
        self.clocks = yupdate.read_state_vector(self.doc.get_state())
        self.size = self._counted = len(state)

    def apply(
        self, update: Update, raw: bytes, draft: Draft | None, cut: set[Id],
        doc: Doc[Any] | None = None,
    ) -> None:  # fmt: skip
        """Take an update in.

        Args:
            update: lacks nothing and repeats nothing.
            raw: the same as yrs must get it (``for_yrs``).
            draft: where its structs stand.
            cut: pairs it takes apart; the document's own ones need a ``doc``.
            doc: the document as it is with the update (``ahead``); null to apply it to this one.

        Raises:
            ProtocolError: ``malformed_update``; the content is of no use any more.
        """
        if doc is None:
            feed(self.doc, update, raw, self.clocks)
        else:
            self.doc = doc
        self.size += len(raw)
        self._state = None
        for client, structs in update.structs.items():
            end = yupdate.end_of(structs)
            if end > self.clocks.get(client, 0):
                self.clocks[client] = end
            if update.astral:
                self.pairs.add(client, structs)
        self.pairs.taken_apart(cut)
        if draft is not None:
            draft.commit()

    def ahead(self, update: Update, raw: bytes, cut: set[Id]) -> Doc[Any]:
        """A copy of the document with an update applied, as it must be given to ``apply``. Takes
        time by the size of the document.

        Raises:
            ProtocolError: ``malformed_update``; nothing has changed.
        """
        doc: Doc[Any] = Doc()
        for one in self.as_updates(update, raw, cut):
            apply_to(doc, one)
        return doc

    def as_updates(self, update: Update, raw: bytes, cut: set[Id]) -> list[bytes]:
        """What such a copy is made of: the state before, and pieces of the update."""
        return [self._parted_state(cut), *digestible(update, raw, self.clocks)]

    def take_apart(self, cut: set[Id]) -> None:
        """Take pairs of the document apart. Takes time by the size of the document."""
        if cut:
            state = self._parted_state(cut)
            self.doc = Doc()
            apply_to(self.doc, state)

    def _parted_state(self, cut: set[Id]) -> bytes:
        state = self.doc.get_update()  # in a thread, where ``state`` must not keep it
        if not cut:
            return state
        known = yupdate.parse(state)
        return yrewrite.replace(known, _mended_contents(known, mended(known, cut)))


def for_yrs(update: Update, cut: set[Id], draft: Draft | None) -> bytes:
    """An update as yrs must get it: with these pairs taken apart, and with what stands nowhere as
    its length only."""
    contents = _mended_contents(update, mended(update, cut)) if cut else {}
    if draft is not None:
        for client, struct in draft.dead:
            contents[client, struct.clock] = yrewrite.as_gc(struct)
    return yrewrite.replace(update, contents) if contents else update.data


def _mended_contents(update: Update, touched: dict[Id, list[int]]) -> dict[Id, bytes]:
    return {
        (client, struct.clock): yrewrite.without_pairs(update.data, struct, clocks)
        for client, structs in update.structs.items()
        for struct in structs
        if (clocks := touched.get((client, struct.clock))) is not None
    }


def _covered(ranges: list[tuple[int, int]], known: list[tuple[int, int]]) -> bool:
    """Whether the union of ``known`` holds all of the ranges."""
    there = merged(known)
    at = 0
    for clock, length in sorted(ranges):
        while at < len(there) and there[at][1] <= clock:
            at += 1
        if at == len(there) or there[at][0] > clock or there[at][1] < clock + length:
            return False
    return True


def merged(ranges: list[tuple[int, int]]) -> list[list[int]]:
    """Ranges ``(clock, length)`` as ``[first, end]``, in order and apart from each other."""
    apart: list[list[int]] = []
    for clock, length in sorted(ranges):
        if apart and clock <= apart[-1][1]:
            apart[-1][1] = max(apart[-1][1], clock + length)
        else:
            apart.append([clock, clock + length])
    return apart


def feed(doc: Doc[Any], update: Update, raw: bytes, clocks: Mapping[int, int]) -> None:
    """Apply an update in pieces that are good for yrs.

    Args:
        update, raw: as in ``Content.apply``.
        clocks: of the document.

    Raises:
        ProtocolError: ``malformed_update``.
    """
    for piece in digestible(update, raw, clocks):
        apply_to(doc, piece)


def digestible(update: Update, raw: bytes, clocks: Mapping[int, int]) -> list[bytes]:
    few = len(raw) <= PIECE_STRUCTS or sum(map(len, update.structs.values())) <= PIECE_STRUCTS
    if few:
        return [raw]
    return pieces(raw, clocks)


def apply_to(doc: Doc[Any], data: bytes) -> None:
    """Raises:
    ProtocolError: ``malformed_update``. yrs panics on some input, which pycrdt passes on as a
        BaseException.
    """
    try:
        doc.apply_update(data)
    except Exception as error:
        raise ProtocolError("The update is malformed.", code="malformed_update") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ProtocolError("The update is malformed.", code="malformed_update") from error
