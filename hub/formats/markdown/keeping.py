"""A Markdown file with what a document says now: only the lines change in which it says something
else.

    source ─ reader ─► blocks ┐
                              ├─ the same key: the source as it stands
    tree of the document ─────┘  else: what differs between the writer's forms of both is done
                                 to the source, and read again to be sure; else the writer's
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from hub.formats import canon, diff
from hub.formats.markdown import reader, writer
from hub.formats.markdown.reader import Block, Source
from hub.formats.tree import Node

WIDENINGS: Final = 3
_WORDS: Final = re.compile(r"\\[^\w\s]|&#?\w+;|[^\W_]+|\s|[^\w\s]|_")


def rewritten(source: str, nodes: Sequence[Node]) -> str:
    """The source with what the nodes say."""
    read = reader.read(source)
    nodes = [node for node in nodes if not is_nothing(node)]
    olds, news = keys([one.node for one in read.blocks]), keys(nodes)
    if olds == news:
        return source
    saving = _Saving(read, nodes)
    regions = diff.changes(olds, news)
    for _ in range(WIDENINGS):
        saved = saving.run(regions)
        if keys(reader.nodes_of(saved)) == news:
            return saved
        # What stands beside a change may read with it as one: it is written anew, too.
        regions = _wider(regions, len(olds), len(news))
    return saving.run([diff.Change(0, len(olds), 0, len(news))])


def _wider(regions: Sequence[diff.Change], olds: int, news: int) -> list[diff.Change]:
    """By a block on each side."""
    found: list[diff.Change] = []
    for one in regions:
        ahead = 1 if one.a and one.b else 0
        behind = 1 if one.a_end < olds and one.b_end < news else 0
        wide = diff.Change(one.a - ahead, one.a_end + behind, one.b - ahead, one.b_end + behind)
        if found and wide.a <= found[-1].a_end:
            last = found.pop()
            wide = diff.Change(last.a, wide.a_end, last.b, wide.b_end)
        found.append(wide)
    return found


def keys(nodes: Sequence[Node]) -> list[bytes]:
    """Of what Markdown can say."""
    return [canon.key(node, loose=True) for node in nodes]


def is_nothing(node: Node) -> bool:
    return node.type == "paragraph" and not canon.runs(node.children, loose=True)


class _Region(NamedTuple):
    """Blocks ``a`` to ``a_end`` of the source stand as nodes ``b`` to ``b_end`` now."""

    a: int
    a_end: int
    b: int
    b_end: int


class _Saving:
    def __init__(self, read: Source, nodes: Sequence[Node]) -> None:
        self._read = read
        self._nodes = nodes

    def run(self, regions: Sequence[diff.Change]) -> str:
        """What stands between regions is taken as it is, with all that is around it."""
        data, blocks = self._read.data, self._read.blocks
        parts: list[bytes] = []
        at = 0
        for one in regions:
            region = _Region(*one)
            start = blocks[region.a].start if region.a < len(blocks) else self._end
            if region.a == region.a_end:  # something new: behind the block before it
                start = blocks[region.a - 1].end if region.a else 0
            end = blocks[region.a_end - 1].end if region.a_end > region.a else start
            if region.b == region.b_end:  # gone, with the blank lines beside it
                if region.a_end < len(blocks):
                    end = blocks[region.a_end].start
                elif region.a:
                    start = blocks[region.a - 1].end
            parts.append(data[at:start])
            parts.append(self._region(region, start, end).encode("utf-8", "surrogatepass"))
            at = end
        return b"".join([*parts, data[at:]]).decode("utf-8", "surrogatepass")

    @property
    def _end(self) -> int:
        return self._read.blocks[-1].end if self._read.blocks else 0

    def _region(self, region: _Region, start: int, end: int) -> str:
        nodes = list(self._nodes[region.b : region.b_end])
        blocks = self._read.blocks[region.a : region.a_end]
        if not nodes:
            return ""
        if not blocks:
            return self._between(writer.text_of(nodes, self._read.definitions), start)
        before = self._read.data[start:end].decode("utf-8", "surrogatepass")
        return self._changed(blocks, nodes, before)

    def _between(self, text: str, start: int) -> str:
        """New blocks, with blank lines around them."""
        data = self._read.data
        ahead, behind = data[:start], data[start:]
        lead = ""
        if ahead.strip() and start:
            lead = "\n" if ahead.endswith(b"\n") else "\n\n"
        tail = ""
        if behind.strip():
            tail = "" if behind.startswith((b"\n", b"\r\n")) else "\n"
        elif not data.endswith(b"\n") and data:
            text = text.removesuffix("\n")
        return lead + text + tail

    def _changed(self, blocks: Sequence[Block], nodes: list[Node], before: str) -> str:
        definitions = self._read.definitions
        wanted = keys(nodes)
        was = writer.text_of([one.node for one in blocks], definitions)
        now = writer.text_of(nodes, definitions)
        body = before.rstrip("\n")
        kept = _redone(was.rstrip("\n"), body, now.rstrip("\n"))
        # What came last in the source, came with its line end.
        tail = before[len(body) :]
        if self._says(kept, wanted):
            return kept + tail
        return now.rstrip("\n") + tail

    def _says(self, text: str, wanted: Sequence[bytes]) -> bool:
        found = reader.read(text + self._read.definitions).blocks
        return keys([one.node for one in found])[: len(wanted)] == list(wanted) and all(
            one.start >= len(text.encode("utf-8", "surrogatepass")) for one in found[len(wanted) :]
        )


def _redone(was: str, source: str, now: str) -> str:
    """Do to the source what makes ``now`` of ``was``. Where that touches what the source says in
    its own way, it is said as in ``now``; elsewhere the source stays as it is."""
    forms = [_WORDS.findall(one) for one in (was, source, now)]
    own = diff.changes(forms[0], forms[1])
    found: list[str] = []
    at = passed = shift = 0
    for change in _widened(diff.changes(forms[0], forms[2]), own):
        while passed < len(own) and own[passed].a_end <= change.a:
            shift = own[passed].b_end - own[passed].a_end
            passed += 1
        start = change.a + shift
        while passed < len(own) and own[passed].a < change.a_end:
            shift = own[passed].b_end - own[passed].a_end
            passed += 1
        found += forms[1][at:start]
        found += forms[2][change.b : change.b_end]
        at = change.a_end + shift
    return "".join([*found, *forms[1][at:]])


def _widened(changes: Sequence[diff.Change], own: Sequence[diff.Change]) -> list[diff.Change]:
    """Changes that overlap none of ``own`` in part: each takes in all of those that it touches."""
    found: list[diff.Change] = []
    for change in changes:
        a, a_end, b, b_end = change
        if found and a < found[-1].a_end:  # the one before it has grown over it
            last = found.pop()
            a, b = last.a, last.b
            if last.a_end > a_end:
                a_end, b_end = last.a_end, b_end + last.a_end - a_end
        for one in own:
            if one.a < a_end and one.a_end > a:
                a, b = min(a, one.a), b - max(0, a - one.a)
                a_end, b_end = max(a_end, one.a_end), b_end + max(0, one.a_end - a_end)
        while found and a < found[-1].a_end:
            last = found.pop()
            a, b = min(a, last.a), last.b if last.a <= a else b
        found.append(diff.Change(a, a_end, b, b_end))
    return found
