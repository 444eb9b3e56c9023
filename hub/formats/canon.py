"""What two trees must share to say the same: their canonical form. Pure.

Editors write attributes with their defaults or leave them out, part runs of text as they like, and
begin an item of a list with an empty paragraph where a format has none. None of that is content.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from hub.formats import tree
from hub.formats.tree import Node

EMPHASIS: Final = frozenset(("bold", "italic", "strike"))
"""Marks that say nothing on white space at their ends."""
_ITEMS: Final = frozenset(("listItem", "taskItem"))
_CELLS: Final = frozenset(("tableCell", "tableHeader"))
# Of each node what counts, and what it is when nobody says so.
_ATTRIBUTES: Final[Mapping[str, Mapping[str, Any]]] = {
    "heading": {"level": 1, "textAlign": None, "dir": None},
    "paragraph": {"textAlign": None, "dir": None},
    "orderedList": {"start": 1},
    "taskItem": {"checked": False},
    "codeBlock": {"language": None},
    "tableCell": {"colspan": 1, "rowspan": 1, "align": None},
    "tableHeader": {"colspan": 1, "rowspan": 1, "align": None},
    "image": {"src": None, "alt": None, "title": None},
    "inlineImage": {"src": None, "alt": None, "title": None},
    "mention": {"id": None, "label": None},
    "footnoteReference": {"id": None},
    "footnote": {"id": None},
    "source": {"kind": None},
    "inlineSource": {"source": None},
    "opaque": {"id": None},
    "opaqueBlock": {"id": None},
}
_BLANKS: Final = re.compile(r"[ \t]+")
NOTES: Final = frozenset(("comment", "insertion", "deletion"))
"""Marks that tell what somebody said of the words, and are no part of what they say."""
_MARKS: Final[Mapping[str, tuple[str, ...]]] = {"link": ("href", "title")}

encode = msgspec.json.Encoder(order="sorted").encode


def key(node: Node, *, loose: bool = False) -> bytes:
    """The same for what says the same.

    Args:
        loose: paragraphs without words do not count, and several blanks are one.
    """
    return encode(form(node, loose))


def form(node: Node, loose: bool = False) -> Any:
    """Of a block: its type, the attributes that count, its children; plain JSON."""
    attrs = _attributes(node)
    if node.type in ("codeBlock", "source"):
        return [node.type, attrs, "".join(_texts(node))]
    children = node.children
    if node.type in _CELLS:
        if all(child.type == "paragraph" and not child.children for child in children):
            children = []
    elif node.type in _ITEMS | {"blockquote", "footnote"} and len(children) > 1:
        first = children[0]
        if first.type == "paragraph" and not first.children:
            children = children[1:]
    if children and all(tree.is_inline(child) for child in children):
        found = runs(children, loose=loose)
        if node.type == "paragraph" and len(found) == 1 and found[0][0] == "inlineImage":
            alone = found[0][2] == {}  # a picture in a line of its own is one either way
            return ["image", found[0][1], []] if alone else [node.type, attrs, found]
        return [node.type, attrs, found]
    blocks = list(tree.blocks(children))
    if loose:
        blocks = [one for one in blocks if one.type != "paragraph" or runs(one.children)]
    return [node.type, attrs, [form(child, loose) for child in blocks]]


def runs(nodes: Iterable[Node], *, loose: bool = False) -> list[Any]:
    """Inline content: text with its marks, joined where these are the same, and what stands
    between, without white space at the ends.

    Args:
        loose: several blanks are one.
    """
    whole: list[Any] = []
    for node in nodes:
        marks = _marks(node)
        if node.type != "text":
            whole.append([node.type, _attributes(node), marks])
        elif whole and whole[-1][0] == "text" and whole[-1][2] == marks:
            whole[-1][1] += _in_line(node.text)
        else:
            whole.append(["text", _in_line(node.text), marks])
    found: list[Any] = []
    for one in whole:
        if one[0] != "text":
            found.append(one)
            continue
        for piece, marks in _apart(one[1], one[2]):
            if found and found[-1][0] == "text" and found[-1][2] == marks:
                found[-1][1] += piece
            else:
                found.append(["text", piece, marks])
    if loose:
        _loosen(found)
    return _trimmed(found)


def _in_line(text: str) -> str:
    return text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")


def _loosen(found: list[Any]) -> None:
    """Blanks behind a blank of the run before go, too."""
    blank = False
    for one in found:
        if one[0] == "text" and "code" not in one[2]:
            text = _BLANKS.sub(" ", one[1])
            one[1] = text[1:] if blank and text[:1] == " " else text
            blank = one[1][-1:] == " " if one[1] else blank
        else:
            blank = False


def _trimmed(found: list[Any]) -> list[Any]:
    """Without white space at the ends of lines, and without breaks at the end."""
    before = -1
    while len(found) != before:  # what is at an end now may have been behind white space
        before = len(found)
        for index, one in enumerate(found):
            if one[0] != "text" or "code" in one[2]:
                continue
            if index == 0 or found[index - 1][0] == "hardBreak":
                one[1] = one[1].lstrip(" \t")
            if index == len(found) - 1 or found[index + 1][0] == "hardBreak":
                one[1] = one[1].rstrip(" \t")
        found = [one for one in found if one[0] != "text" or one[1]]
        while found and found[-1][0] == "hardBreak":
            found.pop()
    return found


def _apart(text: str, marks: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """White space at the ends of a run without emphasis: it cannot be told there."""
    if "code" in marks or not EMPHASIS & marks.keys() or not text:
        return [(text, marks)] if text else []
    bare = {name: one for name, one in marks.items() if name not in EMPHASIS}
    core = text.strip()
    if not core:
        return [(text, bare)]
    begins = text.index(core[0])
    ends = begins + len(core)
    parts = [(text[:begins], bare), (core, marks), (text[ends:], bare)]
    return [one for one in parts if one[0]]


def _attributes(node: Node) -> dict[str, Any]:
    found = {}
    for name, default in _ATTRIBUTES.get(node.type, {}).items():
        value = node.attrs.get(name)
        if name in ("level", "start", "colspan", "rowspan"):
            value = tree.number(value, default, 0, 1_000_000_000)
        elif name == "checked":
            value = tree.checked(node)
        if name == "textAlign" and value == _natural(node):
            continue
        if value not in (None, default, ""):
            found[name] = value if isinstance(value, int | str) else str(value)
    return found


def _natural(node: Node) -> str:
    """Where the lines of a paragraph begin anyway."""
    return "right" if node.attrs.get("dir") == "rtl" else "left"


def _marks(node: Node) -> dict[str, Any]:
    """Only text has marks; where a picture leads is an attribute of it in a document."""
    marks: Mapping[str, Any] = node.marks
    if node.type != "text":
        link = node.marks.get("link") or tree.picture_link(node)
        marks = {"link": link} if link and node.type == "inlineImage" else {}
    found: dict[str, Any] = {}
    for name, value in marks.items():
        if name in NOTES:
            continue
        kept = _MARKS.get(name, ())
        given = value if isinstance(value, Mapping) else {}
        found[name] = {one: str(given[one]) for one in kept if given.get(one) not in (None, "")}
    return found


def _texts(node: Node) -> list[str]:
    return [node.text, *(text for child in node.children for text in _texts(child))]
