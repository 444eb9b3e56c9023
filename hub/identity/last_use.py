"""When sessions and tokens were used last: noted in memory, written now and then.

To ask who somebody is writes nothing, so it works on a database that takes no writes. A note is for
people to read ("last seen"), and may be lost.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog

from hub.storage import sessions
from hub.storage.pool import Database, DatabaseAway

WRITE_S = 30.0
MAX_NOTES = 10_000

log = structlog.get_logger()


class LastUse:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._sessions: dict[str, datetime] = {}
        self._tokens: dict[str, datetime] = {}

    def of_session(self, id_: str, at: datetime) -> None:
        _note(self._sessions, id_, at)

    def of_token(self, id_: str, at: datetime) -> None:
        _note(self._tokens, id_, at)

    async def run(self) -> None:
        """Write what was noted, for ever."""
        while True:
            await asyncio.sleep(WRITE_S)
            try:
                await self.write()
            except DatabaseAway as away:
                log.info("last uses wait", reason=away.code)

    async def write(self) -> None:
        """Raises:
        DatabaseAway: they stay noted.
        """
        for notes, touch in (
            (self._sessions, sessions.touch),
            (self._tokens, sessions.touch_tokens),
        ):
            if not notes:
                continue
            some = dict(notes)
            async with self._database.acquire() as connection:
                await touch(connection, list(some), list(some.values()))
            for id_, at in some.items():
                if notes.get(id_) == at:
                    del notes[id_]


def _note(notes: dict[str, datetime], id_: str, at: datetime) -> None:
    if id_ in notes or len(notes) < MAX_NOTES:
        notes[id_] = at
