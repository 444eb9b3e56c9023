"""An OpenDocument text with what its document says now: only what says something else is written
anew, in its place, with the styles it had (as ``hub.formats.docx.writer`` does it).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from hub.formats.odt import paragraphs, tables
from hub.formats.odt.bench import TEXTS, Bench
from hub.formats.odt.names import NAMES, local, value
from hub.formats.odt.nesting import Nesting, Placed
from hub.formats.odt.parts import Parts
from hub.formats.odt.reader import Reader
from hub.formats.office import matching
from hub.formats.office.flat import Flat, flatten, key
from hub.formats.office.notes import references
from hub.formats.office.pairing import Pairing
from hub.formats.office.xml import Element, etree
from hub.formats.tree import Node

_EMPTY: Final = key(Flat(Node("paragraph")))
"""What a document without a block has."""
_PAIRS: Final = {
    NAMES("office:annotation-end"): NAMES("office:annotation"),
} | {
    NAMES(f"{name}-end"): NAMES(start)
    for name, start in (
        ("text:bookmark", "text:bookmark-start"),
        ("text:reference-mark", "text:reference-mark-start"),
        ("text:toc-mark", "text:toc-mark-start"),
        ("text:user-index-mark", "text:user-index-mark-start"),
        ("text:alphabetical-index-mark", "text:alphabetical-index-mark-start"),
        ("text:change", "text:change-start"),
    )
}
_ENDED: Final = frozenset(("table-cell", "note-body"))


class Writer:
    """Args:
    reader: of the file.
    pictures: bytes of those that the file has not, by attachment.
    """

    def __init__(self, parts: Parts, reader: Reader, pictures: Mapping[str, bytes]) -> None:
        self.changed = False
        self._parts = parts
        self._reader = reader
        self._bench = Bench(parts, reader, pictures)
        self._nesting = Nesting(reader.styles, self._bench.making)
        self._blocks = reader.blocks(parts.body)
        self._known: dict[bytes, list[Element]] = {}
        self._pairing = Pairing(_PAIRS, _name_of, self._put_mark)

    def save(self, nodes: Sequence[Node]) -> bytes | None:
        """The file anew; null when it says what it said."""
        body, before = self._parts.body, self._blocks
        self._bench.said_notes = {
            str(node.attrs.get("id")): node for node in nodes if node.type == "footnote"
        }
        self._bench.referred = Counter(references(nodes))
        unpaired = self._pairing.unpaired(body)
        self._bench.in_note = True
        for name, (note, flats) in self._reader.notes.items():
            # First: paragraphs that are written anew take their notes with them.
            if (said := self._bench.said_notes.get(name)) is not None:
                self.patch(flats, flatten(said.children), note)
        self._bench.in_note = False
        after = flatten(nodes)
        page = paragraphs.page_of(self._bench, before[0]) if before else None
        if before or any(key(one) != _EMPTY for one in after):
            self.patch(before, after, body)
        if self.changed and page is not None:
            paragraphs.begin_page(self._bench, body, page)
        self._bench.in_note = True
        while self._bench.new_notes:
            name, note = self._bench.new_notes.pop()
            self.patch([], flatten(self._bench.said_notes[name].children), note)
        if not self.changed:
            return None
        self._pairing.mend(body, unpaired)
        self._parts.touch()
        return self._parts.written()

    def patch(self, before: Sequence[Flat], after: Sequence[Flat], container: Element) -> None:
        """Make what a container holds say what ``after`` says."""
        had, have = [key(one) for one in before], [key(one) for one in after]
        for flat in before:
            if (kind := self._bench.class_of(flat)) is not None:
                self._bench.models.setdefault(kind, flat)
        same = matching.same(had, have)
        matching.remember(self._known, before, had, set(same.values()))
        if len(same) == len(before) == len(after):
            _end(container)
            return
        self.changed = True
        moved = matching.moved(had, have, same)
        taken = set(moved.values())
        placed: list[Placed] = []
        gone: list[Element] = []
        for old_range, new_range, following in matching.gaps(len(before), len(after), same):
            old = [before[at] for at in old_range if at not in taken]
            new = [(at, after[at]) for at in new_range]
            self._gap(old, new, moved, before, have, placed, gone)
            if following is not None:
                source = before[following]
                elements = source.source.elements
                placed.append(Placed(after[new_range.stop], elements, source, True))
                self._bench.look_at(source)
        self._nesting.lay(container, before, placed, gone)
        _end(container)

    def _gap(
        self, old: list[Flat], new: list[tuple[int, Flat]], moved: Mapping[int, int],
        before: Sequence[Flat], have: Sequence[bytes], placed: list[Placed], gone: list[Element],
    ) -> None:  # fmt: skip
        """Blocks between two that are the same."""
        texts = [flat for at, flat in new if at not in moved and self._is_text(flat, have[at])]
        rebuilt = paragraphs.Rebuilding(
            self._bench, [one for one in old if one.node.type in TEXTS], texts
        )
        is_text = {id(one) for one in texts}
        grids = [one for one in old if one.node.type == "table"]
        used: set[int] = set()
        for at, flat in new:
            base: Flat | None = None
            if at in moved:
                base = before[moved[at]]
                placed.append(Placed(flat, base.source.elements, base, False))
                self._bench.look_at(base)
                continue
            if id(flat) in is_text:
                element, base = rebuilt.element(flat)
                elements = [element]
                if base is not None:
                    base.source.elements = elements  # it may have another name now
                self._bench.look_at(flat)
            elif flat.node.type == "table" and grids:
                base = matching.likest(grids, flat)
                grids.remove(base)
                models = dict(self._bench.models)
                tables.Tables(self._bench.making, self.patch).patch(base, flat.node)
                self._bench.models = models
                elements = base.source.elements
            else:
                elements = self._made(flat, have[at])
            if base is not None:
                used.add(id(base))
            placed.append(Placed(flat, elements, base, base is not None))
        last = placed[-1].elements[-1] if placed else None
        for one in old:
            if id(one) not in used:
                for element in one.source.elements:
                    self._pairing.lose(element, last)
                    gone.append(element)

    def _put_mark(self, mark: Element, at: Element | None, parent: Element) -> None:
        """At the end of the paragraph before its place, or else at the beginning of the first."""
        if at is not None and local(at) in ("p", "h"):
            at.append(mark)
            return
        first = next(self._parts.body.iter(NAMES("text:p"), NAMES("text:h")), None)
        if first is not None:
            mark.tail, first.text = first.text, None
            first.insert(0, mark)

    def _is_text(self, flat: Flat, name: bytes) -> bool:
        if flat.node.type == "image" and name in self._known:
            return False  # a copy
        return flat.node.type in TEXTS

    def _made(self, flat: Flat, name: bytes) -> list[Element]:
        """The elements of a block that is no text, or is there twice."""
        node = flat.node
        if (known := self._known.get(name)) is not None:
            return [self._bench.copied(one) for one in known]
        if node.type == "opaqueBlock":
            kept = self._reader.opaque_blocks.get(str(node.attrs.get("id")))
            if kept is not None:
                return [self._bench.copied(kept)]
            text = str(node.attrs.get("text") or "")
            node = Node("paragraph", {}, [Node("text", text=text)] if text else [])
        if node.type == "table":
            return [tables.Tables(self._bench.making, self.patch).made(node)]
        if node.type == "horizontalRule":
            return [paragraphs.rule(self._bench)]
        if node.type == "image":
            node = Node("paragraph", {}, [Node("inlineImage", node.attrs)])
        made = Flat(node, flat.item, flat.quote)
        return [paragraphs.Rebuilding(self._bench, [], [made]).element(made)[0]]


def _end(container: Element) -> None:
    """Cells and notes hold a paragraph."""
    if local(container) in _ENDED and not any(
        local(one) in ("p", "h", "list", "table") for one in container
    ):  # fmt: skip
        etree.SubElement(container, NAMES("text:p"))


def _name_of(mark: Element) -> str:
    return (
        value(mark, "office:name")
        or value(mark, "text:name")
        or value(mark, "text:change-id")
        or value(mark, "text:id")
    )
