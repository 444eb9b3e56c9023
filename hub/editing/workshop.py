"""What opening, saving and merging work with alike."""

from __future__ import annotations

from dataclasses import dataclass

from hub.editing.converter import Converter
from hub.editing.pen import Pen
from hub.editing.pictures import Pictures
from hub.editing.sources import Sources
from hub.rooms.library import Library
from hub.storage.pool import Database


@dataclass(frozen=True, slots=True)
class Workshop:
    database: Database
    pen: Pen
    library: Library
    sources: Sources
    converter: Converter
    pictures: Pictures
