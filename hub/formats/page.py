"""A document as an HTML page."""

from __future__ import annotations

import html

from hub.formats import tree
from hub.formats.output import Output
from hub.formats.tree import Node
from hub.wire.api import DocumentInfo

_STYLE = """
body{font:16px/1.65 Inter,system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;
color:#1c1b19}h1,h2,h3{line-height:1.25}pre,code{font-family:ui-monospace,monospace}pre{
white-space:pre-wrap;background:#f5f3ee;padding:.75rem 1rem;border-radius:6px}blockquote{margin:0;
padding-left:1rem;border-left:3px solid #cfcabf}table{border-collapse:collapse;width:100%}td,th{
border:1px solid #cfcabf;padding:.3rem .6rem;text-align:left;vertical-align:top}img{max-width:100%}
ul.tasks{list-style:none;padding-left:0}@media print{body{margin:0;max-width:none}}
""".replace("\n", "")

_AROUND = {
    "blockquote": ("<blockquote>", "</blockquote>"),
    "bulletList": ("<ul>", "</ul>"),
    "taskList": ('<ul class="tasks">', "</ul>"),
    "listItem": ("<li>", "</li>"),
    "codeBlock": ("<pre><code>", "</code></pre>"),
    "source": ("<pre><code>", "</code></pre>"),
    "table": ("<table><tbody>", "</tbody></table>"),
    "tableRow": ("<tr>", "</tr>"),
}
_MARK_TAGS = {
    "bold": "strong", "italic": "em", "strike": "s", "underline": "u", "code": "code",
    "highlight": "mark", "subscript": "sub", "superscript": "sup", "insertion": "ins",
    "deletion": "del",
}  # fmt: skip
_ALIGNMENTS = ("left", "center", "right", "justify")


def begin(info: DocumentInfo, out: Output) -> None:
    title = html.escape(info.title)
    out.write(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main><h1>{title}</h1>"
    )


def end(out: Output) -> None:
    out.write("</main></body></html>\n")


def write(nodes: list[Node], out: Output) -> None:
    for node in nodes:
        _node(node, out)


def _node(node: Node, out: Output) -> None:
    match node.type:
        case "text":
            out.write(_run(node))
        case "horizontalRule":
            out.write("<hr>")
        case "hardBreak":
            out.write("<br>")
        case "image" | "inlineImage":
            address = tree.safe_url(tree.picture_link(node).get("href"))
            if address is None:
                out.write(_image(node))
            else:
                out.write(f'<a href="{html.escape(address)}">{_image(node)}</a>')
        case "opaque":
            out.write(html.escape(tree.opaque(node)))
        case "opaqueBlock":
            out.write(f"<p>{html.escape(tree.opaque(node))}</p>")
        case "inlineSource":
            out.write(f"<code>{html.escape(str(node.attrs.get('source') or ''))}</code>")
        case "footnoteReference":
            out.write(f"<sup>[{html.escape(str(node.attrs.get('id')))}]</sup>")
        case "footnote":
            out.write(f"<div><sup>[{html.escape(str(node.attrs.get('id')))}]</sup>")
            write(node.children, out)
            out.write("</div>")
        case "mention":
            out.write(html.escape(tree.mention(node)))
        case "taskItem":
            out.write("<li>☑ " if tree.checked(node) else "<li>☐ ")
            first, rest = node.children[:1], node.children[1:]
            if first and first[0].type == "paragraph":  # beside its box
                first = first[0].children
            write(first, out)
            write(rest, out)
            out.write("</li>")
        case _:
            opening, closing = _AROUND.get(node.type) or _tags(node)
            out.write(opening)
            write(node.children, out)
            out.write(closing)


def _tags(node: Node) -> tuple[str, str]:
    match node.type:
        case "heading":
            level = tree.number(node.attrs.get("level"), 1, 1, 5) + 1  # the title is the page's h1
            return f"<h{level}{_turned(node)}>", f"</h{level}>"
        case "paragraph":
            return f"<p{_turned(node)}>", "</p>"
        case "orderedList":
            return f'<ol start="{tree.start(node)}">', "</ol>"
        case "tableCell" | "tableHeader":
            tag = "th" if node.type == "tableHeader" else "td"
            spans = "".join(
                f' {name}="{span}"'
                for name in ("colspan", "rowspan")
                if (span := tree.number(node.attrs.get(name), 1, 1, 100)) > 1
            )
            return f"<{tag}{spans}>", f"</{tag}>"
        case _:
            return "", ""


def _turned(node: Node) -> str:
    align = node.attrs.get("textAlign")
    turned = ' dir="rtl"' if node.attrs.get("dir") == "rtl" else ""
    return turned + (f' style="text-align:{align}"' if align in _ALIGNMENTS else "")


def _image(node: Node) -> str:
    source = tree.safe_url(node.attrs.get("src"))
    alt = html.escape(str(node.attrs.get("alt") or ""))
    return f'<img src="{html.escape(source)}" alt="{alt}">' if source else alt


def _run(node: Node) -> str:
    text = html.escape(node.text)
    for mark, tag in _MARK_TAGS.items():
        if mark in node.marks:
            text = f"<{tag}>{text}</{tag}>"
    if isinstance(comment := node.marks.get("comment"), dict):
        said = html.escape(f"{comment.get('author') or ''}: {comment.get('text') or ''}")
        text = f'<span title="{said}">{text}</span>'
    if url := tree.link(node):
        text = f'<a href="{html.escape(url)}" rel="noopener noreferrer">{text}</a>'
    return text
