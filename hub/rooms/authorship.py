"""Whose the words of a document are, and how surely: by the log's rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from hub.rooms.owners import Owners
from hub.storage.documents import Row
from hub.wire import yupdate
from hub.wire.api import Relayed


def relayed(rows: Iterable[Row], owners: Owners) -> list[Relayed]:
    """What somebody delivered under another person's client ids.

    Args:
        rows: those that are not proven; each clock stands in the log once.
    """
    found = []
    for row in rows:
        for raw in row.updates:
            for client, structs in yupdate.parse(raw).structs.items():
                if owners.get(client) != row.sender:
                    first, end = structs[0].clock, yupdate.end_of(structs)
                    found.append(Relayed(client, first, end - first, row.sender, row.at_ms))
    return found
