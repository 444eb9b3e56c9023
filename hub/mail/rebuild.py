"""``hub rebuild``: make the projections anew from the logs, in one transaction, and compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hub.storage import documents, rebuild
from hub.storage.pool import Database
from hub.storage.projection import Projector
from hub.storage.writer import Committed


@dataclass
class Report:
    """What was read, and which tables read differently before."""

    threads: int = 0
    documents: int = 0
    events: int = 0
    changed: list[str] = field(default_factory=list)


async def rebuild_projections(
    database: Database, projector: Projector, on_progress: Callable[[int, int], None] | None = None
) -> Report:
    """Empty the projections and fill them from every stream.

    The hub may run meanwhile: writers wait. ``on_progress`` gets streams done and in all.
    """
    report = Report()
    async with database.transaction() as connection:
        await rebuild.lock(connection)
        before = await rebuild.fingerprints(connection)
        await rebuild.clear(connection)
        timelines = await rebuild.streams_of(connection, "timeline")
        logs = await rebuild.streams_of(connection, "document")
        report.threads, report.documents = len(timelines), len(logs)
        for done, stream_id in enumerate([*timelines, *logs], 1):
            after = 0
            packed = await documents.packed_bodies(connection, stream_id)
            while rows := await rebuild.page(connection, stream_id, after):
                events = [
                    Committed(
                        stream_id, row["seq"], row["type"], row["sender"], row["at_ms"],
                        row["send_id"], row["body"] or packed.get(row["seq"], b""),
                        home=row["home"],
                    )
                    for row in rows
                ]  # fmt: skip
                await projector.project(connection, events)
                report.events += len(events)
                after = rows[-1]["seq"]
            if on_progress is not None:
                on_progress(done, len(timelines) + len(logs))
        await rebuild.finish(connection)
        after_ = await rebuild.fingerprints(connection)
        report.changed = [table for table in rebuild.TABLES if before[table] != after_[table]]
    return report
