"""Changes to the tree of a rich document, as people make them, by chance."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from hub.formats.tree import Node

_WORDS = ("X", "neue Wörter ", "ž 😀", "a  b")
_MARKS = ("bold", "italic", "underline", "strike", "highlight", "code", "superscript", "subscript")
_LISTS = ("bulletList", "orderedList", "taskList")


def copy_of(node: Node) -> Node:
    children = [copy_of(one) for one in node.children]
    return Node(node.type, dict(node.attrs), children, node.text, dict(node.marks))


def edit(nodes: list[Node], chance: Random) -> None:
    """Change one thing."""
    chance.choice((
        _type, _type, _insert, _delete, _part, _join, _mark, _link, _heading, _double, _move, _list,
        _list, _turn, _table, _table,
    ))(nodes, chance)  # fmt: skip


def paragraph(text: str) -> Node:
    return Node("paragraph", {}, [Node("text", text=text)] if text else [])


def _all(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _all(node.children)


def _of(nodes: list[Node], *types: str) -> list[Node]:
    return [one for one in nodes if one.type in types]


def _texts(nodes: list[Node]) -> list[Node]:
    return _of(list(_all(nodes)), "text")


def _at(nodes: list[Node], chance: Random) -> int:
    return chance.randrange(len(nodes) + 1)


def _type(nodes: list[Node], chance: Random) -> None:
    if texts := _texts(nodes):
        one = chance.choice(texts)
        at, end = sorted((chance.randrange(len(one.text) + 1), chance.randrange(len(one.text) + 1)))
        end = end if chance.random() < 0.3 and (at or end < len(one.text)) else at
        one.text = one.text[:at] + chance.choice(_WORDS) + one.text[end:]


def _insert(nodes: list[Node], chance: Random) -> None:
    nodes.insert(_at(nodes, chance), paragraph(f"new {chance.randrange(99)}"))


def _delete(nodes: list[Node], chance: Random) -> None:
    at = chance.randrange(len(nodes))
    if len(nodes) > 1 and nodes[at].type != "footnote":
        del nodes[at]


def _part(nodes: list[Node], chance: Random) -> None:
    if whole := [one for one in _of(nodes, "paragraph") if one.children]:
        one = chance.choice(whole)
        at = next(index for index, other in enumerate(nodes) if other is one)
        cut = _at(one.children, chance)
        halves = one.children[:cut], one.children[cut:]
        nodes[at : at + 1] = [Node("paragraph", dict(one.attrs), half) for half in halves]


def _join(nodes: list[Node], chance: Random) -> None:
    pairs = [
        at for at in range(len(nodes) - 1) if nodes[at].type == nodes[at + 1].type == "paragraph"
    ]
    if pairs:
        at = chance.choice(pairs)
        both = nodes[at].children + nodes[at + 1].children
        nodes[at : at + 2] = [Node("paragraph", dict(nodes[at].attrs), both)]


def _mark(nodes: list[Node], chance: Random) -> None:
    if texts := _texts(nodes):
        one, mark = chance.choice(texts), chance.choice(_MARKS)
        rest = {name: given for name, given in one.marks.items() if name != mark}
        one.marks = rest if mark in one.marks else {**one.marks, mark: {}}


def _link(nodes: list[Node], chance: Random) -> None:
    if texts := _texts(nodes):
        one = chance.choice(texts)
        rest = {name: given for name, given in one.marks.items() if name != "link"}
        link = {"link": {"href": f"https://a.example/{chance.randrange(3)}?a=1&b"}}
        one.marks = rest if "link" in one.marks else {**rest, **link}


def _heading(nodes: list[Node], chance: Random) -> None:
    if blocks := _of(nodes, "paragraph", "heading"):
        one = chance.choice(blocks)
        rest = {name: given for name, given in one.attrs.items() if name != "level"}
        if one.type == "heading" and chance.random() < 0.5:
            one.type, one.attrs = "paragraph", rest
        else:
            one.type, one.attrs = "heading", {**rest, "level": chance.randrange(1, 7)}


def _double(nodes: list[Node], chance: Random) -> None:
    one = chance.choice(nodes)
    if one.type != "footnote":
        nodes.insert(_at(nodes, chance), copy_of(one))


def _move(nodes: list[Node], chance: Random) -> None:
    one = nodes.pop(chance.randrange(len(nodes)))
    nodes.insert(_at(nodes, chance), one)


def _list(nodes: list[Node], chance: Random) -> None:
    lists, blocks = _of(nodes, *_LISTS), _of(nodes, "paragraph")
    if lists and chance.random() < 0.6:
        whole = chance.choice(lists)
        task = whole.type == "taskList"
        item = chance.choice(whole.children)
        match chance.randrange(5):
            case 0:
                attrs = {"checked": chance.random() < 0.5} if task else {}
                made = Node("taskItem" if task else "listItem", attrs, [paragraph("item")])
                whole.children.insert(_at(whole.children, chance), made)
            case 1:
                inner = Node("listItem", {}, [paragraph("within")])
                item.children.append(Node(chance.choice(_LISTS[:2]), {}, [inner]))
            case 2:
                item.children.append(paragraph("goes on"))
            case 3 if task:
                item.attrs = {"checked": not item.attrs.get("checked")}
            case _ if len(whole.children) > 1:
                whole.children.remove(item)
    elif blocks:
        one, kind = chance.choice(blocks), chance.choice(_LISTS)
        at = next(index for index, other in enumerate(nodes) if other is one)
        task = kind == "taskList"
        attrs = {"checked": True} if task else {}
        nodes[at] = Node(kind, {}, [Node("taskItem" if task else "listItem", attrs, [one])])


def _turn(nodes: list[Node], chance: Random) -> None:
    if blocks := _of(nodes, "paragraph", "heading"):
        one = chance.choice(blocks)
        one.attrs = {**one.attrs, "textAlign": chance.choice(("center", "right", "left"))}
        if chance.random() < 0.3:
            one.attrs = {**one.attrs, "dir": "rtl"}


def _table(nodes: list[Node], chance: Random) -> None:
    tables = _of(nodes, "table")
    if not tables or chance.random() < 0.1:
        rows = [
            Node("tableRow", {}, [Node(kind, {}, [paragraph("d")]) for _ in range(2)])
            for kind in ("tableHeader", "tableCell")
        ]
        nodes.insert(_at(nodes, chance), Node("table", {}, rows))
        return
    table = chance.choice(tables)
    cells = [cell for row in table.children for cell in row.children]
    # What editors would not let stand is no change that people make.
    even = len({len(row.children) for row in table.children}) == 1 and not any(
        one.attrs.get("colspan") or one.attrs.get("rowspan") for one in cells
    )
    match chance.randrange(4):
        case 0 if even:
            made = [Node("tableCell", {}, [paragraph("c")]) for _ in table.children[0].children]
            table.children.insert(_at(table.children, chance), Node("tableRow", {}, made))
        case 1 if even and len(table.children) > 1:
            del table.children[chance.randrange(len(table.children))]
        case 2 if even:
            at = _at(table.children[0].children, chance)
            for row in table.children:
                row.children.insert(at, Node(row.children[0].type, {}, [paragraph("k")]))
        case _:
            one = chance.choice(cells)
            one.children = [*one.children, paragraph("more")]
