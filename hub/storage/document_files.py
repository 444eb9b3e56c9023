"""Rows of live documents that are files of their thread: which version they go on from, and what of
them is in it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple


class Binding(NamedTuple):
    """A document is a live copy of version ``number`` of an attachment. ``saved_seq``: up to there
    its log is in that version. ``beside``: a version that its editors keep out of it.
    ``merged_from``: it went on from that before ``merged`` changes of version ``number`` came in
    from elsewhere; null once it was saved. ``autosave``: it saves itself in the name of this
    member. ``notices``: what its editors should know of the file."""

    document: str
    thread: str
    attachment: str
    number: int
    format: str
    encoding: str | None
    saved_seq: int
    beside: int | None
    merged_from: int | None
    merged: int | None
    autosave: str | None
    notices: list[str] | None

    @property
    def known(self) -> frozenset[int | None]:
        """Versions that ask nothing of it when they are shown."""
        return frozenset((self.number, self.beside))


async def find(connection: Any, document: str) -> Binding | None:
    row = await connection.fetchrow(_FIND, document)
    return None if row is None else Binding(*row)


async def bound(connection: Any, attachment: str, number: int) -> Binding | None:
    """The document that goes on from a version; the first of them."""
    row = await connection.fetchrow(_BOUND, attachment, number)
    return None if row is None else Binding(*row)


async def open_copy(connection: Any, attachment: str, number: int) -> Binding | None:
    """The live document of a file: of those that there are, that of a version, else the latest."""
    row = await connection.fetchrow(_OPEN_COPY, attachment, number)
    return None if row is None else Binding(*row)


async def of_attachment(connection: Any, attachment: str) -> list[Binding]:
    """The documents that are copies of a file."""
    return [Binding(*row) for row in await connection.fetch(_OF_ATTACHMENT, attachment)]


async def updates(connection: Any, document: str, after: int) -> list[int]:
    """Seqs of the rows of a document's log that changed its words, behind a seq; at most two."""
    return [row["seq"] for row in await connection.fetch(_UPDATES, document, after)]


async def last_update(connection: Any, document: str) -> int:
    """Seq of the last row of a document's log that changed its words."""
    return int(await connection.fetchval(_LAST_UPDATE, document) or 0)


async def saving_themselves(connection: Any, documents: Collection[str]) -> list[str]:
    """Those of them that save themselves."""
    rows = await connection.fetch(_SAVING_THEMSELVES, list(documents))
    return [row["document_id"] for row in rows]


async def changed_at(connection: Any, document: str) -> tuple[int, int]:
    """Seq and time (Unix ms) of the last row that changed a document's words; zeros for none."""
    row = await connection.fetchrow(_CHANGED_AT, document)
    return (0, 0) if row is None else (row["seq"], row["at_ms"])


async def authors(connection: Any, document: str, after: int, upto: int) -> list[str]:
    """Whose changes the rows of a document's log bring, behind ``after`` up to ``upto``; in the
    order of their first one."""
    return [row["uid"] for row in await connection.fetch(_AUTHORS, document, after, upto)]


async def made_until(connection: Any, attachment: str, document: str) -> int:
    """Up to which seq of a document's log it is in the last version that was made of it; 0 when
    none was."""
    return int(await connection.fetchval(_MADE_UNTIL, attachment, document) or 0)


_COLUMNS = """
f.document_id, f.thread_id, f.attachment_id, f.number, f.format, f.encoding, f.saved_seq, f.beside,
f.merged_from, f.merged, f.autosave, f.notices
"""

_FIND = f"SELECT {_COLUMNS} FROM document_files f WHERE f.document_id = $1"

_BOUND = f"""
SELECT {_COLUMNS} FROM document_files f JOIN documents d USING (document_id)
WHERE f.attachment_id = $1 AND f.number = $2 ORDER BY d.created_seq LIMIT 1
"""

_OPEN_COPY = f"""
SELECT {_COLUMNS} FROM document_files f JOIN documents d USING (document_id)
WHERE f.attachment_id = $1 ORDER BY f.number = $2 DESC, d.created_seq DESC LIMIT 1
"""

_OF_ATTACHMENT = f"""
SELECT {_COLUMNS} FROM document_files f WHERE f.attachment_id = $1 ORDER BY f.document_id
"""

_UPDATES = """
SELECT seq FROM events WHERE stream_id = $1 AND seq > $2 AND type IN ('doc.update', 'doc.relay')
ORDER BY seq LIMIT 2
"""

_LAST_UPDATE = """
SELECT max(seq) FROM events WHERE stream_id = $1 AND type IN ('doc.update', 'doc.relay')
"""

_SAVING_THEMSELVES = """
SELECT document_id FROM document_files
WHERE document_id = ANY($1::text[]) AND autosave IS NOT NULL ORDER BY document_id
"""

_CHANGED_AT = """
SELECT seq, (extract(epoch FROM at) * 1000)::bigint AS at_ms FROM events
WHERE stream_id = $1 AND type IN ('doc.update', 'doc.relay') ORDER BY seq DESC LIMIT 1
"""

_MADE_UNTIL = """
SELECT (convert_from(e.body, 'UTF8')::json->'made'->>'saved')::bigint
FROM versions v JOIN events e ON e.stream_id = v.thread_id AND e.seq = v.seq
WHERE v.attachment_id = $1 AND v.document_id = $2 AND e.body IS NOT NULL
ORDER BY v.seq DESC LIMIT 1
"""

_AUTHORS = """
SELECT sender AS uid FROM events
WHERE stream_id = $1 AND seq > $2 AND seq <= $3 AND type IN ('doc.update', 'doc.relay')
GROUP BY sender ORDER BY min(seq)
"""
