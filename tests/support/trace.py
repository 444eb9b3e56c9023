"""The real writing history in ``tests/data``: 259,778 edits of one author."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).parent.parent / "data" / "automerge-paper.json.gz"


@dataclass(frozen=True)
class Edit:
    """At ``position``, ``deleted`` characters go and ``inserted`` comes. All of it is ASCII."""

    position: int
    deleted: int
    inserted: str


@dataclass(frozen=True)
class Trace:
    edits: list[Edit]
    end: str

    def __iter__(self) -> Iterator[Edit]:
        return iter(self.edits)


def load() -> Trace:
    with gzip.open(PATH) as file:
        raw = json.load(file)
    assert raw["startContent"] == ""
    edits = [Edit(*patch) for txn in raw["txns"] for patch in txn["patches"]]
    return Trace(edits, raw["endContent"])
