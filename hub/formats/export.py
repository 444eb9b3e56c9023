"""Exports of a document as Markdown, HTML or plain text: one pass over its tree, bounded in depth,
in nodes and in what comes out. Pure: a state in, bytes out; run it in a thread.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Any

from pycrdt import Doc, Text

from hub.formats import page, plain
from hub.formats.markdown import writer as markdown
from hub.formats.output import Output
from hub.formats.tree import Node, Pictures, in_words, read, resolve
from hub.wire.api import DocumentInfo

__all__ = ["export", "export_state", "file_name"]

_EXTENSIONS = {
    "python": "py", "javascript": "js", "typescript": "ts", "markdown": "md", "json": "json",
    "html": "html", "css": "css", "sql": "sql", "rust": "rs", "go": "go", "java": "java",
    "yaml": "yaml", "xml": "xml", "cpp": "cpp", "php": "php",
}  # fmt: skip


_OWN = {
    *_EXTENSIONS.values(), "txt", "csv", "tsv", "log", "ini", "cfg", "conf", "toml", "yml", "jsx",
    "tsx", "mjs", "scss", "svelte", "vue", "c", "h", "cc", "hpp", "cs", "kt", "swift", "rb", "r",
    "lua", "tex", "rst", "diff", "patch", "gitignore", "env", "proto", "graphql",
}  # fmt: skip
_WHOLE_NAMES = {"makefile", "dockerfile", "readme", "license"}


def _nowhere(attachment: str) -> None:
    return None


def export_state(
    state: bytes, info: DocumentInfo, format_: str, pictures: Pictures = _nowhere
) -> bytes:
    """The whole document, given as one Yjs update, in a format: md, html or txt; UTF-8.

    Args:
        pictures: where those are that are attachments.

    Raises:
        TooLarge: ``export_too_large``.
    """
    doc: Doc[Any] = Doc()
    doc.apply_update(state)
    return export(doc, info, format_, pictures)


def export(
    doc: Doc[Any], info: DocumentInfo, format_: str, pictures: Pictures = _nowhere
) -> bytes:  # fmt: skip
    """The same of a document that nobody else has."""
    out = Output()
    if format_ == "html":
        page.begin(info, out)
        if info.kind == "text":
            content = html.escape(str(doc.get("content", type=Text)))
            out.write(f"<pre><code>{content}</code></pre>")
        else:
            page.write(_tree(doc, pictures), out)
        page.end(out)
    elif info.kind == "text":
        content = str(doc.get("content", type=Text))
        out.write(re.sub("\r?\n", "\r\n", content) if info.line_ends == "crlf" else content)
    else:
        words = in_words(_tree(doc, pictures))
        (markdown if format_ == "md" else plain).write(words, out)
    return out.value()


def _tree(doc: Doc[Any], pictures: Pictures) -> list[Node]:
    nodes = read(doc)
    resolve(nodes, pictures)
    return nodes


def file_name(info: DocumentInfo, format_: str) -> str:
    """A name for the download: the title without what file systems refuse."""
    seen = "".join(one for one in info.title if unicodedata.category(one) != "Cf")
    stem = re.sub(r'[\x00-\x1f<>:"/\\|?*]+', " ", seen).strip(" .") or "document"
    if info.kind == "text" and format_ == "txt":
        # One that a system would run must not come from whoever gave the title.
        if stem.rpartition(".")[2].lower() in _OWN if "." in stem else stem.lower() in _WHOLE_NAMES:
            return stem
        return f"{stem}.{_EXTENSIONS.get(info.language or '', 'txt')}"
    return f"{stem}.{format_}"
