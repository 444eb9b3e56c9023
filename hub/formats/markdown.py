"""A document as Markdown (CommonMark with tables, strike-through and task lists of GFM)."""

from __future__ import annotations

import re

from hub.formats import tree
from hub.formats.output import Output
from hub.formats.tree import Node

_ESCAPE = re.compile(r"([\\`*_\[\]<>])")
_FENCE = re.compile(r"`{3,}")


def write(nodes: list[Node], out: Output) -> None:
    if nodes:
        _blocks(nodes, out)
        out.write("\n")


def _blocks(nodes: list[Node], out: Output, between: str = "\n\n") -> None:
    for index, node in enumerate(tree.blocks(nodes)):
        if index:
            out.write(between)
        _block(node, out)


def _block(node: Node, out: Output) -> None:
    match node.type:
        case "heading":
            out.write("#" * tree.number(node.attrs.get("level"), 1, 1, 6) + " ")
            _inline(node, out)
        case "bulletList" | "orderedList" | "taskList":
            _list(node, out)
        case "blockquote":
            with out.within("> ", "> "):
                _blocks(node.children, out)
        case "codeBlock":
            _code(node, out)
        case "horizontalRule":
            out.write("---")
        case "table":
            _table(node, out)
        case "image":
            out.write(_image(node))
        case _:
            _inline(node, out)


def _list(node: Node, out: Output) -> None:
    start = tree.start(node)
    for index, item in enumerate(tree.parts(node)):
        if index:
            out.write("\n")
        mark, indent = "- ", "  "
        if node.type == "orderedList":
            mark = f"{start + index}. "
            indent = " " * len(mark)
        elif node.type == "taskList":
            mark = "- [x] " if tree.checked(item) else "- [ ] "
        tight = all(child.type != "paragraph" for child in item.children[1:])
        with out.within(mark, indent):
            _blocks(item.children, out, "\n" if tight else "\n\n")


def _code(node: Node, out: Output) -> None:
    code = "".join(_text(node))
    longest = max((len(run.group()) for run in _FENCE.finditer(code)), default=2)
    fence = "`" * (longest + 1)
    language = node.attrs.get("language")
    out.write(f"{fence}{language if isinstance(language, str) else ''}\n")
    out.write(code)
    out.write(f"\n{fence}")


def _text(node: Node) -> list[str]:
    return [node.text, *(text for child in node.children for text in _text(child))]


def _table(node: Node, out: Output) -> None:
    """The first row decides how many columns there are; shorter ones need not be filled up."""
    rows = list(tree.rows(node))
    width = max((len(row) for row in rows), default=0)
    for index, row in enumerate(rows):
        if index:
            out.write("\n")
        out.write("|")
        for cell in row:
            out.write(f" {_cell(cell, out)} |")
        if index == 0:
            out.write("  |" * (width - len(row)) + "\n|" + " --- |" * width)
        elif not row:
            out.write(" |")


def _cell(cell: Node, out: Output) -> str:
    part = out.part()
    _blocks(cell.children, part, " ")
    return part.text().replace("|", "\\|").replace("\n", " ")


def _image(node: Node) -> str:
    alt = _ESCAPE.sub(r"\\\1", str(node.attrs.get("alt") or ""))
    source = tree.safe_url(node.attrs.get("src"))
    return f"![{alt}]({source})" if source else alt


def _inline(node: Node, out: Output) -> None:
    for child in node.children:
        match child.type:
            case "hardBreak":
                out.write("\\\n")
            case "mention":
                out.write(tree.mention(child))
            case "image":
                out.write(_image(child))
            case "text":
                out.write(_run(child))
            case _:
                _inline(child, out)


def _run(node: Node) -> str:
    if "code" in node.marks:
        tick = "``" if "`" in node.text else "`"
        text = f"{tick}{node.text}{tick}"
    else:
        text = _ESCAPE.sub(r"\\\1", node.text)
    lead = text[: len(text) - len(text.lstrip())]
    tail = text[len(text.rstrip()) :]
    core = text.strip()
    if not core:
        return text
    for mark, sign in (("strike", "~~"), ("italic", "*"), ("bold", "**")):
        if mark in node.marks:
            core = f"{sign}{core}{sign}"
    if url := tree.link(node):
        core = f"[{core}]({url})"
    return lead + core + tail
