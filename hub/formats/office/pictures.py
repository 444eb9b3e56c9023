"""The pictures of an office file on their way to the hub and back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final

from hub.formats.pictures import PREFIX, attachment_of, kind_of
from hub.formats.refused import Refused
from hub.formats.tree import Node
from hub.formats.work import Given
from hub.sandbox.frames import Part

MAX_PICTURES: Final = 900
MAX_BYTES: Final = 64 << 20
"""Of the pictures that are shown; what is more is kept, and not shown."""
MAX_WANTED: Final = 1000
"""Pictures that one save brings into a file."""


class Gallery:
    """The pictures of a file that browsers show.

    Args:
        document: whose attachments they are.

    Attributes:
        pictures: their bytes, by the attachments that show them.
    """

    def __init__(self, document: str) -> None:
        self.pictures: dict[str, bytes] = {}
        self._document = document
        self._addresses: dict[str, str | None] = {}
        self._bytes = 0

    def address(self, part: str, read: Callable[[str], bytes]) -> str | None:
        """Where a document shows a part of the package; null, where it cannot."""
        if part not in self._addresses:
            self._addresses[part] = self._shown(part, read)
        return self._addresses[part]

    def _shown(self, part: str, read: Callable[[str], bytes]) -> str | None:
        try:
            data = read(part)
        except Refused:
            return None
        few = len(self.pictures) < MAX_PICTURES and self._bytes + len(data) <= MAX_BYTES
        if not few or kind_of(data) is None:
            return None
        self._bytes += len(data)
        attachment = attachment_of(self._document, data)
        self.pictures[attachment] = data
        return PREFIX + attachment


def shown(pictures: Mapping[str, bytes]) -> Iterator[Part]:
    """A part ``picture {type, extension}`` for each."""
    for data in pictures.values():
        if (kind := kind_of(data)) is not None:
            yield Part("picture", {"extension": kind[0], "type": kind[1]}, data)


def rename(nodes: Sequence[Node], given: Given) -> Mapping[str, bytes]:
    """Pictures that a document shows from elsewhere, under the names that they have once they are
    in its file, there and in the document: what is in the file already is not put into it again."""
    names = {
        PREFIX + name: attachment_of(given.document, data)
        for name, data in (given.pictures or {}).items()
    }
    stack = list(nodes) if names else []
    while stack:
        node = stack.pop()
        stack += node.children
        if (name := names.get(str(node.attrs.get("src") or ""))) is not None:
            node.attrs = {**node.attrs, "src": PREFIX + name}
    return {attachment_of(given.document, one): one for one in (given.pictures or {}).values()}


def wanted(nodes: Sequence[Node], known: Collection[str]) -> list[str]:
    """Attachments that the document shows and the file has not."""
    found: dict[str, None] = {}
    stack = list(nodes)
    while stack:
        node = stack.pop()
        stack += node.children
        src = str(node.attrs.get("src") or "")
        if node.type in ("image", "inlineImage") and src.startswith(PREFIX):
            attachment = src.removeprefix(PREFIX)
            if attachment not in known:
                found[attachment] = None
    return list(found)[:MAX_WANTED]
