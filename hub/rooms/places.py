"""Where everything stands in a rich document: inside which type, and how deep that one is nested.

An update says so only of what it begins; the rest follows from its neighbours. So each clock is
remembered here with its place, in as few intervals as there are changes of place. Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Literal

from hub.wire.yupdate import DELETED, GC, Id, Struct

Kind = Literal["fragment", "element", "text", "nothing"]


class Place:
    """Inside a type, as a child of it or (``sub``) as the value of one of its keys."""

    __slots__ = ("depth", "kind", "sub")

    def __init__(self, kind: Kind, depth: int, *, sub: bool = False) -> None:
        self.kind = kind
        self.depth = depth
        self.sub = sub


NOWHERE = Place("nothing", 0)
"""Inside something that is gone: Yjs keeps such structs as their length only."""


class _Type:
    """The two places a type offers."""

    __slots__ = ("children", "values")

    def __init__(self, kind: Kind, depth: int) -> None:
        self.children = Place(kind, depth)
        self.values = Place(kind, depth, sub=True)


class Places:
    """Args:
    root: name of the only root, an XmlFragment.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self._root = _Type("fragment", 0)
        self._types: dict[Id, _Type] = {}
        self._starts: dict[int, list[int]] = {}
        self._places: dict[int, list[Place]] = {}
        self._gone: dict[int, list[tuple[int, int]]] = {}

    def at(self, id_: Id) -> Place:
        """Where a clock that is known stands."""
        starts = self._starts.get(id_[0])
        index = bisect_right(starts, id_[1]) - 1 if starts else -1
        return self._places[id_[0]][index] if index >= 0 else NOWHERE

    def inside(self, id_: Id, *, sub: bool) -> Place | None:
        """The place that a type offers; null when there is no type and never was one."""
        found = self._types.get(id_)
        if found is not None:
            return found.values if sub else found.children
        gone = self._gone.get(id_[0], ())
        index = bisect_right(gone, (id_[1], 1 << 60)) - 1
        return NOWHERE if index >= 0 and id_[1] < gone[index][1] else None

    def of_root(self, name: str, *, sub: bool) -> Place | None:
        if name != self.root:
            return None
        return self._root.values if sub else self._root.children

    def add(self, client: int, struct: Struct, place: Place, opens: Kind | None) -> None:
        """Remember a struct, which begins where its client's last one ended; ``opens``: it is a
        type of that kind."""
        starts = self._starts.setdefault(client, [])
        places = self._places.setdefault(client, [])
        if not places or places[-1] is not place:
            starts.append(struct.clock)
            places.append(place)
        if opens is not None:
            self._types[client, struct.clock] = _Type(opens, place.depth + 1)
        elif struct.kind in (GC, DELETED):
            self._gone.setdefault(client, []).append((struct.clock, struct.clock + struct.length))


class Draft:
    """What an update would add to the places, without adding it yet.

    Attributes:
        dead: structs that come to stand nowhere. Yjs keeps their length only; yrs does not in all
            cases, so it is told so.
    """

    def __init__(self, places: Places, clocks: dict[int, int]) -> None:
        self._base = places
        self._new = Places(places.root)
        self._clocks = clocks
        self._added: list[tuple[int, Struct, Place, Kind | None]] = []
        self.dead: list[tuple[int, Struct]] = []

    def of(self, client: int, struct: Struct) -> Place | None:
        """Where a struct comes to stand; null when its parent is none.

        Source: https://github.com/yjs/yjs src/structs/Item.js (getMissing).
        """
        if struct.kind == GC:
            return NOWHERE
        if struct.origin is not None or struct.right is not None:
            left = self._at(struct.origin) if struct.origin is not None else None
            right = self._at(struct.right) if struct.right is not None else None
            if left is NOWHERE or right is NOWHERE:
                return NOWHERE
            if right is not None and (right.sub or left not in (None, right)):
                return None  # between two types, or beside the value of a key
            return left if left is not None else right
        if isinstance(struct.parent, str):
            return self._base.of_root(struct.parent, sub=struct.sub)
        assert struct.parent is not None
        if self._is_new(struct.parent):
            return self._new.inside(struct.parent, sub=struct.sub)
        return self._base.inside(struct.parent, sub=struct.sub)

    def add(self, client: int, struct: Struct, place: Place, opens: Kind | None) -> None:
        self._new.add(client, struct, place, opens)
        self._added.append((client, struct, place, opens))
        if place is NOWHERE and struct.kind != GC:
            self.dead.append((client, struct))

    def commit(self) -> None:
        """Add it to the places."""
        for client, struct, place, opens in self._added:
            self._base.add(client, struct, place, opens)
        self._added.clear()

    def _is_new(self, id_: Id) -> bool:
        return id_[1] >= self._clocks.get(id_[0], 0)

    def _at(self, id_: Id) -> Place:
        return self._new.at(id_) if self._is_new(id_) else self._base.at(id_)
