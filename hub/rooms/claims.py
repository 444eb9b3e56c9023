"""Claims: whose the client ids of a document become, decided in the transaction that writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.errors import Conflict, Forbidden, RateLimited
from hub.ids import new_id
from hub.storage import documents as rows
from hub.storage.writer import CLAIM, Append, Guard

_encode = msgspec.json.Encoder().encode


def leased(document: str, uid: str, first: int, last: int, *, most: int) -> Append:
    """The row that gives a block of ids to a user; refused with ``no_client_ids`` when one of them
    is somebody's, with ``too_many_client_ids`` when the user had more than ``most`` then."""

    async def guard(connection: Any) -> None:
        if await rows.owners_among(connection, document, [first], [last]):
            raise Conflict("These client ids are taken.", code="no_client_ids")
        before = await rows.leased_to(connection, document, uid)
        if before + last - first + 1 > most:
            raise RateLimited(
                f"{most} client ids of a document are enough.", code="too_many_client_ids"
            )

    body = _encode({"uid": uid, "first": first, "last": last, "origin": "leased"})
    return Append(document, CLAIM, uid, body, new_id("n"), guard=guard)


def bound(document: str, uid: str, ids: Sequence[int]) -> tuple[bytes, Guard]:
    """The body of the claim that goes before the first update under ids that a stock client chose,
    and what refuses both when another process gave one of the ids to somebody else meanwhile."""

    async def guard(connection: Any) -> None:
        if await rows.owners_among(connection, document, ids, ids) - {uid}:
            raise Forbidden("A client id belongs to somebody else.", code="foreign_client_id")

    return _encode({"uid": uid, "ids": ids, "origin": "bound"}), guard
