"""OpenDocument texts: a rich document each (``hub.formats.work.Format``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.formats.odt.blank import blank
from hub.formats.odt.parts import Parts
from hub.formats.odt.reader import Reader
from hub.formats.odt.writer import Writer
from hub.formats.office import documents
from hub.formats.office.flat import nest
from hub.formats.office.notes import with_notes
from hub.formats.office.pictures import rename
from hub.formats.tree import Node
from hub.formats.work import About, Given
from hub.sandbox.frames import Part


def opened(data: bytes, given: Given) -> Iterator[Part]:
    yield from documents.opened(read, data, given)


def saved(data: bytes, state: bytes, given: Given) -> Iterator[Part]:
    yield from documents.saved(written, data, state, given)


def made(state: bytes, about: About, given: Given) -> Iterator[Part]:
    yield from documents.made(written, blank(about), state, about, given)


def merged(data: bytes, other: bytes, state: bytes, given: Given) -> Iterator[Part]:
    yield from documents.merged(read, data, other, state, given)


def read(data: bytes, document: str) -> tuple[list[Node], Reader]:
    """The blocks of a file, its footnotes behind them.

    Raises:
        Refused.
    """
    parts = Parts(data)
    reader = Reader(parts, document)
    nodes = nest(reader.blocks(parts.body)) or [Node("paragraph")]
    notes = reader.notes
    reader.look_around()
    return with_notes(nodes, {name: flats for name, (_, flats) in notes.items()}), reader


def written(data: bytes, nodes: Sequence[Node], given: Given) -> Iterator[Part]:
    """The file with what the nodes say, or which pictures that takes."""
    parts = Parts(data)
    reader = Reader(parts, given.document)
    writer = Writer(parts, reader, rename(nodes, given))
    yield from documents.written(data, nodes, given, reader.pictures, writer.save)
