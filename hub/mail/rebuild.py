"""``hub rebuild``: make the projections anew from the logs, stream by stream, and put right what
reads differently. The hub may run meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hub.errors import Conflict
from hub.storage import documents, rebuild
from hub.storage.pool import Database
from hub.storage.projection import Projector
from hub.storage.rebuild import Shadow
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
    """Compare the projections of every stream with its log, and put right those that differ.

    ``on_progress`` gets streams done and in all.

    Raises:
        Conflict: ``rebuild_running``.
    """
    report = Report()
    changed: set[str] = set()
    async with database.session() as connection:
        shadow = await Shadow.cast(connection)
        if shadow is None:
            raise Conflict("Another rebuild is running.", code="rebuild_running")
        timelines = await shadow.streams("timeline")
        logs = await shadow.streams("document")
        report.threads, report.documents = len(timelines), len(logs)
        streams = [("timeline", one) for one in timelines] + [("document", one) for one in logs]
        for done, (kind, stream_id) in enumerate(streams, 1):
            changed |= await _rebuild(shadow, projector, kind, stream_id, report)
            await shadow.clear()
            if on_progress is not None:
                on_progress(done, len(streams))
        changed |= {table.name for table in await shadow.drop_strays()}
    report.changed = [table.name for table in rebuild.ALL if table.name in changed]
    return report


async def _rebuild(
    shadow: Shadow, projector: Projector, kind: str, stream_id: str, report: Report
) -> set[str]:
    """Returns the tables that said something else of the stream."""
    connection = shadow.connection
    async with connection.transaction(isolation="repeatable_read"):
        head = await _read(shadow, projector, stream_id, 0, report)
        if not await shadow.differences(kind, stream_id):
            return set()
    async with connection.transaction():
        # Only now writers wait.
        await shadow.lock(stream_id)
        await _read(shadow, projector, stream_id, head, report)
        wrong = await shadow.differences(kind, stream_id)
        for table in wrong:
            await shadow.put_right(table, stream_id)
    return {table.name for table in wrong}


async def _read(
    shadow: Shadow, projector: Projector, stream_id: str, after: int, report: Report
) -> int:
    """Project the events above a seq; returns the last one's."""
    connection = shadow.connection
    packed = await documents.packed_bodies(connection, stream_id, after)
    while rows := await rebuild.page(connection, stream_id, after):
        events = [
            Committed(
                stream_id, row["seq"], row["type"], row["sender"], row["at_ms"], row["send_id"],
                row["body"] or packed.get(row["seq"], b""), home=row["home"],
            )
            for row in rows
        ]  # fmt: skip
        await projector.project(connection, events)
        report.events += len(events)
        after = rows[-1]["seq"]
    await shadow.finish(stream_id)
    return after
