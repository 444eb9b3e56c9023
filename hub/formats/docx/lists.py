"""Of which list of a Word file an item is that was moved or is new, and at which level."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hub.formats.docx.making import Making
from hub.formats.docx.styles import Styles
from hub.formats.office.flat import Flat, Item


class Lists:
    """Follows what is written, block by block: levels are told apart by what stands before them."""

    def __init__(self, making: Making, styles: Styles) -> None:
        self._making = making
        self._styles = styles
        self._known: dict[tuple[Any, int], tuple[str, int]] = {}
        self._kinds: dict[str, str] = {}  # of numbers that were made here
        self._made: dict[str, str] = {}
        self._levels: list[int] = []  # of the items that the next block is within
        self._quote = False

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What is written meanwhile stands in a container of its own."""
        levels, quote = self._levels, self._quote
        self._levels, self._quote = [], False
        yield
        self._levels, self._quote = levels, quote

    def learn(self, flat: Flat, source: Flat) -> None:
        """An item of the document is one of the file."""
        if flat.item is not None and source.item is not None and source.item.kind != "more":
            place = source.item.number, source.item.level
            self._known.setdefault((flat.item.list, flat.item.depth), place)

    def place(self, flat: Flat, was: Item | None) -> tuple[str, int] | None:
        """Number and level of the next block, null for one that is no item. To be asked for every
        block, in order.

        Args:
            was: the item it was in the file, or is like.
        """
        item = flat.item if flat.node.type == "paragraph" else None
        if item is None or flat.quote != self._quote:
            self._levels.clear()
        self._quote = flat.quote
        if item is None:
            return None
        given = self._known.get((item.list, item.depth))
        if was is not None and (was.kind == "more") == (item.kind == "more"):
            wished = was.level + item.depth - was.depth
        else:
            wished = item.depth if given is None else given[1]
        level = self._level(item, wished)
        place = self._number(item, was, given, level), level
        if item.kind != "more":
            self._known.setdefault((item.list, item.depth), place)
            del self._levels[item.depth :]
            self._levels.append(level)
        return place

    def is_boxed(self, item: Item) -> bool:
        """Whether the sign of an item is its box, so that its words have none."""
        if item.kind != "task":
            return False
        level = self._styles.level(item.number, item.level)
        return level is not None and level.checked is not None

    def _level(self, item: Item, wished: int) -> int:
        """The one nearest to a wish at which an item has its depth (``office.flat.settle``)."""
        around = self._levels
        depth = min(item.depth, len(around))
        if item.kind == "more" and depth < len(around):
            return around[depth]
        least = around[depth - 1] + 1 if depth else 0
        most = around[depth] if depth < len(around) else 8
        return max(least, min(most, wished))

    def _number(
        self, item: Item, was: Item | None, given: tuple[str, int] | None, level: int
    ) -> str:  # fmt: skip
        if was is not None and was.kind == item.kind == "more":
            return was.number
        if item.kind == "more":
            return self._new("more")
        if was is not None and self.is_boxed(was):
            if was.checked == item.checked and was.level == level:
                return was.number
            known = self._styles.boxed(level, item.checked)
            return known or self._new("checked" if item.checked else "unchecked")
        wanted = "ordered" if item.kind == "ordered" else "bullet"
        around = self._known_around(item)
        choices = (given[0] if given else None, was.number if was else None, around)
        for number in choices:
            if number is not None and self._is(number, level, wanted):
                return number
        number = self._making.numbering(wanted, item.start)
        self._kinds[number] = wanted
        return number

    def _known_around(self, item: Item) -> str | None:
        """The number of the list that an item's list is in, which may have a level for it."""
        if not item.depth or len(self._levels) < item.depth:
            return None
        outer = [place for (_, depth), place in self._known.items() if depth == item.depth - 1]
        return outer[-1][0] if outer else None

    def _new(self, kind: str) -> str:
        if kind not in self._made:
            self._made[kind] = self._making.numbering(kind)
        return self._made[kind]

    def _is(self, number: str, level: int, wanted: str) -> bool:
        if (new := self._kinds.get(number)) is not None:
            return new == wanted
        found = self._styles.level(number, level)
        return found is not None and found.kind == wanted and found.checked is None
