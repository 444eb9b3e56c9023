"""A document as plain text."""

from __future__ import annotations

from hub.formats import tree
from hub.formats.output import Output
from hub.formats.tree import Node


def write(nodes: list[Node], out: Output) -> None:
    if nodes:
        _blocks(nodes, out)
        out.write("\n")


def _blocks(nodes: list[Node], out: Output, between: str = "\n\n") -> None:
    for index, node in enumerate(tree.blocks(nodes)):
        if index:
            out.write(between)
        _node(node, out)


def _node(node: Node, out: Output) -> None:
    match node.type:
        case "text":
            out.write(node.text)
        case "hardBreak":
            out.write("\n")
        case "mention":
            out.write(tree.mention(node))
        case "image" | "inlineImage":
            out.write(str(node.attrs.get("alt") or ""))
        case "inlineSource":
            out.write(str(node.attrs.get("source") or ""))
        case "footnoteReference":
            out.write(f"[{node.attrs.get('id')}]")
        case "footnote":
            with out.within(f"[{node.attrs.get('id')}] ", "  "):
                _blocks(node.children, out)
        case "horizontalRule":
            out.write("—" * 10)
        case "bulletList" | "orderedList" | "taskList":
            _list(node, out)
        case "blockquote" | "listItem" | "taskItem":
            _blocks(node.children, out)
        case "table":
            for index, row in enumerate(tree.rows(node)):
                if index:
                    out.write("\n")
                for column, cell in enumerate(row):
                    if column:
                        out.write("\t")
                    _blocks(cell.children, out)
        case _:
            for child in node.children:
                _node(child, out)


def _list(node: Node, out: Output) -> None:
    start = tree.start(node)
    for index, item in enumerate(tree.parts(node)):
        if index:
            out.write("\n")
        mark = "• "
        if node.type == "orderedList":
            mark = f"{start + index}. "
        elif node.type == "taskList":
            mark = "[x] " if tree.checked(item) else "[ ] "
        with out.within(mark, "  "):
            _blocks(item.children, out, "\n")
