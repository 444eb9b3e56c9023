"""Reading threads: the inbox, a thread's state, its history and its events; and the read markers.

Every page is read in one snapshot, so that ``head`` says exactly which events it already holds.
Nothing here decides who may read: callers say from which seq on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec

from hub.storage import attachments, calls, entries, references
from hub.storage.pool import Database
from hub.wire.api import (
    Account,
    DocumentFile,
    DocumentInfo,
    HistoryPage,
    Item,
    LastMessage,
    Member,
    Reaction,
    ThreadState,
    ThreadSummary,
)
from hub.wire.calls import Call
from hub.wire.commands import Role
from hub.wire.events import Event, MessageFile, ReadState
from hub.wire.excerpt import excerpt
from hub.wire.visibility import is_veiled, visible_from

MAX_ENTRIES: Final = 300
"""Tasks and meetings that a thread is told with, those that are due first."""


@dataclass(frozen=True, slots=True)
class MemberRow:
    role: Role
    since_seq: int


class Membership(NamedTuple):
    """Since when (a seq) somebody is a member of a thread, what its history lets them read, and
    its last seq."""

    uid: str
    thread: str
    since: int
    history: str
    head: int


@dataclass(frozen=True, slots=True)
class RoomState:
    """What a room holds in memory, as of timeline seq ``head``; ``call`` is the one that lasts."""

    subject: str
    history: str
    head: int
    members: dict[str, MemberRow]
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message as commands that refer to it see it."""

    seq: int
    type: str
    sender: str
    reply_to: int | None
    deleted_by: str | None
    erase_at_ms: int | None
    erased: bool
    text: str | None
    mentions: list[str]
    mention_names: list[str]
    files: list[MessageFile]


@asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[Any]:
    """A connection that sees one moment of the database."""
    async with (
        database.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield connection


async def room_state(connection: Any, thread: str) -> RoomState | None:
    row = await connection.fetchrow(_ROOM, thread)
    if row is None:
        return None
    members = {
        one["uid"]: MemberRow(one["role"], one["since_seq"])
        for one in await connection.fetch(_ROOM_MEMBERS, thread)
    }
    call = await calls.running(connection, thread)
    return RoomState(row["subject"], row["history"], row["last_seq"], members, call)


async def memberships(connection: Any, uids: Sequence[str]) -> list[Membership]:
    """The threads that users are members of."""
    return [Membership(*row) for row in await connection.fetch(_MEMBERSHIPS, list(uids))]


async def ahead(connection: Any, heads: Mapping[str, int]) -> set[str]:
    """The streams in which more is written than up to these seqs."""
    rows = await connection.fetch(_AHEAD, list(heads), list(heads.values()))
    return {row["stream_id"] for row in rows}


async def is_last_owner(connection: Any, thread: str, uid: str) -> bool:
    """Whether a user owns a thread, and nobody else does."""
    owners = await connection.fetch(_OWNERS, thread)
    return [row["uid"] for row in owners] == [uid]


async def role_of(connection: Any, thread: str, uid: str) -> str | None:
    found: str | None = await connection.fetchval(_ROLE_OF, thread, uid)
    return found


async def summaries(connection: Any, uid: str, thread: str | None = None) -> list[ThreadSummary]:
    """The user's inbox, latest first; or the row of one thread."""
    return [_summary(row) for row in await connection.fetch(_SUMMARIES, uid, thread)]


async def thread_state(connection: Any, thread: str, uid: str) -> ThreadState | None:
    """A thread as one of its members sees it; null for anybody else."""
    found = await summaries(connection, uid, thread)
    if not found:
        return None
    history = await connection.fetchval("SELECT history FROM threads WHERE thread_id = $1", thread)
    people = await connection.fetch(_PEOPLE, thread)
    since = next(row["since_seq"] for row in people if row["uid"] == uid)
    planned = await entries.of_thread(
        connection, thread, uid, visible_from(history, since), limit=MAX_ENTRIES + 1, is_open=True
    )
    return ThreadState(
        summary=found[0],
        history=history,
        members=[
            Member(row["uid"], row["display_name"], row["role"], row["since_seq"])
            for row in people
            if row["role"] is not None
        ],
        former_members=[
            Account(row["uid"], row["display_name"], [], row["is_owner"], row["disabled"])
            for row in people
            if row["role"] is None
        ],
        documents=await documents_of(connection, thread),
        references=await references.of_thread(connection, thread),
        entries=planned[:MAX_ENTRIES],
        more_entries=len(planned) > MAX_ENTRIES,
    )


async def members_of(connection: Any, thread: str) -> list[Member]:
    return [
        Member(row["uid"], row["display_name"], row["role"], row["since_seq"])
        for row in await connection.fetch(_PEOPLE, thread)
        if row["role"] is not None
    ]


async def documents_of(connection: Any, thread: str) -> list[DocumentInfo]:
    return [document_info(row) for row in await connection.fetch(_DOCUMENTS_OF, thread)]


def document_info(row: Any) -> DocumentInfo:
    return DocumentInfo(
        document=row["document_id"],
        number=row["number"],
        thread=row["thread_id"],
        kind=row["kind"],
        title=row["title"],
        schema_version=row["schema_version"],
        lineage=row["lineage"],
        language=row["language"],
        created_by=row["created_by"],
        created_at=row["created_at_ms"],
        line_ends=row["line_ends"],
        file=None
        if row["attachment_id"] is None
        else DocumentFile(row["attachment_id"], row["file_number"], row["format"], row["encoding"]),
    )


async def message(connection: Any, thread: str, seq: int) -> MessageRow | None:
    """One line of the history as commands see it."""
    row = await connection.fetchrow(_MESSAGE, thread, seq)
    if row is None:
        return None
    return MessageRow(**{**row, "files": _files(row["files"])})


async def has_reacted(
    connection: Any, thread: str, seq: int, emoji: str, uid: str
) -> bool:  # fmt: skip
    """Whether a user's reaction stands at a message."""
    return bool(await connection.fetchval(_HAS_REACTED, thread, seq, emoji, uid))


async def head(connection: Any, thread: str) -> int:
    """The last seq of a thread; 0 when there is none."""
    return int(await connection.fetchval(_HEAD, thread) or 0)


async def history_page(
    connection: Any,
    thread: str,
    *,
    uid: str,
    from_seq: int,
    before: int | None = None,
    around: int | None = None,
    limit: int = 50,
) -> HistoryPage:
    """Items in ascending seq: the last ``limit``, those before a seq, or some on both sides of
    one. ``from_seq`` is the first the reader may see."""
    head = await connection.fetchval(_HEAD, thread)
    if around is not None:
        half = max(1, limit // 2)
        rows = [
            *await connection.fetch(_ITEMS_BEFORE, thread, from_seq, around, half),
            *await connection.fetch(_ITEMS_FROM, thread, max(from_seq, around), limit - half),
        ]
    else:
        end = before if before is not None else head + 1
        rows = await connection.fetch(_ITEMS_BEFORE, thread, from_seq, end, limit)
    rows = sorted(rows, key=lambda row: row["seq"])
    more = bool(rows and await connection.fetchval(_ANY_BEFORE, thread, from_seq, rows[0]["seq"]))
    items = await _items(connection, thread, rows)
    for item in items:
        if item.type != "message" and is_veiled(item.type, item.data, from_seq, uid):
            item.data = None
    files = await attachments.some(connection, _attachments_in(items), from_seq)
    named = await entries.some(
        connection, thread, uid, from_seq, entries=_entries_in(items),
        sources=[one.seq for one in items if one.type == "message" and not one.deleted],
    )  # fmt: skip
    return HistoryPage(items, head, more, files, named)


async def events_page(
    connection: Any,
    thread: str,
    *,
    uid: str | None,
    from_seq: int,
    after: int | None = None,
    before: int | None = None,
    limit: int = 200,
) -> list[Event]:
    """Events in ascending seq, as member ``uid`` sees them who may read from ``from_seq``; ``data``
    of deleted messages and of their edits is null, too."""
    if before is not None:
        rows = await connection.fetch(_EVENTS_BEFORE, thread, from_seq, before, limit)
        rows = rows[::-1]
    else:
        rows = await connection.fetch(_EVENTS_AFTER, thread, from_seq, after or 0, limit)
    bodies = [_body(row["body"]) for row in rows]
    concerned = {row["seq"] for row in rows if row["type"] == "message"} | {
        body["target"]
        for row, body in zip(rows, bodies, strict=True)
        if row["type"] == "message.edit" and body
    }
    hidden = {row["seq"] for row in await connection.fetch(_HIDDEN, thread, sorted(concerned))}
    return [
        Event(
            thread=thread,
            seq=row["seq"],
            type=row["type"],
            sender=row["sender"],
            at=row["at_ms"],
            send_id=row["send_id"],
            data=None if _is_hidden(row, body, hidden, from_seq, uid or "") else body,
        )
        for row, body in zip(rows, bodies, strict=True)
    ]


async def read_state(connection: Any, thread: str, uid: str) -> ReadState | None:
    """The user's marker and counts; null when not a member."""
    found = await summaries(connection, uid, thread)
    if not found:
        return None
    one = found[0]
    return ReadState(thread=thread, seq=one.last_read, unread=one.unread, mentions=one.mentions)


async def moved_marks(connection: Any, uid: str, within_s: float) -> list[ReadState]:
    """The user's markers that moved in the last seconds, of threads they are a member of."""
    rows = await connection.fetch(_MOVED, uid, within_s)
    states = [await read_state(connection, row["thread_id"], uid) for row in rows]
    return [state for state in states if state is not None]


async def mark_read(connection: Any, thread: str, uid: str, seq: int) -> None:
    """Move the marker, forward or (to mark unread) back; never beyond the head."""
    await connection.execute(_MARK, thread, uid, seq)


def _files(raw: str | None) -> list[MessageFile]:
    return msgspec.json.decode(raw, type=list[MessageFile]) if raw else []


def _attachments_in(items: Sequence[Item]) -> list[str]:
    """The attachments that items speak of."""
    found = [file.attachment for item in items for file in item.files]
    about = ("attachment.", "version.")
    lines = [item.data for item in items if item.type.startswith(about) and item.data]
    return found + [data["attachment"] for data in lines]


def _entries_in(items: Sequence[Item]) -> list[str]:
    """The tasks and meetings that items speak of."""
    return [one.data["entry"] for one in items if one.type.startswith("entry.") and one.data]


def _body(raw: bytes | None) -> Any:
    """What an event says; null when it was erased or is damaged."""
    try:
        return msgspec.json.decode(raw) if raw else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _is_hidden(row: Any, body: Any, hidden: set[int], from_seq: int, uid: str) -> bool:
    if is_veiled(row["type"], body, from_seq, uid):
        return True
    if row["type"] == "message":
        return row["seq"] in hidden
    return row["type"] == "message.edit" and (body is None or body["target"] in hidden)


def _summary(row: Any) -> ThreadSummary:
    last = None
    if row["last_seq"] is not None:
        last = LastMessage(
            row["last_seq"], row["last_sender"], row["last_at_ms"], excerpt(row["last_text"]),
            len(_files(row["last_files"])),
        )  # fmt: skip
    return ThreadSummary(
        thread=row["thread_id"],
        subject=row["subject"],
        head=row["head"],
        role=row["role"],
        last_read=row["last_read"],
        unread=row["unread"],
        mentions=row["mentions"],
        updated_at=row["updated_at_ms"],
        last_message=last,
        call=calls.read(row["call"]) if row["call"] is not None else None,
    )


async def _items(connection: Any, thread: str, rows: Sequence[Any]) -> list[Item]:
    reactions: dict[int, dict[str, list[str]]] = {}
    for one in await connection.fetch(
        _REACTIONS, thread, [row["seq"] for row in rows if row["type"] == "message"]
    ):
        reactions.setdefault(one["seq"], {}).setdefault(one["emoji"], []).append(one["uid"])
    items = [_item(row, reactions.get(row["seq"], {})) for row in rows]
    named = await references.of_messages(
        connection, thread, [one.seq for one in items if one.type == "message" and not one.deleted]
    )
    found = await calls.at(
        connection, thread, [row["seq"] for row in rows if row["type"] == "call.start"]
    )
    for item in items:
        item.references = named.get(item.seq, [])
        if item.seq in found:
            item.data = msgspec.to_builtins(found[item.seq])
    return items


def _item(row: Any, reactions: dict[str, list[str]]) -> Item:
    item = Item(row["seq"], row["type"], row["sender"], row["at_ms"], row["version"])
    if row["type"] != "message":
        item.data = _body(row["data"])
        return item
    item.deleted = row["deleted_by"] is not None or row["erased"]
    item.deleted_by = row["deleted_by"]
    item.reply_to = row["reply_to"]
    if item.deleted:
        item.undo_until = None if row["erased"] else row["erase_at_ms"]
        return item
    item.text = row["text"]
    item.mentions = row["mentions"]
    item.mention_names = row["mention_names"]
    item.files = _files(row["files"])
    item.reminder = row["reminder"]
    item.edited_at = row["edited_at_ms"]
    item.reactions = [Reaction(emoji, uids) for emoji, uids in reactions.items()]
    return item


_ROOM = "SELECT subject, history, last_seq FROM threads WHERE thread_id = $1"

_ROLE_OF = "SELECT role FROM members WHERE thread_id = $1 AND uid = $2"

_HEAD = "SELECT last_seq FROM threads WHERE thread_id = $1"

_ROOM_MEMBERS = """
SELECT uid, role, since_seq FROM members WHERE thread_id = $1 AND role IS NOT NULL
"""

_MEMBERSHIPS = """
SELECT m.uid, m.thread_id, m.since_seq, t.history, t.last_seq
FROM members m JOIN threads t USING (thread_id)
WHERE m.uid = ANY($1::text[]) AND m.role IS NOT NULL
"""

_AHEAD = """
SELECT s.stream_id FROM unnest($1::text[], $2::bigint[]) AS k (id, seq)
JOIN streams s ON s.stream_id = k.id WHERE s.head_seq > k.seq
"""

_OWNERS = "SELECT uid FROM members WHERE thread_id = $1 AND role = 'owner' LIMIT 2"

_SUMMARIES = """
SELECT t.thread_id, t.subject, t.last_seq AS head, m.role, coalesce(r.seq, 0) AS last_read,
       (extract(epoch FROM greatest(t.updated_at, m.since_at)) * 1000)::bigint AS updated_at_ms,
       n.unread + c.missed AS unread, n.mentions, running.state AS call,
       l.seq AS last_seq, l.sender AS last_sender, l.text AS last_text,
       l.files AS last_files,
       (extract(epoch FROM l.at) * 1000)::bigint AS last_at_ms
FROM members m
JOIN threads t USING (thread_id)
LEFT JOIN read_marks r ON r.thread_id = m.thread_id AND r.uid = m.uid
CROSS JOIN LATERAL (SELECT CASE t.history WHEN 'joined' THEN m.since_seq ELSE 0 END AS seq) v
CROSS JOIN LATERAL (
    SELECT count(*)::int AS unread,
           (count(*) FILTER (WHERE m.uid = ANY(i.mentions)))::int AS mentions
    FROM items i
    WHERE i.thread_id = m.thread_id AND i.seq > coalesce(r.seq, 0) AND i.seq >= v.seq
      AND i.type = 'message' AND i.sender <> m.uid AND i.deleted_at IS NULL AND NOT i.erased
) n
CROSS JOIN LATERAL (
    SELECT count(*)::int AS missed FROM missed_calls c
    WHERE c.thread_id = m.thread_id AND c.uid = m.uid AND c.seq > coalesce(r.seq, 0)
      AND c.seq >= v.seq
) c
LEFT JOIN LATERAL (
    SELECT state FROM calls WHERE thread_id = m.thread_id AND running ORDER BY seq DESC LIMIT 1
) running ON true
LEFT JOIN LATERAL (
    SELECT i.seq, i.sender, i.text, i.files, i.at FROM items i
    WHERE i.thread_id = m.thread_id AND i.seq >= v.seq AND i.type = 'message'
      AND i.deleted_at IS NULL AND NOT i.erased
    ORDER BY i.seq DESC LIMIT 1
) l ON true
WHERE m.uid = $1 AND m.role IS NOT NULL AND ($2::text IS NULL OR m.thread_id = $2)
ORDER BY updated_at_ms DESC, t.thread_id
"""

_PEOPLE = """
SELECT m.uid, m.role, m.since_seq, a.display_name, a.is_owner,
       a.disabled_at IS NOT NULL AS disabled
FROM members m JOIN accounts a USING (uid)
WHERE m.thread_id = $1 ORDER BY m.since_seq, m.uid
"""

DOCUMENT_COLUMNS = """
d.document_id, d.number, d.thread_id, d.kind, d.title, d.schema_version, d.lineage, d.language,
d.created_by, (extract(epoch FROM d.created_at) * 1000)::bigint AS created_at_ms, d.line_ends,
f.attachment_id, f.number AS file_number, f.format, f.encoding
"""
DOCUMENT_TABLES = "documents d LEFT JOIN document_files f USING (document_id)"

_DOCUMENTS_OF = f"""
SELECT {DOCUMENT_COLUMNS} FROM {DOCUMENT_TABLES} WHERE d.thread_id = $1
ORDER BY d.created_seq
"""

_MESSAGE = """
SELECT seq, type, sender, reply_to, deleted_by,
       (extract(epoch FROM erase_at) * 1000)::bigint AS erase_at_ms, erased, text, mentions,
       mention_names, files
FROM items WHERE thread_id = $1 AND seq = $2
"""

_ITEM_COLUMNS = """
seq, type, sender, (extract(epoch FROM at) * 1000)::bigint AS at_ms, version, data, text,
reply_to, mentions, mention_names, files, reminder,
(extract(epoch FROM edited_at) * 1000)::bigint AS edited_at_ms, deleted_by,
(extract(epoch FROM erase_at) * 1000)::bigint AS erase_at_ms, erased
"""

_ITEMS_BEFORE = f"""
SELECT {_ITEM_COLUMNS} FROM items
WHERE thread_id = $1 AND seq >= $2 AND seq < $3 ORDER BY seq DESC LIMIT $4
"""

_ITEMS_FROM = f"""
SELECT {_ITEM_COLUMNS} FROM items
WHERE thread_id = $1 AND seq >= $2 ORDER BY seq LIMIT $3
"""

_ANY_BEFORE = """
SELECT EXISTS (SELECT FROM items WHERE thread_id = $1 AND seq >= $2 AND seq < $3)
"""

_REACTIONS = """
SELECT seq, emoji, uid FROM reactions WHERE thread_id = $1 AND seq = ANY($2::bigint[])
ORDER BY seq, at_seq
"""

_HAS_REACTED = """
SELECT EXISTS (SELECT FROM reactions
               WHERE thread_id = $1 AND seq = $2 AND emoji = $3 AND uid = $4)
"""

# The text of a task or meeting stays where it is.
_EVENT_COLUMNS = """
seq, type, sender, send_id,
CASE WHEN type = 'entry.set'
     THEN convert_to((convert_from(body, 'UTF8')::json->'told')::text, 'UTF8')
     ELSE body END AS body,
(extract(epoch FROM at) * 1000)::bigint AS at_ms
"""

_EVENTS_AFTER = f"""
SELECT {_EVENT_COLUMNS} FROM events
WHERE stream_id = $1 AND seq >= $2 AND seq > $3 ORDER BY seq LIMIT $4
"""

_EVENTS_BEFORE = f"""
SELECT {_EVENT_COLUMNS} FROM events
WHERE stream_id = $1 AND seq >= $2 AND seq < $3 ORDER BY seq DESC LIMIT $4
"""

_HIDDEN = """
SELECT seq FROM items
WHERE thread_id = $1 AND seq = ANY($2::bigint[]) AND (deleted_at IS NOT NULL OR erased)
"""

_MOVED = """
SELECT thread_id FROM read_marks
WHERE uid = $1 AND moved_at > now() - make_interval(secs => $2)
ORDER BY moved_at DESC LIMIT 500
"""

_MARK = """
INSERT INTO read_marks (thread_id, uid, seq)
SELECT thread_id, $2, least($3, last_seq) FROM threads WHERE thread_id = $1
ON CONFLICT (thread_id, uid) DO UPDATE SET seq = excluded.seq, moved_at = now()
"""
