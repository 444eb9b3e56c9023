"""What begins at one place of a file and ends at another, where one of these places has gone."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Mapping

from hub.formats.office.xml import Element

Insert = Callable[[Element, Element | None, Element], None]
"""Puts a mark behind an element, or else at the beginning of what held it."""


class Pairing:
    """Args:
    pairs: the tags of ends, and of what they end.
    name: what both ends call themselves.
    insert: how a mark comes back into a file.
    """

    def __init__(
        self, pairs: Mapping[str, str], name: Callable[[Element], str], insert: Insert
    ) -> None:
        self._pairs = pairs
        self._tags = tuple(tag for pair in pairs.items() for tag in pair)
        self._name = name
        self._insert = insert
        self._lost: list[tuple[Element, Element | None, Element]] = []

    def unpaired(self, root: Element) -> set[tuple[str, str]]:
        """What begins and does not end, or the other way round."""
        found: Counter[tuple[str, str]] = Counter()
        for one in root.iter(*self._tags):
            found[self._opening(one)] += -1 if one.tag in self._pairs else 1
        return {name for name, times in found.items() if times}

    def lose(self, element: Element, at: Element | None) -> None:
        """An element goes.

        Args:
            at: what stands before its place.
        """
        for mark in element.iter(*self._tags):
            self._lost.append((mark, at, element.getparent()))

    def mend(self, root: Element, before: set[tuple[str, str]]) -> None:
        """Of what began or ended in words that went, the rest is there: it begins or ends where
        they were. What cannot goes, too.

        Args:
            before: what was not paired anyway.
        """
        gone = self.unpaired(root) - before
        for mark, at, parent in self._lost:
            if self._opening(mark) in gone:
                again = copy.deepcopy(mark)
                again.tail = None
                self._insert(again, at, parent)
        self._lost.clear()
        gone = self.unpaired(root) - before
        for one in [*root.iter(*self._tags)] if gone else ():
            if self._opening(one) in gone:
                before_it, parent = one.getprevious(), one.getparent()
                if one.tail and before_it is not None:
                    before_it.tail = (before_it.tail or "") + one.tail
                elif one.tail:
                    parent.text = (parent.text or "") + one.tail
                one.tail = None
                parent.remove(one)

    def _opening(self, element: Element) -> tuple[str, str]:
        return self._pairs.get(element.tag, element.tag), self._name(element)
