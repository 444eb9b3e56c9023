"""Updates that know the structure of Yjs and respect it mostly: every kind of content, odd lengths,
odd neighbours, nests, splits, repeats, gaps, and real ones with some bytes changed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from hub.wire import yupdate
from hub.wire.varint import write_varint as varint
from hub.wire.yupdate import Id
from tests.support.yupdates import Made, gc, skip, string, struct, text, update

CLIENTS = (1, 2, 77, 2**31 + 5, 2**32 + 9, 2**52 + 3)
TEXTS = ("a", "xyz", "😀", "p😀q", "ž\u0301", "\ufffd", "😀😎", "\x00", "👩‍👩‍👧", "word " * 9)
VALUES = (
    b"\x77" + string("v"), b"\x7d\x05", b"\x7d\x45", b"\x7f", b"\x7e", b"\x78", b"\x79",
    b"\x7b" + bytes(8), b"\x7b\x7f\xf8" + bytes(6), b"\x7c\x3f\x80\x00\x00", b"\x7a" + bytes(8),
    b"\x76\x01" + string("k") + b"\x75\x02\x7d\x01\x77" + string("😀"), b"\x74\x02\x00\xff",
)  # fmt: skip
JSONS = ("null", "true", "{}", '{"a":1}', '"x"', "1.5", "[1,[2]]", '{"src":"\\u00e9😀"}')
BAD_JSONS = ("undefined", "NaN", "1e999", '"\\ud800"', "{", "[" * 200 + "]" * 200)


class Fuzzer:
    """Args:
    kind: of the document the updates are for.
    clients: ids it writes under.
    strange: how often a right neighbour is any clock at all. Then the order of things is not
        defined: neither Yjs nor yrs ends the same in every order of arrival.
    """

    def __init__(
        self, kind: str, seed: int, *, clients: Sequence[int] = CLIENTS, strange: float = 0.0
    ) -> None:
        self.strange = strange
        self._clients = clients
        self._kind = kind
        self._chance = random.Random(seed)
        self._types: list[Id] = []
        self._kept: list[bytes] = []
        self._root = "content" if kind == "text" else "default"

    def next(self, clocks: Mapping[int, int], state: bytes = yupdate.EMPTY) -> bytes:
        """One more update.

        Args:
            clocks: what the document knows.
            state: of the document, of which right neighbours are taken.
        """
        chance = self._chance
        self._runs = [
            (client, struct)
            for client, structs in yupdate.parse(state).structs.items()
            for struct in structs
            if struct.length > 1 and struct.kind == yupdate.STRING
        ]
        roll = chance.random()
        if self._kept and roll < 0.12:
            return self._mutated(chance.choice(self._kept))
        if self._kept and roll < 0.17:
            return chance.choice(self._kept)
        structs: dict[int, tuple[int, list[Made]]] = {}
        for client in chance.sample(self._clients, chance.choice((0, 1, 1, 1, 1, 2, 3))):
            clock = clocks.get(client, 0)
            roll = chance.random()
            if roll < 0.06:
                clock += chance.randint(1, 4)
            elif roll < 0.14:
                clock = chance.randint(0, clock)
            structs[client] = (clock, self._structs(client, clock, clocks))
        made = update(structs, self._deletes(clocks))
        self._kept.append(made)
        del self._kept[:-40]
        return made

    def _structs(self, client: int, clock: int, clocks: Mapping[int, int]) -> list[Made]:
        if self._kind == "text" and self._chance.random() < 0.002:
            return self._heap(client, clock)
        made: list[Made] = []
        for _ in range(self._chance.choice((1, 1, 1, 2, 3, 6))):
            one = self._struct(client, clock, clocks)
            made.append(one)
            clock += one[0]
        return made

    def _heap(self, client: int, clock: int) -> list[Made]:
        """More than yrs gets at once: one behind the other, or all at the beginning."""
        count = self._chance.randint(1001, 2500)
        behind = self._chance.random() < 0.5
        made = [text("h", origin=(client, clock - 1) if clock and behind else None)]
        for at in range(clock, clock + count):
            made.append(text("h", origin=(client, at) if behind else None))
        return made

    def _struct(self, client: int, clock: int, clocks: Mapping[int, int]) -> Made:
        chance = self._chance
        roll = chance.random()
        if roll < 0.02:
            return gc(chance.randint(1, 5))
        if roll < 0.04:
            return skip(chance.randint(1, 5))
        origin = right = parent = None
        key = None
        roll = chance.random()
        if roll < 0.35 and clock:
            origin = (client, clock - 1)
        elif roll < 0.75:
            origin = self._id(client, clock, clocks)
            if chance.random() < self.strange:
                right = self._id(client, clock, clocks)
            elif self._runs and chance.random() < 0.5:
                other, run = chance.choice(self._runs)
                at = chance.randrange(run.clock, run.clock + run.length - 1)
                origin, right = (other, at), (other, at + 1)
        elif self._types and roll < 0.97 and self._kind == "rich":
            parent = chance.choice(self._types)
            if chance.random() < 0.4:
                key = chance.choice(("level", "src", "x"))
        where: dict[str, object] = {
            "origin": origin, "right": right, "parent": parent or self._root, "key": key
        }  # fmt: skip
        if origin is None and right is None and chance.random() < 0.01:
            where["parent"] = chance.choice(("other", "", self._id(client, clock, clocks)))
        return self._item(client, clock, where, key)

    def _item(self, client: int, clock: int, where: dict[str, object], key: str | None) -> Made:
        chance = self._chance
        rich = self._kind == "rich"
        if chance.random() < 0.02:
            return self._odd(where)
        if key is not None:
            return struct(8, b"\x01" + chance.choice(VALUES), **where)  # type: ignore[arg-type]
        kinds = ("type", "type", "text", "text", "format") if rich else ("text",) * 6 + ("format",)
        match chance.choice((*kinds, "embed", "deleted")):
            case "type":
                self._types.append((client, clock))
                del self._types[:-60]
                content = chance.choice((b"\x03" + string("paragraph"), b"\x06"))
                return struct(7, content, **where)  # type: ignore[arg-type]
            case "text":
                return text(chance.choice(TEXTS), **where)
            case "format":
                value = chance.choice(JSONS if chance.random() < 0.95 else BAD_JSONS)
                return struct(6, string("bold") + string(value), **where)  # type: ignore[arg-type]
            case "embed":
                value = chance.choice(JSONS if chance.random() < 0.95 else BAD_JSONS)
                return struct(5, string(value), **where)  # type: ignore[arg-type]
            case _:
                length = chance.randint(1, 4)
                return struct(1, varint(length), length, **where)  # type: ignore[arg-type]

    def _odd(self, where: dict[str, object]) -> Made:
        """What no document may hold."""
        choice: Sequence[tuple[int, bytes, int]] = (
            (2, b"\x02" + string("undefined") + string('{"a":1}'), 2),
            (3, b"\x02\x00\x01", 1),
            (7, b"\x05" + string("hook"), 1),
            (7, b"\x00", 1), (7, b"\x01", 1), (7, b"\x02", 1), (7, b"\x04", 1),
            (8, b"\x02" + VALUES[0] + VALUES[1], 2),
            (8, b"\x01" + b"\x75\x01" * 100 + b"\x7e", 1),
            (9, string("guid") + b"\x76\x00", 1),
        )  # fmt: skip
        kind, content, length = self._chance.choice(choice)
        return struct(kind, content, length, **where)  # type: ignore[arg-type]

    def _id(self, client: int, clock: int, clocks: Mapping[int, int]) -> Id | None:
        chance = self._chance
        known = [(other, end) for other, end in clocks.items() if end]
        if clock and (not known or chance.random() < 0.3):
            return client, chance.randrange(clock)
        if not known:
            return None
        other, end = chance.choice(known)
        return other, chance.randrange(end + (chance.random() < 0.03))

    def _deletes(self, clocks: Mapping[int, int]) -> dict[int, list[tuple[int, int]]]:
        chance = self._chance
        deletes: dict[int, list[tuple[int, int]]] = {}
        known = [(client, end) for client, end in clocks.items() if end]
        for _ in range(chance.choice((0, 0, 0, 1, 1, 3))):
            if known:
                client, end = chance.choice(known)
                at = chance.randrange(end)
                deletes.setdefault(client, []).append((at, chance.choice((1, 1, 2, 5))))
        return deletes

    def _mutated(self, data: bytes) -> bytes:
        chance = self._chance
        changed = bytearray(data)
        for _ in range(chance.choice((1, 1, 2, 4))):
            at = chance.randrange(len(changed))
            roll = chance.random()
            if roll < 0.6:
                changed[at] = chance.randrange(256)
            elif roll < 0.7 and changed[at] < 0x80:  # the same number in one byte more
                changed[at : at + 1] = bytes((changed[at] | 0x80, 0))
            elif roll < 0.8:
                del changed[at]
            else:
                changed.insert(at, chance.randrange(256))
            if not changed:
                return b"\x00"
        return bytes(changed)
