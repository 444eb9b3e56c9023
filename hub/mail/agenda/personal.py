"""The thread of one's own: what concerns nobody else has a place like everything else."""

from __future__ import annotations

from typing import Final

from hub.mail.threads import Threads
from hub.storage import entries
from hub.storage.pool import Database
from hub.wire.api import NewThread

SUBJECT: Final = "Just me"
_SEND_ID: Final = "hub:personal"


class Personal:
    def __init__(self, database: Database, threads: Threads) -> None:
        self._database = database
        self._threads = threads

    async def thread_of(self, uid: str) -> str:
        """Made when it is first asked for, and again when somebody else has come into it; the id of
        the one that there is."""
        async with self._database.acquire() as connection:
            known, is_own = await entries.personal_thread(connection, uid)
        if known is not None and is_own:
            return known
        send_id = _SEND_ID if known is None else f"{_SEND_ID}:{known[-20:]}"
        thread = await self._threads.create(uid, NewThread(subject=SUBJECT, send_id=send_id))
        async with self._database.acquire() as connection:
            return await entries.set_personal_thread(connection, uid, thread, known)

    async def is_of(self, thread: str, uid: str) -> bool:
        """Whether a thread is that of somebody's own."""
        async with self._database.acquire() as connection:
            return await entries.personal_thread(connection, uid) == (thread, True)
