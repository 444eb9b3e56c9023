"""Paragraphs character by character, of a file and of a document, and which of the former each of
the latter is. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from hub.formats import canon, tree
from hub.formats.aligning import aligned
from hub.formats.office.flat import Flat
from hub.formats.office.source import Piece, Unit
from hub.formats.office.xml import clean
from hub.formats.tree import Node

MARKS: Final = frozenset((
    "bold", "italic", "strike", "underline", "highlight", "superscript", "subscript", "code",
))  # fmt: skip
_PARAGRAPH: Final = ("end",)
"""The key of the end of a paragraph."""


@dataclass(slots=True, eq=False)
class Slot:
    """A character, or what stands in the place of one.

    Attributes:
        marks: those that a run can say.
        node: what it is, if it is no character.
        piece: of the file.
    """

    key: Any
    marks: frozenset[str] = frozenset()
    link: str | None = None
    node: Node | None = None
    piece: Piece | None = None
    unit: Unit | None = None


class Hidden(NamedTuple):
    """What shows nothing, before a slot."""

    at: int
    piece: Piece


class Line(NamedTuple):
    """The slots ``start`` to ``end`` of all; the end of the paragraph follows."""

    start: int
    end: int


def slots_of_file(flats: Sequence[Flat]) -> tuple[list[Slot], list[Hidden], list[Line]]:
    slots: list[Slot] = []
    hidden: list[Hidden] = []
    lines = []
    for flat in flats:
        start = len(slots)
        in_code = flat.node.type == "codeBlock"
        for piece in flat.source.pieces:
            if piece.node is None:
                hidden.append(Hidden(len(slots), piece))
                continue
            for slot in _slots(piece.node, in_code):
                slot.piece = piece
                slot.unit = piece.units[0] if piece.units else None
                slots.append(slot)
        lines.append(Line(start, len(slots)))
        slots.append(Slot(_PARAGRAPH))
    return slots, hidden, lines


def slots_of_tree(flats: Sequence[Flat]) -> tuple[list[Slot], list[Line]]:
    slots: list[Slot] = []
    lines = []
    for flat in flats:
        start = len(slots)
        in_code = flat.node.type in ("codeBlock", "source")
        children = [flat.node] if flat.node.type == "image" else flat.node.children
        for node in children:
            slots += _slots(node, in_code)
        lines.append(Line(start, len(slots)))
        slots.append(Slot(_PARAGRAPH))
    return slots, lines


def _slots(node: Node, in_code: bool) -> Iterator[Slot]:
    if node.type == "text":
        marks = frozenset(() if in_code else MARKS & node.marks.keys())
        link = tree.link(node)
        for one in clean(node.text):
            yield Slot(" " if one == "\r" or (one == "\n" and not in_code) else one, marks, link)
    elif node.type == "hardBreak":
        yield Slot("\n")
    elif node.type in ("mention", "inlineSource"):
        text = tree.mention(node) if node.type == "mention" else str(node.attrs.get("source") or "")
        for one in " ".join(clean(text).split()):
            yield Slot(one)
    else:
        given = Node("inlineImage", node.attrs) if node.type == "image" else node
        told = {name: one for name, one in given.attrs.items() if name != "alt"}
        yield Slot((given.type, canon.key(Node(given.type, told))), node=given)


class Alignment:
    """Paragraphs of the file and what stands in their place, aligned by their characters, so that
    who parts or joins paragraphs keeps how they look.

    Attributes:
        before, after: the slots of each; ``hidden`` is between those of the file.
        old_lines, lines: where each paragraph is in them.
        source: of each slot of ``after``, which of ``before`` it is.
        bases: of each new paragraph, which of the file it is.
    """

    def __init__(self, old: Sequence[Flat], new: Sequence[Flat]) -> None:
        self.before, self.hidden, self.old_lines = slots_of_file(old)
        self.after, self.lines = slots_of_tree(new)
        self.source = aligned([one.key for one in self.before], [one.key for one in self.after])
        self.bases = self._paired(old)
        self._following = self._nexts()
        self.shown = 0
        """Of what shows nothing, how much is written."""

    def _paired(self, old: Sequence[Flat]) -> list[Flat | None]:
        """Each takes the paragraph that most of it comes from, in order."""
        owners = [-1] * len(self.before)
        for number, line in enumerate(self.old_lines):
            owners[line.start : line.end + 1] = [number] * (line.end + 1 - line.start)
        found: list[Flat | None] = []
        least = 0
        for line in self.lines:
            counts: dict[int, int] = {}
            for at in range(line.start, line.end + 1):
                source = self.source[at]
                if source is not None and owners[source] >= least:
                    weight = 1 if at == line.end else 2
                    counts[owners[source]] = counts.get(owners[source], 0) + weight
            best = max(counts, key=lambda one: (counts[one], -one), default=None)
            if best is None:
                found.append(None)
            else:
                found.append(old[best])
                least = best + 1
        return found

    def following(self, at: int) -> int | None:
        """The next slot of the file in a paragraph, or the one of its end."""
        return self._following[at]

    def _nexts(self) -> list[int | None]:
        found: list[int | None] = [None] * len(self.after)
        for line in self.lines:
            last: int | None = None
            for at in range(line.end, line.start - 1, -1):
                last = self.source[at] if self.source[at] is not None else last
                found[at] = last
        return found

    def end_of(self, number: int) -> int | None:
        """The slot of the file that ends what a new paragraph holds of it."""
        if number == len(self.lines) - 1:
            return len(self.before)
        return self.following(self.lines[number].end)

    def says_the_same(self, number: int, old_number: int) -> bool:
        """Whether a new paragraph has the characters of one of the file, with nothing hidden to
        come in before them; what is hidden in it counts as written then."""
        line, old = self.lines[number], self.old_lines[old_number]
        if self.source[line.start : line.end] != [*range(old.start, old.end)]:
            return False
        at = self.shown
        if at < len(self.hidden) and self.hidden[at].at < old.start:
            return False
        while at < len(self.hidden) and self.hidden[at].at <= old.end:
            at += 1
        self.shown = at
        return True
