"""Where the blocks of a container stand: lists are elements around their items, which are made anew
when other paragraphs are in them, and left alone otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from hub.formats.odt.making import Making
from hub.formats.odt.names import NAMES, local, new, value
from hub.formats.odt.styles import Styles
from hub.formats.office.flat import Flat, Item
from hub.formats.office.xml import Element, etree

_PRELUDE: Final = frozenset((
    "forms", "tracked-changes", "variable-decls", "sequence-decls", "user-field-decls",
    "dde-connection-decls", "alphabetical-index-auto-mark-file",
))  # fmt: skip
_LIST: Final = NAMES("text:list")
_BLOCKS: Final = frozenset(("p", "h", "table", "section"))


@dataclass(slots=True, eq=False)
class Placed:
    """A block and its elements.

    Attributes:
        base: the block of the file that it was.
        stays: it is where it was, among those that stay.
    """

    flat: Flat
    elements: list[Element]
    base: Flat | None
    stays: bool


class Nesting:
    def __init__(self, styles: Styles, making: Making) -> None:
        self._styles = styles
        self._making = making
        self._above = 0  # levels around a list without words of their own

    def lay(
        self, container: Element, before: Sequence[Flat], placed: Sequence[Placed],
        gone: Sequence[Element],
    ) -> None:  # fmt: skip
        """Have a container hold these blocks.

        Args:
            before: what it held.
            gone: elements of those of them that it holds no more.
        """
        held: dict[Element, list[Flat]] = {}
        for flat in before:
            held.setdefault(_top(flat), []).append(flat)
        cursor = _Cursor(container, list(held))
        roots = _roots([one.flat for one in placed])
        had_roots = dict(zip(map(id, before), _roots(before), strict=True))
        used: set[Element] = set()  # lists and items whose attributes another has now
        whole: set[Element] = set()
        at = 0
        while at < len(placed):
            end = self._whole(placed, at, roots, held, had_roots)
            if end:
                top = _top(placed[at].base or placed[at].flat)
                cursor.put([top], stays=all(one.stays for one in placed[at:end]))
                whole.add(top)
                at = end
                continue
            one = placed[at]
            if one.flat.item is None:
                within = one.base is not None and bool(one.base.source.wraps)
                cursor.put(self._alone(one, used), stays=one.stays and not within)
                at += 1
                continue
            end = at + 1
            while end < len(placed) and roots[end] is not None and roots[end] == roots[at]:
                end += 1
            cursor.put([self._list(placed[at:end], used)])
            at = end
        cursor.done()
        for element in gone:
            remove(element)
        for top in held:
            if top not in whole:
                _prune(top)
        for section in [*container.iter(NAMES("text:section"))]:
            if not any(local(one) in (*_BLOCKS, "list") for one in section):
                remove(section)

    def _whole(
        self, placed: Sequence[Placed], at: int, roots: Sequence[Any],
        held: dict[Element, list[Flat]], had_roots: dict[int, Any],
    ) -> int:  # fmt: skip
        """Where the blocks end that are all of a list of the file, as it was; 0 if they are not."""
        base = placed[at].base
        if base is None or not base.source.wraps:
            return 0
        flats = held[_top(base)]
        if flats[0] is not base:
            return 0
        end = at + len(flats)
        if end > len(placed) or [one.base for one in placed[at:end]] != flats:
            return 0
        for one, was in zip(placed[at:end], flats, strict=True):
            if _place(one.flat.item) != _place(was.item):
                return 0
            if was.item is None and one.flat.node.type != was.node.type:
                return 0
            if one.elements[0].getparent() is not was.source.wraps[-1]:
                return 0
        if at and roots[at] is not None and roots[at - 1] == roots[at]:
            return 0
        if end < len(placed) and roots[end] is not None and roots[end] == roots[end - 1]:
            return 0
        theirs = [had_roots[id(one)] for one in flats]
        if [a == b for a, b in pairwise(roots[at:end])] != [a == b for a, b in pairwise(theirs)]:
            return 0
        first, had = placed[at].flat.item, flats[0].item
        if first is not None and had is not None and first.kind == "ordered":
            return 0 if first.start != had.start else end
        return end

    def _alone(self, one: Placed, used: set[Element]) -> list[Element]:
        """A block that is no item; a heading with a number is in a list of its own."""
        base = one.base
        if base is None or not base.source.wraps or base.item is not None:
            return one.elements
        if base.node.type != one.flat.node.type:  # no heading any more: it would be an item
            return one.elements
        shells: list[Element] = []
        for wrap in base.source.wraps:
            shell = etree.Element(wrap.tag, dict(wrap.attrib), nsmap=wrap.nsmap)
            if wrap in used:
                shell.attrib.pop(NAMES("xml:id"), None)
                shell.attrib.pop(NAMES("text:start-value"), None)
                if not shells:
                    shell.set(NAMES("text:continue-numbering"), "true")
            used.add(wrap)
            if shells:
                shells[-1].append(shell)
            shells.append(shell)
        for element in one.elements:
            shells[-1].append(element)
        return shells[:1]

    # --- lists ------------------------------------------------------------------------------------

    def _list(self, placed: Sequence[Placed], used: set[Element]) -> Element:
        """A list of these items, its innermost lists with it."""
        root: Element | None = None
        start: int | None = None
        stack: list[tuple[Element, str, Any]] = []  # lists, their styles, and which they are
        for number, one in enumerate(placed):
            item = one.flat.item
            assert item is not None
            if item.kind == "more":
                del stack[item.depth + 1 :]
                stack[-1][0][-1].extend(one.elements)
                continue
            del stack[item.depth + 1 :]
            if len(stack) > item.depth and stack[-1][2] != (item.kind, item.list):
                stack.pop()
            if len(stack) <= item.depth:
                if not stack:
                    self._above = _levels_above(one)
                around = stack[-1][1] if stack else _style_around(one, self._above)
                style = self._style(_of_list(placed, number), item, around)
                made, start = self._begun(one, style, around, used)
                if stack:
                    _last_item(stack[-1][0]).append(made)
                else:
                    root = _within_levels(one, made, used)
                stack.append((made, style, (item.kind, item.list)))
            self._add_item(stack[-1][0], one, start, used)
            start = None
        assert root is not None
        return root

    def _add_item(
        self, list_: Element, one: Placed, start: int | None, used: set[Element]
    ) -> None:  # fmt: skip
        item = etree.SubElement(list_, NAMES("text:list-item"))
        if start is not None:
            item.set(NAMES("text:start-value"), str(start))
        was = one.base.source.wraps[-1] if one.base and one.base.source.wraps else None
        if was is not None and was not in used and one.base is not None and one.base.item and (
            one.base.item.kind != "more"
        ):  # fmt: skip
            used.add(was)
            for name in ("xml:id", "text:start-value", "text:style-override"):
                if (given := was.get(NAMES(name))) is not None and item.get(NAMES(name)) is None:
                    item.set(NAMES(name), given)
        for element in one.elements:
            item.append(element)

    def _begun(
        self, first: Placed, style: str, around: str, used: set[Element]
    ) -> tuple[Element, int | None]:
        """A list without items, and the number of the first, where it must be said."""
        made = new("text:list")
        item = first.flat.item
        assert item is not None
        base = first.base
        was = base.source.wraps[-2] if base is not None and base.source.wraps else None
        goes_on = False
        if was is not None and base is not None and base.item is not None and was not in used:
            used.add(was)
            if (name := was.get(NAMES("xml:id"))) is not None:
                made.set(NAMES("xml:id"), name)
            if base.item.start == item.start and base.item.number == style:
                for name in ("text:continue-numbering", "text:continue-list"):
                    if (given := was.get(NAMES(name))) is not None:
                        made.set(NAMES(name), given)
                        goes_on = True
        if style != around:
            made.set(NAMES("text:style-name"), style)
        usual = self._styles.level(style, item.depth + self._above).start
        says = item.kind == "ordered" and item.start != usual and not goes_on
        return made, item.start if says else None

    def _style(self, items: Sequence[Placed], item: Item, around: str) -> str:
        """The style of a list: its items' own, what is around it, or a new one."""
        wanted = "ordered" if item.kind == "ordered" else "bullet"
        choices = [one.base.item.number for one in items if one.base and one.base.item]
        for name in (*choices, around):
            if name and self._styles.has("list", name) and (
                self._styles.level(name, item.depth + self._above).kind == wanted
            ):  # fmt: skip
                return name
        return self._making.numbering(wanted)


def _within_levels(one: Placed, list_: Element, used: set[Element]) -> Element:
    """A list within those that were around it without words of their own."""
    above = _levels_above(one)
    around = one.base.source.wraps[: 2 * above] if one.base is not None else ()
    made = list_
    for wrap in reversed(around):
        shell = etree.Element(wrap.tag, dict(wrap.attrib), nsmap=wrap.nsmap)
        if wrap in used:
            shell.attrib.pop(NAMES("xml:id"), None)
        used.add(wrap)
        shell.append(made)
        made = shell
    return made


def _style_around(one: Placed, above: int) -> str:
    return value(one.base.source.wraps[0], "text:style-name") if above and one.base else ""


def _levels_above(one: Placed) -> int:
    base, item = one.base, one.flat.item
    return 0 if base is None or base.item is None or item is None else (
        max(0, base.item.level - item.depth)
    )  # fmt: skip


def _last_item(list_: Element) -> Element:
    return list_[-1] if len(list_) else etree.SubElement(list_, NAMES("text:list-item"))


def _of_list(placed: Sequence[Placed], at: int) -> list[Placed]:
    """The items of the list that an item begins."""
    item = placed[at].flat.item
    assert item is not None
    found = []
    for one in placed[at:]:
        other = one.flat.item
        if other is None or other.depth < item.depth:
            break
        if other.kind != "more" and (other.list, other.depth) == (item.list, item.depth):
            found.append(one)
    return found


def _place(item: Item | None) -> Any:
    return None if item is None else (item.kind, item.depth)


def _top(flat: Flat) -> Element:
    """What stands in the container for a block."""
    return flat.source.wraps[0] if flat.source.wraps else flat.source.elements[0]


def _roots(flats: Sequence[Flat]) -> list[Any]:
    """Of which outermost list each is; null for what is in none."""
    found: list[Any] = []
    root: Any = None
    for flat in flats:
        item = flat.item
        if item is None:
            root = None
        elif item.depth == 0 and item.kind != "more":
            root = item.kind, item.list
        found.append(root)
    return found


def _prune(top: Element) -> None:
    """Take out lists and items that hold nothing any more."""
    if top.tag != _LIST:
        return
    for one in [*top.iter(NAMES("text:list-item"), NAMES("text:list-header"), _LIST)][::-1]:
        if not any(local(inner) in _BLOCKS for inner in one.iter()) and one is not top:
            one.getparent().remove(one)
    if not any(local(inner) in _BLOCKS for inner in top.iter()):
        remove(top)


def remove(element: Element) -> None:
    """A block, but not what stands behind it; and a section that holds nothing then."""
    parent = element.getparent()
    if parent is None:
        return
    before = element.getprevious()
    if element.tail and element.tail.strip():
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    element.tail = None
    parent.remove(element)
    if local(parent) in ("section", "numbered-paragraph") and not any(
        local(one) in (*_BLOCKS, "list") for one in parent
    ):  # fmt: skip
        remove(parent)


class _Cursor:
    """Where the next block of a container goes: behind a mark, to begin with.

    Args:
        tops: what stands in it for its blocks, in order.
    """

    def __init__(self, container: Element, tops: Sequence[Element]) -> None:
        self._mark = self._at = etree.Element("mark")
        self._ranks = {top: rank for rank, top in enumerate(tops)}
        self._rank = -1
        if tops:
            first = tops[0]
            while first.getparent() is not container:
                first = first.getparent()
            first.addprevious(self._mark)
            return
        last = [one for one in container if local(one) in _PRELUDE]
        container.insert(container.index(last[-1]) + 1 if last else 0, self._mark)

    def put(self, elements: Sequence[Element], *, stays: bool = False) -> None:
        """Args:
        stays: it is where it was; it moves only if it would stand before another.
        """
        for element in elements:
            rank = self._ranks.get(element, self._rank)
            if not stays or rank < self._rank or element.getparent() is None:
                self._put(element)
            else:
                self._rank = rank
            parent = element.getparent()
            self._at = parent if local(parent) == "numbered-paragraph" else element

    def done(self) -> None:
        self._mark.getparent().remove(self._mark)

    def _put(self, element: Element) -> None:
        if self._at.getnext() is not element:
            element.tail = None
            self._at.addnext(element)
