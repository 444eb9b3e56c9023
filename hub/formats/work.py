"""What is asked of a format (``hub.formats.worker``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from hub.formats.merging import Take
from hub.sandbox.frames import Part


class Given(NamedTuple):
    """Beside a file: the ``document`` that it is, or becomes; the Yjs ``client`` id under which all
    is written; of a text the ``encoding`` in which it was opened, and ``anew`` the one that it
    shall have, or in which another version is; whose words stand where both changed the same; bytes
    of ``pictures``, by the attachments that show them, null before anybody asked for them."""

    document: str
    client: int = 0
    encoding: str | None = None
    anew: str | None = None
    take: Take = "all"
    pictures: Mapping[str, bytes] | None = None


class About(NamedTuple):
    """Of a document that shall become a file: whether it is ``rich`` or ``text``, its title, and
    when it was changed last (Unix s), for formats that say so."""

    kind: str
    title: str
    changed_s: int


class Making(Protocol):
    """How documents that are no file become one of this format: a part ``file {missing}``, with the
    characters that the format cannot show, or ``wanted {attachments}``: pictures that are needed
    for it."""

    def made(self, state: bytes, about: About, given: Given) -> Iterator[Part]: ...


class Format(Protocol):
    """How files of one format are opened, saved and merged; each may raise ``Refused``."""

    def opened(self, data: bytes, given: Given) -> Iterator[Part]: ...

    def saved(self, data: bytes, state: bytes, given: Given) -> Iterator[Part]: ...

    def merged(
        self, data: bytes, other: bytes, state: bytes, given: Given
    ) -> Iterator[Part]: ...  # fmt: skip
