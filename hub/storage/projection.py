"""From the log to the tables people read: threads, members, items, reactions, documents.

``project`` is called by the writer inside its transaction, and by ``hub rebuild`` over whole logs
(into tables that hide these); both must end in the same rows. So it looks at nothing but the events
and the tables it fills, and an event that refers to something that is not there changes nothing.
Consecutive events of one kind go in one statement.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import msgspec

from hub.clock import to_datetime
from hub.errors import ProtocolError
from hub.storage import calls, entries, references
from hub.storage.documents import decode_updates
from hub.storage.writer import Committed
from hub.wire import properties, yupdate
from hub.wire.agenda import EntryLine
from hub.wire.events import told

Run = Sequence[Committed]


class Projector:
    """Fills the tables.

    Args:
        home: issuer that orders local threads.
    """

    def __init__(self, home: str) -> None:
        self._home = home
        self._by_type: dict[str, Callable[[Any, Run], Awaitable[None]]] = {
            "thread.create": self._thread_create,
            "thread.rename": self._thread_rename,
            "thread.history": self._thread_history,
            "member.set": self._member_set,
            "message": self._message,
            "message.edit": self._message_edit,
            "message.delete": self._message_delete,
            "message.undelete": self._message_undelete,
            "reaction": self._reaction,
            "document.create": self._document_create,
            "document.rename": self._document_rename,
            "document.merge": self._document_merge,
            "document.autosave": self._document_autosave,
            "attachment.add": self._attachment_add,
            "attachment.rename": self._attachment_rename,
            "attachment.remove": self._attachment_remove,
            "attachment.unremove": self._attachment_unremove,
            "attachment.restore": self._attachment_restore,
            "attachment.property": self._attachment_property,
            "version.add": self._version_add,
            "version.ready": self._version_ready,
            "version.failed": self._version_failed,
            "version.blocked": self._version_blocked,
            "version.unblocked": self._version_blocked,
            "reference.set": self._reference_set,
            "entry.set": self._entry_set,
            "entry.remove": self._entry_remove,
            "call.start": self._call_start,
            **dict.fromkeys(
                (
                    "call.ring",
                    "call.join",
                    "call.decline",
                    "call.miss",
                    "call.leave",
                    "call.lock",
                    "call.end",
                ),
                self._call,
            ),
            "doc.claim": self._claim,
            "doc.relay": self._relay,
        }

    async def project(self, connection: Any, events: Sequence[Committed]) -> None:
        """Apply events of any streams, each stream's in its order."""
        for type_, run in groupby(events, key=lambda one: one.type):
            if (apply := self._by_type.get(type_)) is not None:
                await apply(connection, list(run))
        heads = {one.stream_id: one.seq for one in events if not one.type.startswith("doc.")}
        if heads:
            await connection.execute(_HEADS, list(heads), list(heads.values()))

    async def _line(self, connection: Any, run: Run) -> None:
        """A system line of the history, shown as it stands in the log."""
        await connection.execute(
            _LINES,
            [one.stream_id for one in run],
            [one.seq for one in run],
            [one.type for one in run],
            [one.sender for one in run],
            [to_datetime(one.at_ms) for one in run],
            [one.body or None for one in run],
        )

    async def _thread_create(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            _THREAD,
            [
                (
                    one.stream_id, data["subject"], one.home or self._home, data["history"],
                    one.sender, to_datetime(one.at_ms), one.seq,
                )
                for one, data in _read(run)
            ],
        )  # fmt: skip
        await self._line(connection, run)

    async def _thread_rename(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            "UPDATE threads SET subject = $2 WHERE thread_id = $1",
            [(one.stream_id, data["subject"]) for one, data in _read(run)],
        )
        await self._line(connection, run)

    async def _thread_history(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            "UPDATE threads SET history = $2 WHERE thread_id = $1",
            [(one.stream_id, data["history"]) for one, data in _read(run)],
        )
        await self._line(connection, run)

    async def _member_set(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            _MEMBER,
            [
                (one.stream_id, data["uid"], data["role"], one.seq, to_datetime(one.at_ms))
                for one, data in _read(run)
            ],
        )
        await self._line(connection, run)

    async def _message(self, connection: Any, run: Run) -> None:
        texts: list[str | None] = []
        replies: list[int | None] = []
        mentions: list[str] = []
        names: list[str] = []
        files: list[str | None] = []
        reminders: list[bool] = []
        for one in run:
            data = _data(one)
            reminders.append(bool(data and data.get("reminder")))
            texts.append(data["text"] if data else None)
            replies.append(data.get("reply_to") if data else None)
            # An array of arrays must be rectangular, so the lists travel as JSON.
            mentions.append(_json(data.get("mentions", []) if data else []))
            names.append(_json(data.get("mention_names", []) if data else []))
            files.append(_json(data["files"]) if data and data.get("files") else None)
        await connection.execute(
            _MESSAGES,
            [one.stream_id for one in run],
            [one.seq for one in run],
            [one.sender for one in run],
            [to_datetime(one.at_ms) for one in run],
            texts,
            replies,
            mentions,
            names,
            files,
            reminders,
        )
        for one in run:
            if b'"references"' in one.body and (data := _data(one)):
                await references.project_message(connection, one, data, one.seq)
        latest = {one.stream_id: one for one in run}
        await connection.execute(
            _LATEST,
            list(latest),
            [one.seq for one in latest.values()],
            [to_datetime(one.at_ms) for one in latest.values()],
        )

    async def _message_edit(self, connection: Any, run: Run) -> None:
        for one, data in _read(run):
            await connection.execute(
                _EDIT, one.stream_id, data["target"], one.sender, one.seq, to_datetime(one.at_ms),
                data["text"], data.get("mentions", []), data.get("mention_names", []),
            )  # fmt: skip
            await references.project_message(connection, one, data, data["target"])

    async def _message_delete(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            _DELETE,
            [
                (
                    one.stream_id, data["target"], one.sender, one.seq, to_datetime(one.at_ms),
                    to_datetime(one.at_ms + data["undo_s"] * 1000),
                )
                for one, data in _read(run)
            ],
        )  # fmt: skip

    async def _message_undelete(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            _UNDELETE,
            [(one.stream_id, data["target"], one.sender, one.seq) for one, data in _read(run)],
        )

    async def _reaction(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            _REACT,
            [
                (one.stream_id, data["target"], one.seq, data["emoji"], one.sender, data["on"])
                for one, data in _read(run)
            ],
        )

    async def _document_create(self, connection: Any, run: Run) -> None:
        for one, data in _read(run):
            await connection.execute(_DOCUMENT_STREAM, data["document"], one.stream_id)
            await connection.execute(
                _DOCUMENT, data["document"], data["number"], one.stream_id, data["kind"],
                data["title"], data.get("language"), data["schema_version"], data["lineage"],
                one.sender, one.seq, to_datetime(one.at_ms), data.get("line_ends", "lf"),
            )  # fmt: skip
            if (file := data.get("file")) is not None:
                await connection.execute(
                    _DOCUMENT_FILE, data["document"], one.stream_id, file["attachment"],
                    file["number"], file["format"], file.get("encoding"), file["saved"],
                    file.get("notices"),
                )  # fmt: skip
        await self._line(connection, run)

    async def _document_rename(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            "UPDATE documents SET title = $3 WHERE document_id = $2 AND thread_id = $1",
            [(one.stream_id, data["document"], data["title"]) for one, data in _read(run)],
        )
        await self._line(connection, run)

    async def _document_merge(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            _MERGED,
            [
                (
                    one.stream_id, data["attachment"], data["document"], data["number"],
                    data["saved"], data.get("encoding"),
                    data["version"] if data["take"] == "none" else None, data.get("base"),
                    None if data.get("base") is None else data["changes"],
                )
                for one, data in _read(run)
            ],
        )  # fmt: skip
        await self._line(connection, run)

    async def _document_autosave(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            _AUTOSAVE,
            [
                (one.stream_id, data["document"], one.sender if data["on"] else None)
                for one, data in _read(run)
            ],
        )
        await self._line(connection, run)

    async def _attachment_add(self, connection: Any, run: Run) -> None:
        added = _read(run)
        await connection.executemany(
            _ATTACHMENT,
            [
                (
                    data["attachment"], one.stream_id, data["name"], data.get("document"),
                    one.sender, one.seq, to_datetime(one.at_ms), 1 if data.get("blob") else None,
                )
                for one, data in added
            ],
        )  # fmt: skip
        versions = [
            _version(one, {**data, "number": 1, "document": None, **_made(data)})
            for one, data in added
        ]
        await connection.executemany(_VERSION, versions)
        for one, data in added:
            if (made := data.get("made")) is not None and made.get("format") is not None:
                await connection.execute(
                    _DOCUMENT_FILE, made["document"], one.stream_id, data["attachment"], 1,
                    made["format"], made.get("encoding"), made["saved"], None,
                )  # fmt: skip
        if lines := [one for one, data in added if data.get("made") is not None]:
            await self._line(connection, lines)

    async def _version_add(self, connection: Any, run: Run) -> None:
        added = _read(run)
        versions = [_version(one, {**data, **_made(data)}) for one, data in added]
        await connection.executemany(_VERSION, versions)
        await self._show(connection, [(one, data) for one, data in added if data.get("blob")])
        await connection.executemany(
            _SAVED,
            [
                (
                    one.stream_id, data["attachment"], data["document"], data["number"],
                    data["saved"], data.get("encoding"),
                )
                for one, data in added
                if data.get("document") is not None
            ],
        )  # fmt: skip
        saved = [
            one
            for one, data in added
            if (data.get("document") or data.get("made")) and not data.get("same")
        ]
        if saved:
            await self._line(connection, saved)

    async def _version_ready(self, connection: Any, run: Run) -> None:
        ready = _read(run)
        await connection.executemany(
            _READY,
            [
                (
                    one.stream_id, data["attachment"], data["key"],
                    "same" if data.get("same") else "ready", data["number"], data["blob"],
                    data["size"],
                )
                for one, data in ready
            ],
        )  # fmt: skip
        await self._show(connection, ready)

    async def _show(self, connection: Any, versions: Sequence[tuple[Committed, Any]]) -> None:
        await connection.executemany(
            _SHOW,
            [
                (one.stream_id, data["attachment"], data["number"], data["key"])
                for one, data in versions
            ],
        )

    async def _version_failed(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            _FAILED,
            [
                (one.stream_id, data["attachment"], data["key"], data["reason"])
                for one, data in _read(run)
            ],
        )

    async def _version_blocked(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            _BLOCKED,
            [
                (one.stream_id, data["attachment"], data["key"], one.type == "version.blocked")
                for one, data in _read(run)
            ],
        )
        await self._line(connection, run)

    async def _attachment_rename(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            _RENAME_ATTACHMENT,
            [(one.stream_id, data["attachment"], data["name"]) for one, data in _read(run)],
        )
        await self._line(connection, run)

    async def _attachment_remove(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            _REMOVE_ATTACHMENT,
            [
                (
                    one.stream_id, data["attachment"], one.sender,
                    to_datetime(one.at_ms + data["undo_s"] * 1000), data.get("message"),
                )
                for one, data in _read(run)
            ],
        )  # fmt: skip
        await self._line(connection, run)

    async def _attachment_unremove(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            _UNREMOVE_ATTACHMENT,
            [(one.stream_id, data["attachment"], one.sender) for one, data in _read(run)],
        )
        await self._line(connection, run)

    async def _attachment_restore(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            _RESTORE,
            [(one.stream_id, data["attachment"], data["number"]) for one, data in _read(run)],
        )
        await self._line(connection, run)

    async def _attachment_property(self, connection: Any, run: Run) -> None:
        touched = set()
        for one, data in _read(run):
            attachment, folded = data["attachment"], properties.folded(data["key"])
            touched.add((one.stream_id, attachment))
            if data["property"] is None:
                await connection.execute(_REMOVE_PROPERTY, one.stream_id, attachment, folded)
                continue
            value = msgspec.convert(data["property"], properties.PropertyValue)
            source = _json(data["source"]) if data.get("source") else None
            await connection.execute(
                _PROPERTY, one.stream_id, attachment, folded, data["key"], _json(value), source,
                properties.as_text(value), one.sender, to_datetime(one.at_ms), data["target"],
            )  # fmt: skip
        await connection.executemany(_INDEX_PROPERTIES, sorted(touched))
        await self._line(connection, run)

    async def _reference_set(self, connection: Any, run: Run) -> None:
        told = []
        for one, data in _read(run):
            await references.project_set(connection, one, data)
            if data.get("target") is None and (data["on"] or data["was"]):
                told.append(one)
        if told:
            await self._line(connection, told)

    async def _entry_set(self, connection: Any, run: Run) -> None:
        for one in run:
            if one.body:
                await entries.project_set(connection, one)
        await self._line(connection, [_entry_line(one) for one in run])

    async def _entry_remove(self, connection: Any, run: Run) -> None:
        for one, data in _read(run):
            await entries.project_remove(connection, one, data)
        await self._line(connection, run)

    async def _call_start(self, connection: Any, run: Run) -> None:
        await self._call(connection, run)
        await self._line(connection, run)

    async def _call(self, connection: Any, run: Run) -> None:
        for one, data in _read(run):
            await calls.project(connection, one, data)

    async def _claim(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            _CLAIM,
            [
                (one.stream_id, *_claimed(data), data["uid"], data["origin"],
                 to_datetime(one.at_ms))
                for one, data in _read(run)
            ],
        )  # fmt: skip

    async def _relay(self, connection: Any, run: Run) -> None:
        await connection.executemany(
            _RELAY,
            [
                (one.stream_id, *ranges, one.sender, to_datetime(one.at_ms))
                for one in run
                if (ranges := _brought(one))[0]
            ],
        )


def _brought(one: Committed) -> tuple[list[int], list[int], list[int]]:
    """Client id, clock and length of what a row's updates bring."""
    found: tuple[list[int], list[int], list[int]] = ([], [], [])
    for raw in decode_updates(one.body):
        with contextlib.suppress(ProtocolError):  # set aside by who reads the document, too
            for client, structs in yupdate.parse(raw).structs.items():
                first, end = structs[0].clock, yupdate.end_of(structs)
                for column, value in zip(found, (client, first, end - first), strict=True):
                    column.append(value)
    return found


def _claimed(data: Any) -> tuple[list[int], list[int]]:
    """First and last of the blocks of client ids that a claim names: one, or single ids."""
    if "ids" in data:
        return data["ids"], data["ids"]
    return [data["first"]], [data["last"]]


def _data(one: Committed) -> Any:
    """The body, or null when it has been erased."""
    return msgspec.json.decode(one.body) if one.body else None


def _entry_line(one: Committed) -> Committed:
    """With what the history says of it as its body."""
    data = told(one.type, one.body)
    line = b"" if data is None else msgspec.json.encode(msgspec.convert(data, EntryLine))
    return replace(one, body=line)


def _made(data: dict[str, Any]) -> dict[str, Any]:
    """Of which document a version was made, and who has written what is new in it."""
    made = data.get("made")
    return {} if made is None else {"document": made["document"], "authors": made["authors"]}


def _version(one: Committed, data: Any) -> tuple[Any, ...]:
    """A row of ``versions``, as ``_VERSION`` takes it."""
    blob = data.get("blob")
    state = "arriving" if blob is None else "same" if data.get("same") else "ready"
    return (
        data["attachment"], data["key"], one.stream_id, one.seq, one.sender,
        to_datetime(one.at_ms), data["name"], data["type"], data["size"], state,
        data["number"] if blob else None, blob, data.get("document") if blob else None,
        data.get("authors"),
    )  # fmt: skip


def _read(run: Run) -> list[tuple[Committed, Any]]:
    return [(one, data) for one in run if (data := _data(one)) is not None]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


_HEADS = """
UPDATE threads t SET last_seq = greatest(t.last_seq, h.seq)
FROM unnest($1::text[], $2::bigint[]) AS h (id, seq) WHERE t.thread_id = h.id
"""

_LINES = """
INSERT INTO items (thread_id, seq, type, sender, at, version, data)
SELECT thread_id, seq, type, sender, at, seq, data
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::bytea[])
     AS i (thread_id, seq, type, sender, at, data)
"""

_THREAD = """
INSERT INTO threads (thread_id, subject, home, history, created_by, created_at, updated_at,
                     last_seq)
VALUES ($1, $2, $3, $4, $5, $6, $6, $7)
"""

_MEMBER = """
INSERT INTO members (thread_id, uid, role, since_seq, since_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (thread_id, uid) DO UPDATE SET
    role = excluded.role,
    since_seq = CASE WHEN members.role IS NULL THEN excluded.since_seq ELSE members.since_seq END,
    since_at = CASE WHEN members.role IS NULL THEN excluded.since_at ELSE members.since_at END
"""

_MESSAGES = """
INSERT INTO items (thread_id, seq, type, sender, at, version, text, reply_to, mentions,
                   mention_names, files, reminder, search)
SELECT thread_id, seq, 'message', sender, at, seq, text, reply_to,
       ARRAY(SELECT json_array_elements_text(mentions::json)),
       ARRAY(SELECT json_array_elements_text(mention_names::json)),
       files::jsonb, reminder, hub_words(text)
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::timestamptz[], $5::text[], $6::bigint[],
            $7::text[], $8::text[], $9::text[], $10::boolean[])
     AS i (thread_id, seq, sender, at, text, reply_to, mentions, mention_names, files, reminder)
"""

_LATEST = """
UPDATE threads t SET last_message_seq = greatest(t.last_message_seq, m.seq),
                     updated_at = greatest(t.updated_at, m.at)
FROM unnest($1::text[], $2::bigint[], $3::timestamptz[]) AS m (id, seq, at)
WHERE t.thread_id = m.id
"""

_EDIT = """
UPDATE items SET text = $6, mentions = $7, mention_names = $8, edited_at = $5, version = $4,
                 search = hub_words($6)
WHERE thread_id = $1 AND seq = $2 AND type = 'message' AND sender = $3
  AND deleted_at IS NULL AND NOT erased
"""

_DELETE = """
UPDATE items SET deleted_at = $5, deleted_by = $3, erase_at = $6, version = $4, search = NULL
WHERE thread_id = $1 AND seq = $2 AND type = 'message' AND deleted_at IS NULL
"""

_UNDELETE = """
UPDATE items SET deleted_at = NULL, deleted_by = NULL, erase_at = NULL, version = $4,
                 search = hub_words(text)
WHERE thread_id = $1 AND seq = $2 AND type = 'message' AND deleted_by = $3 AND NOT erased
"""

_REACT = """
WITH touched AS (
    UPDATE items SET version = $3
    WHERE thread_id = $1 AND seq = $2 AND type = 'message' AND deleted_at IS NULL AND NOT erased
    RETURNING seq
), gone AS (
    DELETE FROM reactions r USING touched
    WHERE NOT $6 AND r.thread_id = $1 AND r.seq = $2 AND r.emoji = $4 AND r.uid = $5
)
INSERT INTO reactions (thread_id, seq, emoji, uid, at_seq)
SELECT $1, $2, $4, $5, $3 FROM touched WHERE $6
ON CONFLICT DO NOTHING
"""

_DOCUMENT_STREAM = """
INSERT INTO streams (stream_id, kind, thread_id) VALUES ($1, 'document', $2)
ON CONFLICT DO NOTHING
"""

_DOCUMENT = """
INSERT INTO documents (document_id, number, thread_id, kind, title, language, schema_version,
                       lineage, created_by, created_seq, created_at, line_ends)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""

_DOCUMENT_FILE = """
INSERT INTO document_files (document_id, thread_id, attachment_id, number, format, encoding,
                            saved_seq, notices)
SELECT $1, $2, $3, $4, $5, $6, $7, $8
WHERE EXISTS (SELECT FROM attachments WHERE attachment_id = $3 AND thread_id = $2)
"""

_SAVED = """
UPDATE document_files SET number = $4, saved_seq = $5, encoding = coalesce($6, encoding),
                          beside = NULL, merged_from = NULL, merged = NULL
WHERE thread_id = $1 AND attachment_id = $2 AND document_id = $3
"""

_AUTOSAVE = """
UPDATE document_files SET autosave = $3 WHERE thread_id = $1 AND document_id = $2
"""

_MERGED = """
UPDATE document_files SET number = $4, saved_seq = $5, encoding = coalesce($6, encoding),
                          beside = $7, merged_from = $8, merged = $9
WHERE thread_id = $1 AND attachment_id = $2 AND document_id = $3
"""

_ATTACHMENT = """
INSERT INTO attachments (attachment_id, thread_id, name, document_id, added_by, added_seq, added_at,
                         number, search)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, hub_words($3)) ON CONFLICT DO NOTHING
"""

_VERSION = """
INSERT INTO versions (attachment_id, key, thread_id, seq, author, at, name, type, size, state,
                      number, blob_id, document_id, authors)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::text[]
WHERE EXISTS (SELECT FROM attachments WHERE attachment_id = $1 AND thread_id = $3)
ON CONFLICT DO NOTHING
"""

_READY = """
UPDATE versions SET state = $4, number = $5, blob_id = $6, size = $7
WHERE thread_id = $1 AND attachment_id = $2 AND key = $3 AND state = 'arriving'
"""

_SHOW = """
UPDATE attachments SET number = $3
WHERE thread_id = $1 AND attachment_id = $2 AND EXISTS (
    SELECT FROM versions WHERE attachment_id = $2 AND key = $4 AND number = $3)
"""

_FAILED = """
UPDATE versions SET state = 'failed', reason = $4
WHERE thread_id = $1 AND attachment_id = $2 AND key = $3 AND state = 'arriving'
"""

_BLOCKED = """
UPDATE versions SET blocked = $4 WHERE thread_id = $1 AND attachment_id = $2 AND key = $3
"""

# What a file is found by: its name and its properties, in an order that is always the same.
_WORDS = """
hub_words({name} || coalesce(
    (SELECT string_agg(' ' || p.key || ' ' || p.words, '' ORDER BY p.folded)
     FROM attachment_properties p WHERE p.attachment_id = attachments.attachment_id), ''))
"""

_RENAME_ATTACHMENT = f"""
UPDATE attachments SET name = $3, search = {_WORDS.format(name="$3::text")}
WHERE thread_id = $1 AND attachment_id = $2
"""

_REMOVE_ATTACHMENT = """
UPDATE attachments SET removed_by = $3, erase_at = $4, removed_with = $5, search = NULL
WHERE thread_id = $1 AND attachment_id = $2 AND removed_by IS NULL
"""

_UNREMOVE_ATTACHMENT = f"""
UPDATE attachments SET removed_by = NULL, erase_at = NULL, removed_with = NULL,
                       search = {_WORDS.format(name="name")}
WHERE thread_id = $1 AND attachment_id = $2 AND removed_by = $3
"""

_RESTORE = """
UPDATE attachments SET number = $3
WHERE thread_id = $1 AND attachment_id = $2 AND EXISTS (
    SELECT FROM versions WHERE attachment_id = $2 AND number = $3 AND state = 'ready')
"""

_PROPERTY = """
INSERT INTO attachment_properties (attachment_id, folded, thread_id, key, property, source, words,
                                   set_by, set_at, target)
SELECT $2::text, $3::text, $1::text, $4::text, $5::jsonb, $6::jsonb, $7::text, $8::text,
       $9::timestamptz, $10::bigint
WHERE EXISTS (SELECT FROM attachments WHERE attachment_id = $2 AND thread_id = $1)
ON CONFLICT (attachment_id, folded) DO UPDATE SET
    key = excluded.key, property = excluded.property, source = excluded.source,
    words = excluded.words, set_by = excluded.set_by, set_at = excluded.set_at,
    target = excluded.target
"""

_REMOVE_PROPERTY = """
DELETE FROM attachment_properties WHERE thread_id = $1 AND attachment_id = $2 AND folded = $3
"""

_INDEX_PROPERTIES = f"""
UPDATE attachments SET search = {_WORDS.format(name="name")}
WHERE thread_id = $1 AND attachment_id = $2 AND removed_by IS NULL
"""

# Only what is under ids of others.
_RELAY = """
INSERT INTO relayed (document_id, client_id, clock, length, uid, at)
SELECT $1::text, r.client, r.clock, r.length, $5::text, $6::timestamptz
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS r (client, clock, length)
WHERE NOT EXISTS (SELECT FROM client_ids c WHERE c.document_id = $1 AND c.uid = $5
                  AND r.client BETWEEN c.first_id AND c.last_id)
ON CONFLICT DO NOTHING
"""

# What is owned stays with its owner, a block with an owned id in it as a whole.
_CLAIM = """
INSERT INTO client_ids (document_id, first_id, last_id, uid, origin, at)
SELECT $1::text, b.first, b.last, $4::text, $5::text, $6::timestamptz
FROM unnest($2::bigint[], $3::bigint[]) AS b (first, last)
WHERE coalesce((SELECT last_id FROM client_ids WHERE document_id = $1 AND first_id <= b.last
                ORDER BY first_id DESC LIMIT 1), -1) < b.first
ON CONFLICT DO NOTHING
"""
