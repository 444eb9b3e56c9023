"""What a connection may do with a document: made in one place, again whenever a reason changes."""

from __future__ import annotations

from typing import NamedTuple

from hub.rooms.permissions import may_write


class Access(NamedTuple):
    """Of one connection to one document; who may not read has none."""

    edit: bool


class Grounds(NamedTuple):
    """What a connection brings to every document of a thread, whatever the role.

    Attributes:
        scopes: of its token or ticket; null for a signed-in person.
        schema_version: the latest schema of documents that its client knows; null for a stock
            Yjs client, whose editor answers for itself.
    """

    scopes: frozenset[str] | None
    schema_version: int | None


def access(role: str | None, grounds: Grounds, schema_version: int) -> Access:
    """Role in the thread, scopes of the token, schema of the client: all three must allow it.

    Args:
        schema_version: of the document.
    """
    scopes = grounds.scopes
    read = scopes is None or "read" in scopes
    knows = grounds.schema_version is None or grounds.schema_version >= schema_version
    edit = read and may_write(role) and knows and (scopes is None or "write" in scopes)
    return Access(edit)
