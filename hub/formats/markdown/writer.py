"""A tree as Markdown, as plain as it can be (CommonMark with tables, footnotes, strike-through and
task lists of GFM).

Characters are escaped only where they would mean something: what was written is read again, and
where it says something else the next way is taken (``_WAYS``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from hub.formats import canon, tree
from hub.formats.markdown import reader
from hub.formats.output import Output
from hub.formats.tree import Node

Address = Callable[[Any], str | None]
"""An address as it may be written; null for none."""

_PLAIN: Final = re.compile(r"[^\W\d_][\w\s.,;:'\"()?/%§€$@’“”„–—…=+-]*")
"""Text that means nothing but itself, however it is read."""
_ESCAPES: Final = {
    "some": re.compile(
        r"(\\(?=[^\w\s])|`|(?<!\s)\*|\*(?!\s)|(?<!\w)_|_(?!\w)|[\[\]]|!(?=\[|\Z)|<(?=[a-zA-Z/!?])|~)|&(?=#?\w+;)"
    ),
    "all": re.compile(r"([\\`*_\[\]<>~#|!])|&(?=#?\w+;)"),
}
_LINE_START: Final = re.compile(r"([-+=:#>]|\d+(?=[.)]))")
_FENCE: Final = re.compile(r"`+")
_SIGNS: Final = {"bold": "**", "strike": "~~"}
_TAGS: Final = {
    "underline": "u", "highlight": "mark", "subscript": "sub", "superscript": "sup",
}  # fmt: skip
_PLAIN_ADDRESS: Final = re.compile(r"[^\s()<>\\&]+")
_AUTOLINK: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*")
_LISTS: Final = frozenset(("bulletList", "taskList", "orderedList"))
_ALIGN: Final = {"left": ":--", "center": ":-:", "right": "--:"}


@dataclass(frozen=True, slots=True)
class _Way:
    """How inline content is written."""

    escapes: Literal["none", "some", "all"] = "none"
    italic: str = "*"
    flanks: bool = False  # what stands beside a mark as a number: it may not be a letter there


_WAYS: Final = (
    _Way(), _Way("some"), _Way("all"), _Way("all", "_"), _Way("all", "*", True),
    _Way("all", "_", True),
)  # fmt: skip


def write(
    nodes: list[Node], out: Output, *, address: Address = tree.safe_url, definitions: str = ""
) -> None:
    """Args:
    definitions: what references mean that stand in the source of nodes.
    """
    if nodes:
        _Writer(out, address, definitions).blocks(nodes)
        out.write("\n")


def text_of(nodes: list[Node], definitions: str = "") -> str:
    """The same for a file, whose addresses are its own business."""
    out = Output()
    write(nodes, out, address=_any, definitions=definitions)
    return out.text()


def _any(address: Any) -> str | None:
    return None if address is None else str(address)


class _Writer:
    def __init__(self, out: Output, address: Address, definitions: str) -> None:
        self._out = out
        self._address = address
        self._definitions = definitions
        self._within_list = 0

    # --- blocks -----------------------------------------------------------------------------------

    def blocks(self, nodes: Sequence[Node], between: str = "\n\n") -> None:
        before: Node | None = None
        beside = False  # another list than the one before it
        for node in tree.blocks(list(nodes)):
            if _is_empty(node):
                continue
            if before is not None:
                self._out.write(between if between == "\n\n" or node.type in _LISTS else "\n\n")
            beside = (
                not beside and before is not None and node.type in _LISTS
                and before.type in _LISTS
                and (node.type == "orderedList") == (before.type == "orderedList")
            )  # fmt: skip
            self._block(node, beside)
            before = node

    def _block(self, node: Node, beside: bool) -> None:
        out = self._out
        match node.type:
            case "heading":
                level = tree.number(node.attrs.get("level"), 1, 1, 6)
                out.write(self._inline(node.children, "#" * level + " ", ""))
            case "bulletList" | "orderedList" | "taskList":
                self._list(node, beside)
            case "blockquote":
                with out.within("> ", "> "):
                    self.blocks(node.children)
            case "codeBlock":
                self._code(node)
            case "source":
                out.write("".join(_texts(node)))
            case "horizontalRule":
                # Else it could be taken for front matter, or for the mark of a list.
                out.write("___" if self._within_list else "***")
            case "table":
                self._table(node)
            case "image":
                out.write(self._image(node))
            case "footnote":
                with out.within(f"[^{_label(node)}]: ", "    "):
                    self.blocks(node.children)
            case _ if all(map(tree.is_inline, node.children)):
                out.write(self._inline(node.children))
            case _:
                self.blocks(node.children)

    def _list(self, node: Node, beside: bool) -> None:
        start = tree.start(node)
        items = list(tree.parts(node))
        tight = all(_is_tight(item) for item in items)
        self._within_list += 1
        for index, item in enumerate(items):
            if index:
                self._out.write("\n" if tight else "\n\n")
            mark = "* " if beside else "- "
            indent = "  "
            if node.type == "orderedList":
                mark = f"{start + index}{')' if beside else '.'} "
                indent = " " * len(mark)
            elif node.type == "taskList":
                mark += "[x] " if tree.checked(item) else "[ ] "
            with self._out.within(mark, indent):
                self.blocks(item.children, "\n" if tight else "\n\n")
        self._within_list -= 1

    def _code(self, node: Node) -> None:
        code = "".join(_texts(node))
        language = node.attrs.get("language")
        language = language if isinstance(language, str) else ""
        sign = "~" if "`" in language else "`"
        longest = max((len(run) for run in re.findall(f"{sign}+", code)), default=0)
        fence = sign * max(3, longest + 1)
        self._out.write(f"{fence}{' '.join(language.split())}\n")
        self._out.write(f"{code}\n{fence}" if code else fence)

    def _table(self, node: Node) -> None:
        """The first row is the head, and decides how many columns there are."""
        rows = [_spread(row) for row in tree.rows(node)]
        width = max((len(row) for row in rows), default=0)
        for index, row in enumerate(rows):
            if index:
                self._out.write("\n")
            cells = [self._cell(cell) for cell in row] or [""]
            if index == 0:  # shorter ones need not be filled up
                cells += [""] * (width - len(cells))
            self._out.write("|" + "".join(f" {cell} |" if cell else "  |" for cell in cells))
            if index == 0:
                aligns = [_ALIGN.get(str(cell.attrs.get("align")), "---") for cell in row]
                aligns += ["---"] * (width - len(aligns))
                self._out.write("\n|" + "".join(f" {one} |" for one in aligns))

    def _cell(self, cell: Node) -> str:
        """In one line: blocks stand behind one another."""
        lines: list[list[Node]] = [[]]
        _flatten(cell.children, lines)
        content: list[Node] = []
        for line in lines:
            if line:
                content += [*([Node("hardBreak")] if content else []), *line]
        return self._inline(content, "| ", " |\n| --- |", cell=True)

    # --- inline -----------------------------------------------------------------------------------

    def _inline(
        self, nodes: list[Node], before: str = "", after: str = "", *, cell: bool = False
    ) -> str:
        """Args:
        before, after: what makes a block of it.
        """
        runs = canon.runs(nodes, loose=True)
        one_line = cell or bool(before)
        for way in _WAYS:
            text = _Inline(way, self._address, one_line, cell).write(runs)
            if not text or (way is _WAYS[0] and not before and _PLAIN.fullmatch(text)):
                return text if cell else before.rstrip() + text if not text else before + text
            if _reads_as(before + text + after + self._definitions, runs):
                return text if cell else before + text
        text = _Inline(_WAYS[1], self._address, one_line, cell).write(runs)
        return text if cell else before + text

    def _image(self, node: Node) -> str:
        return _image(node.attrs, self._address, _WAYS[1])


class _Inline:
    """Writes runs (``canon.runs``): marks are opened where they begin, those that last longest
    first."""

    def __init__(self, way: _Way, address: Address, one_line: bool, cell: bool) -> None:
        self._way = way
        self._address = address
        self._one_line = one_line
        self._cell = cell
        self._parts: list[str] = []
        self._open: list[tuple[str, Any]] = []

    def write(self, runs: Sequence[Any]) -> str:
        runs = [self._addressed(run) for run in runs]
        for index, run in enumerate(runs):
            marks = {name: value for name, value in run[2].items() if name != "code"}
            self._close_but(marks)
            missing = [one for one in marks.items() if one not in self._open]
            missing.sort(key=lambda one: (-_lasts(runs, index, one), one[0] != "link"))
            for one in missing:
                if one[0] == "link" and self._autolink(runs, index, one):
                    continue
                self._parts.append(self._begin(one))
                self._open.append(one)
            self._run(run, runs, index)
        self._close_but({})
        return "".join(self._parts)

    def _addressed(self, run: Any) -> Any:
        link = run[2].get("link")
        if link is None:
            return run
        address = self._address(link.get("href"))
        marks = {name: one for name, one in run[2].items() if name != "link"}
        return [run[0], run[1], {**marks, "link": {**link, "href": address}} if address else marks]

    def _close_but(self, marks: dict[str, Any]) -> None:
        keep = 0
        while keep < len(self._open) and marks.get(self._open[keep][0]) == self._open[keep][1]:
            keep += 1
        while len(self._open) > keep:
            self._parts.append(self._end(self._open.pop()))

    def _autolink(self, runs: Sequence[Any], index: int, link: tuple[str, Any]) -> bool:
        run, (_, value) = runs[index], link
        alone = _lasts(runs, index, link) == 1 and run[0] == "text" and "code" not in run[2]
        return bool(
            alone and run[1] == value.get("href") and "title" not in value
            and _AUTOLINK.fullmatch(run[1])
        )  # fmt: skip

    def _begin(self, mark: tuple[str, Any]) -> str:
        name, _ = mark
        if name == "link":
            return "["
        if name == "italic":
            return self._way.italic
        return _SIGNS.get(name) or (f"<{_TAGS[name]}>" if name in _TAGS else "")

    def _end(self, mark: tuple[str, Any]) -> str:
        name, value = mark
        if name == "link":
            return f"]({_target(value.get('href'), value.get('title'))})"
        if name in _TAGS:
            return f"</{_TAGS[name]}>"
        return self._begin(mark)

    def _run(self, run: Any, runs: Sequence[Any], index: int) -> None:
        kind, value, marks = run
        match kind:
            case "text" if "code" in marks:
                self._parts.append(self._code(value))
            case "text":
                link = marks.get("link")
                if link is not None and ("link", link) not in self._open:
                    self._parts.append(f"<{value}>")
                else:
                    self._parts.append(self._text(value, runs, index))
            case "hardBreak":
                self._parts.append("<br>" if self._one_line or not index else "\\\n")
            case "mention":
                self._parts.append(self._text(tree.mention(Node("mention", value)), runs, index))
            case "footnoteReference":
                self._parts.append(f"[^{_label(Node('', value))}]")
            case "inlineSource":
                self._parts.append(" ".join(str(value.get("source") or "").splitlines()))
            case "inlineImage" | "image":
                self._parts.append(_image(value, self._address, self._way))

    def _code(self, text: str) -> str:
        longest = max((len(run) for run in _FENCE.findall(text)), default=0)
        tick = "`" * (longest + 1)
        if (
            text.startswith("`")
            or text.endswith("`")
            or (text.strip() and text[0] == text[-1] == " ")
        ):
            text = f" {text} "
        return tick + (text.replace("|", "\\|") if self._cell else text) + tick

    def _text(self, text: str, runs: Sequence[Any], index: int) -> str:
        begins = index == 0 or runs[index - 1][0] == "hardBreak"
        if self._way.escapes == "none":
            return text.replace("|", "\\|") if self._cell else text
        first = last = ""
        if (
            self._way.flanks
            and index
            and text[:1].isalnum()
            and runs[index - 1][2] != runs[index][2]
        ):
            first, text = f"&#{ord(text[0])};", text[1:]
        if (
            self._way.flanks and index + 1 < len(runs) and text[-1:].isalnum()
            and runs[index + 1][2] != runs[index][2]
        ):  # fmt: skip
            text, last = text[:-1], f"&#{ord(text[-1])};"
        escaped = _escaped(text, self._way)
        if self._cell and self._way.escapes == "some":
            escaped = escaped.replace("|", "\\|")
        if begins and not first and (found := _LINE_START.match(escaped)):
            at = found.end() if found[1].isdigit() else 0
            escaped = f"{escaped[:at]}\\{escaped[at:]}"
        return first + escaped + last


def _lasts(runs: Sequence[Any], index: int, mark: tuple[str, Any]) -> int:
    """How many runs a mark holds from one on."""
    end = index
    while end < len(runs) and runs[end][2].get(mark[0]) == mark[1]:
        end += 1
    return end - index


def _target(href: Any, title: Any) -> str:
    address = "".join(str(href or "").splitlines())
    if not _PLAIN_ADDRESS.fullmatch(address):
        escaped = re.sub(r"([\\<>])", r"\\\1", address)
        address = "<" + re.sub(r"&(?=#?\w+;)", "&amp;", escaped) + ">"
    if not title:
        return address
    escaped = re.sub(r'(["\\])', r"\\\1", " ".join(str(title).split()))
    return f'{address} "{re.sub(r"&(?=#?[a-zA-Z0-9]+;)", "&amp;", escaped)}"'


def _image(attrs: Any, address: Address, way: _Way) -> str:
    words = " ".join(str(attrs.get("alt") or "").split())
    alt = words if way.escapes == "none" else _escaped(words, way)
    source = address(attrs.get("src"))
    return f"![{alt}]({_target(source, attrs.get('title'))})" if source else alt


def _escaped(text: str, way: _Way) -> str:
    if way.escapes == "none":
        return text
    return _ESCAPES[way.escapes].sub(lambda one: f"\\{one[1]}" if one[1] else "&amp;", text)


def _label(node: Node) -> str:
    return re.sub(r"[\s\[\]^]+", "-", str(node.attrs.get("id") or "note"))


def _texts(node: Node) -> list[str]:
    return [node.text, *(text for child in node.children for text in _texts(child))]


def _is_tight(item: Node) -> bool:
    """Whether it can be told from its neighbours without blank lines."""
    return all(
        child.type == "paragraph" if index == 0 else _may_interrupt(child)
        for index, child in enumerate(item.children)
    )


def _may_interrupt(node: Node) -> bool:
    """Whether it is seen right below a paragraph."""
    if node.type not in _LISTS or (node.type == "orderedList" and tree.start(node) != 1):
        return False
    first = next(tree.parts(node), None)
    return first is not None and bool(first.children) and not _is_empty(first.children[0])


def _spread(row: Sequence[Node]) -> list[Node]:
    """A cell over several columns leaves the others empty, but for those at the end."""
    cells: list[Node] = []
    for index, cell in enumerate(row):
        span = tree.number(cell.attrs.get("colspan"), 1, 1, 100) if index + 1 < len(row) else 1
        cells += [cell, *(Node("tableCell") for _ in range(span - 1))]
    return cells


def _is_empty(node: Node) -> bool:
    """A paragraph without words, which Markdown does not know."""
    plain = node.type == "paragraph" and all(map(tree.is_inline, node.children))
    return plain and not canon.runs(node.children, loose=True)


def _flatten(nodes: Sequence[Node], lines: list[list[Node]]) -> None:
    """The lines that blocks within a cell are."""
    for node in nodes:
        if tree.is_inline(node):
            lines[-1].append(node)
        elif node.type == "image":
            lines.append([Node("inlineImage", node.attrs)])
        elif node.type in ("codeBlock", "source"):
            lines += [
                [Node("text", text=line, marks={"code": {}})]
                for line in "".join(_texts(node)).splitlines()
            ]
        else:
            lines.append([])
            _flatten(node.children, lines)


def _reads_as(text: str, runs: Sequence[Any]) -> bool:
    """Whether the first block says just this."""
    for node in reader.nodes_of(text)[:1]:
        if node.type == "table":
            node = node.children[0].children[0].children[0]
        elif node.type == "image":
            node = Node("paragraph", children=[Node("inlineImage", node.attrs)])
        if node.type in ("paragraph", "heading"):
            return canon.runs(node.children, loose=True) == list(runs)
    return False
