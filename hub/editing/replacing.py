"""Replacing words in a live document for somebody, while others do the same or type.

    what is seen ─► turn (one at a time, all processes) ─► the newest state ─ worker ─► update
                                                                                │
                              on disk, and shown to everybody ◄─ hub.rooms.hand ┘

Two browsers that replaced the same words by themselves would put the new ones there twice. Here
the second finds that they are not there any more (``hub.formats.replacing``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final
from weakref import WeakValueDictionary

from hub.editing.workshop import Workshop
from hub.errors import Forbidden
from hub.formats.replacing import Replacement
from hub.identity.principal import Principal
from hub.rooms import hand
from hub.rooms.documents import LiveDocument
from hub.storage import documents as rows
from hub.wire.api import DocumentInfo

MANY: Final = 1 << 40


class Replacing:
    def __init__(self, workshop: Workshop) -> None:
        self._database = workshop.database
        self._pen = workshop.pen
        self._library = workshop.library
        self._converter = workshop.converter
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def replace(
        self, who: Principal, info: DocumentInfo, wanted: Sequence[Replacement], client: int | None
    ) -> int:
        """Put other words in the place of those that are there as they were seen; how many were.
        Returns once it is on disk.

        Args:
            client: a Yjs client id that was leased to them, which nothing else is written under:
                so that their editor knows the change; null for any.

        Raises:
            Forbidden: ``read_only``, ``missing_scope``, ``foreign_client_id``.
            NotFound: ``thread_not_found``.
            HubError: of ``hub.editing.refusals``, and why the change was not taken.
        """
        await self._pen.require(who, info.thread)
        # Those of this process wait here, where they keep nobody from anything else.
        turn = self._turns.setdefault(info.document, asyncio.Lock())
        async with (
            turn,
            self._converter.turn,
            self._library.using(info) as live,
            self._database.transaction() as connection,
        ):
            await rows.lock_replacing(connection, info.document)
            await live.catch_up()
            await live.settled()
            own = await self._own(who, info, live, client)
            update, count = await self._converter.replace(info.kind, live.state(), wanted, own)
            if update:
                await hand.write(live, who.uid, update)
        return count

    async def _own(
        self, who: Principal, info: DocumentInfo, live: LiveDocument, client: int | None
    ) -> int:
        if client is None:
            (leased,) = await self._library.lease(info, who.uid, 1, most=MANY)
            return leased
        if live.owners.get(client) != who.uid:
            raise Forbidden("This client id is not yours.", code="foreign_client_id")
        return client
