"""What runs inside: makes one thing of the file that is its standard input.

Source of every kind's options: the function of that kind.
"""

from __future__ import annotations

from typing import Final

from hub.sandbox.work import Kinds, work

_KINDS: Final[Kinds] = {
    "image": ("hub.files.previews.images", "thumbnails"),
    "pdf": ("hub.files.previews.pdf", "pages"),
    "text": ("hub.files.previews.text", "plain"),
    "office_text": ("hub.files.previews.extract", "text"),
    "office_pdf": ("hub.files.previews.office", "to_pdf"),
    "strip": ("hub.files.previews.strip", "without_place"),
}


def main(kind: str, options: str) -> None:
    """Raises: nothing that a file could cause."""
    work(_KINDS, kind, options)
