"""The pictures of an office file on their way to the hub and back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from hub.formats.pictures import PREFIX, kind_of
from hub.formats.tree import Node
from hub.sandbox.frames import Part

MAX_WANTED: Final = 1000
"""Pictures that one save brings into a file."""


def shown(pictures: Mapping[str, bytes]) -> Iterator[Part]:
    """A part ``picture {type, extension}`` for each."""
    for data in pictures.values():
        if (kind := kind_of(data)) is not None:
            yield Part("picture", {"extension": kind[0], "type": kind[1]}, data)


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
