"""Exports of a document as Markdown, HTML or plain text.

Reads the ProseMirror tree that editors keep in the XmlFragment ``default`` (y-prosemirror: one
element a node, marks as text attributes) or the Text ``content``. Pure: a copy in, text out.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from pycrdt import Doc, Text, XmlElement, XmlFragment, XmlText

from hub.wire.api import DocumentInfo

Format = Literal["md", "html", "txt"]

_EXTENSIONS = {
    "python": "py", "javascript": "js", "typescript": "ts", "markdown": "md", "json": "json",
    "html": "html", "css": "css", "sql": "sql", "rust": "rs", "go": "go", "java": "java",
    "yaml": "yaml", "xml": "xml", "cpp": "cpp", "php": "php",
}  # fmt: skip


@dataclass
class Node:
    """A node of the document; ``text`` and ``marks`` only for runs of text."""

    type: str
    attrs: dict[str, Any] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    text: str = ""
    marks: dict[str, Any] = field(default_factory=dict)


def export(doc: Doc[Any], info: DocumentInfo, format_: str) -> str:
    """The whole document in a format."""
    if info.kind == "text":
        content = str(doc.get("content", type=Text))
        if format_ == "html":
            return _page(info, f"<pre><code>{html.escape(content)}</code></pre>")
        return content
    nodes = read(doc)
    if format_ == "html":
        return _page(info, "".join(_html(node) for node in nodes))
    if format_ == "md":
        return _md_blocks(nodes) + "\n" if nodes else ""
    return _txt_blocks(nodes) + "\n" if nodes else ""


def file_name(info: DocumentInfo, format_: str) -> str:
    """A name for the download: the title without what file systems refuse."""
    stem = re.sub(r'[\x00-\x1f<>:"/\\|?*]+', " ", info.title).strip(" .") or "document"
    if info.kind == "text" and format_ == "txt":
        extension = _EXTENSIONS.get(info.language or "", "txt")
        return stem if stem.endswith("." + extension) else f"{stem}.{extension}"
    return f"{stem}.{format_}"


# --- reading --------------------------------------------------------------------------------------


def read(doc: Doc[Any]) -> list[Node]:
    """The tree of a rich document."""
    fragment = doc.get("default", type=XmlFragment)
    return [node for child in fragment.children for node in _nodes(child)]


def _nodes(child: Any) -> list[Node]:
    if isinstance(child, XmlText):
        return [
            Node("text", text=piece, marks={_mark(name): value for name, value in attrs.items()})
            for piece, attrs in ((piece, attrs or {}) for piece, attrs in child.diff())
            if isinstance(piece, str)
        ]
    if isinstance(child, XmlElement):
        node = Node(child.tag or "", attributes(child))
        node.children = [one for inner in child.children for one in _nodes(inner)]
        return [node]
    return []


def attributes(element: XmlElement) -> dict[str, Any]:
    """The attributes of an element (pycrdt's view of them is iterable only at run time)."""
    view: Any = element.attributes
    return dict(iter(view))


def _mark(name: str) -> str:
    """y-prosemirror appends a hash to marks that may overlap themselves: ``link--a1b2``."""
    return name.split("--", 1)[0]


def _number(value: Any, default: int, least: int, most: int) -> int:
    try:
        return max(least, min(most, int(float(value))))
    except (TypeError, ValueError, OverflowError):
        return default


def _checked(node: Node) -> bool:
    return str(node.attrs.get("checked", "")).lower() in ("true", "1", "1.0")


def _safe_url(url: Any) -> str | None:
    """Only addresses that run nothing."""
    text = str(url or "").strip()
    if re.match(r"(https?://|mailto:|tel:|/|#)", text, re.IGNORECASE):
        return text
    return text if re.match(r"data:image/(png|jpeg|gif|webp);base64,", text) else None


# --- HTML -----------------------------------------------------------------------------------------

_STYLE = """
body{font:16px/1.65 Inter,system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;
color:#1c1b19}h1,h2,h3{line-height:1.25}pre,code{font-family:ui-monospace,monospace}pre{
white-space:pre-wrap;background:#f5f3ee;padding:.75rem 1rem;border-radius:6px}blockquote{margin:0;
padding-left:1rem;border-left:3px solid #cfcabf}table{border-collapse:collapse;width:100%}td,th{
border:1px solid #cfcabf;padding:.3rem .6rem;text-align:left;vertical-align:top}img{max-width:100%}
ul.tasks{list-style:none;padding-left:0}@media print{body{margin:0;max-width:none}}
""".replace("\n", "")


def _page(info: DocumentInfo, body: str) -> str:
    title = html.escape(info.title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{title}</h1>{body}</main></body></html>\n"
    )


_TAGS = {
    "paragraph": "p", "blockquote": "blockquote", "bulletList": "ul", "listItem": "li",
    "tableRow": "tr",
}  # fmt: skip
_MARK_TAGS = {"bold": "strong", "italic": "em", "strike": "s", "underline": "u", "code": "code"}


def _html(node: Node) -> str:
    inner = "".join(_html(child) for child in node.children)
    if node.type in _TAGS:
        tag = _TAGS[node.type]
        return f"<{tag}>{inner}</{tag}>"
    match node.type:
        case "text":
            return _html_run(node)
        case "heading":
            level = _number(node.attrs.get("level"), 1, 1, 5) + 1  # the title is the page's h1
            return f"<h{level}>{inner}</h{level}>"
        case "orderedList":
            start = _number(node.attrs.get("start"), 1, 0, 10**6)
            return f'<ol start="{start}">{inner}</ol>'
        case "taskList":
            return f'<ul class="tasks">{inner}</ul>'
        case "taskItem":
            box = "☑" if _checked(node) else "☐"
            return f"<li>{box} {inner.removeprefix('<p>').replace('</p>', '', 1)}</li>"
        case "codeBlock":
            return f"<pre><code>{inner}</code></pre>"
        case "horizontalRule":
            return "<hr>"
        case "hardBreak":
            return "<br>"
        case "image":
            source = _safe_url(node.attrs.get("src"))
            alt = html.escape(str(node.attrs.get("alt") or ""))
            return f'<img src="{html.escape(source)}" alt="{alt}">' if source else alt
        case "mention":
            return html.escape(_mention(node))
        case "table":
            return f"<table><tbody>{inner}</tbody></table>"
        case "tableCell" | "tableHeader":
            tag = "th" if node.type == "tableHeader" else "td"
            spans = "".join(
                f' {name}="{span}"'
                for name in ("colspan", "rowspan")
                if (span := _number(node.attrs.get(name), 1, 1, 100)) > 1
            )
            return f"<{tag}{spans}>{inner}</{tag}>"
        case _:
            return inner


def _html_run(node: Node) -> str:
    text = html.escape(node.text)
    for mark, tag in _MARK_TAGS.items():
        if mark in node.marks:
            text = f"<{tag}>{text}</{tag}>"
    link = node.marks.get("link")
    if isinstance(link, dict) and (url := _safe_url(link.get("href"))):
        text = f'<a href="{html.escape(url)}" rel="noopener noreferrer">{text}</a>'
    return text


def _mention(node: Node) -> str:
    return "@" + str(node.attrs.get("label") or node.attrs.get("id") or "")


# --- Markdown -------------------------------------------------------------------------------------

_ESCAPE = re.compile(r"([\\`*_\[\]<>])")


def _md_blocks(nodes: list[Node]) -> str:
    return "\n\n".join(_md(node) for node in nodes)


def _md(node: Node) -> str:
    match node.type:
        case "heading":
            return "#" * _number(node.attrs.get("level"), 1, 1, 6) + " " + _md_inline(node)
        case "bulletList":
            return "\n".join(_md_item(item, "- ") for item in node.children)
        case "orderedList":
            start = _number(node.attrs.get("start"), 1, 0, 10**6)
            return "\n".join(
                _md_item(item, f"{start + index}. ") for index, item in enumerate(node.children)
            )
        case "taskList":
            return "\n".join(
                _md_item(item, "- [x] " if _checked(item) else "- [ ] ") for item in node.children
            )
        case "blockquote":
            return "\n".join("> " + line for line in _md_blocks(node.children).split("\n"))
        case "codeBlock":
            code = "".join(child.text for child in node.children)
            runs = re.findall(r"`{3,}", code)
            fence = "`" * (max((len(run) for run in runs), default=2) + 1)
            language = node.attrs.get("language")
            return f"{fence}{language if isinstance(language, str) else ''}\n{code}\n{fence}"
        case "horizontalRule":
            return "---"
        case "table":
            return _md_table(node)
        case "image":
            return _md_image(node)
        case _:
            return _md_inline(node)


def _md_item(item: Node, mark: str) -> str:
    body = _md_blocks(item.children)
    if all(child.type != "paragraph" for child in item.children[1:]):
        body = body.replace("\n\n", "\n")  # a tight list
    indent = " " * (2 if mark.startswith("-") else len(mark))
    return mark + body.replace("\n", "\n" + indent)


def _md_table(node: Node) -> str:
    rows = [
        [" ".join(_md(block) for block in cell.children).replace("|", "\\|").replace("\n", " ")
         for cell in row.children]
        for row in node.children
    ]  # fmt: skip
    if not rows:
        return ""
    width = max(len(row) for row in rows)
    rows = [row + [""] * (width - len(row)) for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * width)
    return "\n".join(lines)


def _md_image(node: Node) -> str:
    alt = _ESCAPE.sub(r"\\\1", str(node.attrs.get("alt") or ""))
    source = _safe_url(node.attrs.get("src"))
    return f"![{alt}]({source})" if source else alt


def _md_inline(node: Node) -> str:
    return "".join(_md_piece(child) for child in node.children)


def _md_piece(node: Node) -> str:
    match node.type:
        case "hardBreak":
            return "\\\n"
        case "mention":
            return _mention(node)
        case "image":
            return _md_image(node)
        case "text":
            return _md_run(node)
        case _:
            return _md_inline(node)


def _md_run(node: Node) -> str:
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
    link = node.marks.get("link")
    if isinstance(link, dict) and (url := _safe_url(link.get("href"))):
        core = f"[{core}]({url})"
    return lead + core + tail


# --- plain text -----------------------------------------------------------------------------------


def _txt_blocks(nodes: list[Node]) -> str:
    return "\n\n".join(_txt(node) for node in nodes)


def _txt(node: Node) -> str:
    match node.type:
        case "text":
            return node.text
        case "hardBreak":
            return "\n"
        case "mention":
            return _mention(node)
        case "image":
            return str(node.attrs.get("alt") or "")
        case "horizontalRule":
            return "—" * 10
        case "bulletList":
            return "\n".join("• " + _txt_item(item) for item in node.children)
        case "orderedList":
            start = _number(node.attrs.get("start"), 1, 0, 10**6)
            return "\n".join(
                f"{start + index}. {_txt_item(item)}" for index, item in enumerate(node.children)
            )
        case "taskList":
            return "\n".join(
                ("[x] " if _checked(item) else "[ ] ") + _txt_item(item) for item in node.children
            )
        case "blockquote" | "listItem" | "taskItem":
            return _txt_blocks(node.children)
        case "table":
            return "\n".join(
                "\t".join(_txt_blocks(cell.children) for cell in row.children)
                for row in node.children
            )
        case _:
            return "".join(_txt(child) for child in node.children)


def _txt_item(item: Node) -> str:
    return "\n".join(_txt(child) for child in item.children).replace("\n", "\n  ")
