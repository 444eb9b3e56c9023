"""Writes the events of edited files in somebody's name, if they may write in the thread."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.errors import Conflict
from hub.identity.principal import Principal
from hub.rooms.permissions import Action, require
from hub.rooms.registry import Registry
from hub.storage import streams
from hub.storage.writer import Append, Committed, GroupCommitWriter
from hub.wire.api import DocumentInfo


class Pen:
    def __init__(self, writer: GroupCommitWriter, rooms: Registry) -> None:
        self._writer = writer
        self._rooms = rooms

    async def require(self, who: Principal, thread: str) -> None:
        """Before there is work to do for them.

        Raises:
            Forbidden: ``read_only``, ``missing_scope``.
            NotFound: ``thread_not_found``.
        """
        async with self._rooms.hold(thread) as room:
            require(who, room.role(who.uid), Action.WRITE)

    async def before(
        self, connection: Any, who: Principal, info: DocumentInfo, send_id: str, *types: str,
        made: bool = False,
    ) -> Any:  # fmt: skip
        """The row that somebody wrote under a ``send_id`` before, of one of these types and about
        this document; null for none.

        Args:
            made: it is a file that was made of the document.

        Raises:
            Conflict: ``send_id_reused``.
        """
        row = await streams.find(connection, info.thread, who.uid, send_id)
        if row is None:
            return None
        data = msgspec.json.decode(row["body"]) if row["body"] else {}
        about = data.get("made", {}) if made else data
        if row["type"] not in types or about.get("document") != info.document:
            raise Conflict("This send_id stands for something else.", code="send_id_reused")
        return row

    async def write(self, append: Append, who: Principal | None) -> Committed:
        """Returns once it is on disk.

        Args:
            who: asks for it; null for what the hub does by itself.

        Raises:
            HubError: as ``require``; what the guard of the append says.
        """
        async with self._rooms.hold(append.stream_id) as room:
            if who is not None:
                require(who, room.role(who.uid), Action.WRITE)
            # Nothing is awaited between this and the append.
            future = self._writer.append(append)
        return await future
