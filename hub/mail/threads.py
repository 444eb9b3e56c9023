"""Threads: commands checked against what is stored, and turned into events to append.

Owns the rules of the timeline (who may edit, how deep replies go, when a deletion can be undone).
Never decides roles (``hub.rooms.permissions`` does) and never writes: it hands back an ``Append``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import msgspec

from hub.clock import Clock
from hub.errors import BadRequest, Conflict, Forbidden, NotFound
from hub.files.attachments import Attachments
from hub.identity.service import Identity
from hub.ids import new_id
from hub.mail.agenda.service import Agenda
from hub.mail.references.channels import Channels
from hub.mail.references.service import References
from hub.storage import accounts, documents, timeline
from hub.storage.pool import Database
from hub.storage.timeline import MessageRow, RoomState
from hub.storage.writer import Append, Committed, GroupCommitWriter
from hub.wire import commands as cmd
from hub.wire import events as ev
from hub.wire import properties, reactions, references, words
from hub.wire.api import NewThread
from hub.wire.filenames import file_name

MAX_PEOPLE: Final = 500
"""With whom a thread may begin, with those of its channels."""
RICH_VERSION: Final = 2
"""Of what may stand in rich documents; a client that knows less only reads them."""
_encode = msgspec.json.Encoder().encode


class Threads:
    """Creates threads and prepares events."""

    def __init__(
        self, database: Database, writer: GroupCommitWriter, clock: Clock, identity: Identity,
        files: Attachments, references: References, channels: Channels, agenda: Agenda, undo_s: int,
    ) -> None:  # fmt: skip
        self._database = database
        self._writer = writer
        self._clock = clock
        self._identity = identity
        self._files = files
        self._references = references
        self._channels = channels
        self._agenda = agenda
        self._undo_s = undo_s

    async def create(self, uid: str, new: NewThread) -> str:
        """Make a thread with its members and references; the creator owns it. Returns its id.

        Raises:
            BadRequest: ``unknown_user``, ``empty_subject``, ``bad_reference``, ``not_gathered``.
            Conflict: ``send_id_reused``.
            NotFound: ``channel_not_found``.
        """
        subject = words.subject(new.subject)
        named = await self._references.of_new_thread(subject, new.references)
        asked_in = await self._channels.asked_in(
            uid, new.channels, [(one.kind, one.number) for one in named]
        )
        others = [one for one in dict.fromkeys([*new.members, *asked_in]) if one != uid]
        if len(others) > MAX_PEOPLE:
            raise BadRequest(f"A thread begins with {MAX_PEOPLE} people.", code="too_many_people")
        await self._require_known(others)
        followers = [("member.set", _encode(ev.MemberSetData(uid, "owner", None)))]
        followers += [
            ("member.set", _encode(ev.MemberSetData(one, "editor", None))) for one in others
        ]
        followers += [("reference.set", _encode(one)) for one in named]
        body = _encode(ev.ThreadCreateData(subject, new.history))
        created = await self._writer.create_thread(uid, body, new.send_id or new_id("n"), followers)
        if created.duplicate and created.body and created.body != body:
            raise _reused()
        return created.stream_id

    async def prepare(
        self, uid: str, command: cmd.Command, room: RoomState, *, since: int
    ) -> Append | None:
        """The event a command asks for; null when everything is so already.

        Args:
            since: the first seq that the user may read; what is before is not there for them.

        Raises:
            BadRequest, Conflict, Forbidden, NotFound: with the code of what stands against it.
        """
        match command:
            case cmd.Post():
                return await self._post(uid, command, room, since)
            case cmd.Edit():
                target = await self._message(command.thread, command.target, since)
                _require_author(target, uid)
                mentions = _mentions(command.mentions, room)
                before = dict(zip(target.mentions, target.mention_names, strict=False))
                edit = ev.MessageEditData(
                    command.target, words.message(command.text), mentions,
                    await self._names(mentions, command.text, before),
                    await self._references.of_text(command.text, command.thread, target.seq),
                )  # fmt: skip
                if (edit.text, edit.mentions) == (target.text, target.mentions):
                    return None
                return _append(command, uid, "message.edit", edit)
            case cmd.Delete():
                return await self._delete(uid, command, room, since)
            case cmd.Undelete():
                return await self._undelete(uid, command, since)
            case (
                cmd.AddAttachment() | cmd.RenameAttachment() | cmd.SetProperty()
                | cmd.RemoveAttachment() | cmd.UnremoveAttachment() | cmd.RestoreVersion()
            ):  # fmt: skip
                return await self._files.prepare(uid, command, since)
            case cmd.React():
                return await self._react(uid, command, since)
            case cmd.Rename():
                subject = words.subject(command.subject)
                if subject == room.subject:
                    return None
                numbers = await self._references.of_new_subject(
                    uid, command.thread, subject, command.send_id
                )
                renamed = _append(command, uid, "thread.rename", ev.ThreadRenameData(subject))
                return renamed._replace(before=numbers)
            case cmd.SetReference():
                if command.target is not None:
                    await self._message(command.thread, command.target, since)
                return await self._references.prepare(uid, command)
            case cmd.AddEntry():
                if command.source is not None and command.source.seq is not None:
                    await self._message(command.thread, command.source.seq, since)
                return await self._agenda.prepare(uid, command, room, since)
            case (
                cmd.ChangeEntry() | cmd.ReplaceEntry() | cmd.FinishEntry() | cmd.AnswerEntry()
                | cmd.RemoveEntry() | cmd.UnremoveEntry()
            ):  # fmt: skip
                return await self._agenda.prepare(uid, command, room, since)
            case cmd.SetHistory():
                if command.history == room.history:
                    return None
                return _append(
                    command, uid, "thread.history", ev.ThreadHistoryData(command.history)
                )
            case cmd.SetMember():
                return await self._set_member(uid, command, room)
            case cmd.CreateDocument():
                return await self._create_document(uid, command)
            case cmd.RenameDocument():
                return await self._rename_document(uid, command)
            case _:
                raise BadRequest("This command writes no event.", code="unknown_command")

    async def _post(self, uid: str, command: cmd.Post, room: RoomState, since: int) -> Append:
        if command.reply_to is not None:
            target = await self._message(command.thread, command.reply_to, since)
            if target.reply_to is not None:
                raise BadRequest("A reply cannot be replied to.", code="reply_depth")
        mentions = _mentions(command.mentions, room)
        text = _text(command)
        added = await self._files.add(
            uid, command.thread, command.send_id, command.files, since, message=True
        )
        names = await self._names(mentions, text, {})
        data = ev.MessageData(
            text, command.reply_to, mentions, names, added.files,
            await self._references.of_text(text),
        )  # fmt: skip
        append = _append(command, uid, "message", data)
        return append._replace(before=added.appends, guard=added.guard)

    async def _delete(self, uid: str, command: cmd.Delete, room: RoomState, since: int) -> Append:
        target = await self._message(command.thread, command.target, since)
        member = room.members.get(uid)
        if target.sender != uid and (member is None or member.role != "owner"):
            raise Forbidden("Only its author or an owner can delete it.", code="not_author")
        data = ev.MessageDeleteData(command.target, target.sender, self._undo_s)
        files = await self._files.remove_with(uid, command, target.files)
        return _append(command, uid, "message.delete", data)._replace(before=files)

    async def _undelete(self, uid: str, command: cmd.Undelete, since: int) -> Append:
        target = await self._message(command.thread, command.target, since, deleted=True)
        late = target.erase_at_ms is None or self._clock.now_ms() > target.erase_at_ms
        if target.erased or late:
            raise Conflict("It has been erased for good.", code="erased")
        if target.deleted_by != uid:
            raise Forbidden("Only who deleted it can bring it back.", code="not_author")
        data = ev.MessageUndeleteData(command.target, target.sender)
        files = await self._files.unremove_with(uid, command, target.files)
        return _append(command, uid, "message.undelete", data)._replace(before=files)

    async def _react(self, uid: str, command: cmd.React, since: int) -> Append | None:
        await self._message(command.thread, command.target, since)
        emoji = words.storable(command.emoji)
        if command.on:
            emoji = reactions.require_emoji(emoji)
        message = command.thread, command.target
        async with self._database.acquire() as connection:
            on = await timeline.has_reacted(connection, *message, emoji, uid)
            if not on and not command.on:  # what an earlier hub let in is taken back as it stands
                emoji = reactions.qualified(emoji)
                on = await timeline.has_reacted(connection, *message, emoji, uid)
        if on == command.on:
            return None
        data = ev.ReactionData(command.target, emoji, command.on)
        return _append(command, uid, "reaction", data)

    async def _set_member(self, uid: str, command: cmd.SetMember, room: RoomState) -> Append | None:
        current = room.members.get(command.uid)
        if command.role is None and current is None:
            raise NotFound("This person is no member.", code="not_member")
        if command.role is not None and current is None:
            await self._require_known([command.uid])
        if current is not None and current.role == command.role:
            return None
        was = None if current is None else current.role
        data = ev.MemberSetData(command.uid, command.role, was)
        guard = None
        if command.role != "owner":  # what is known here of the present role may be old
            guard = partial(_require_an_owner, command.thread, command.uid)
        return _append(command, uid, "member.set", data)._replace(guard=guard)

    async def _create_document(self, uid: str, command: cmd.CreateDocument) -> Append:
        async with self._database.acquire() as connection:
            number = await documents.new_number(connection)
        data = ev.DocumentCreateData(
            document=new_id("d"),
            number=number,
            kind=command.kind,
            title=words.subject(command.title),
            schema_version=schema_version(command.kind),
            lineage=new_id("y"),
            language=command.language if command.kind == "text" else None,
            line_ends=command.line_ends if command.kind == "text" else "lf",
        )
        return _append(command, uid, "document.create", data)

    async def _rename_document(self, uid: str, command: cmd.RenameDocument) -> Append | None:
        async with self._database.acquire() as connection:
            info = await documents.info(connection, command.document)
        if info is None or info.thread != command.thread:
            raise NotFound("There is no such document in this thread.", code="document_not_found")
        title = words.subject(command.title)
        if title == info.title:
            return None
        data = ev.DocumentRenameData(command.document, title)
        return _append(command, uid, "document.rename", data)

    async def _message(
        self, thread: str, seq: int, since: int, *, deleted: bool = False
    ) -> MessageRow:
        async with self._database.acquire() as connection:
            target = await timeline.message(connection, thread, seq)
        if target is None or target.type != "message" or seq < since:
            raise NotFound("There is no such message.", code="message_not_found")
        if not deleted and (target.deleted_by is not None or target.erased):
            raise Conflict("The message was deleted.", code="message_deleted")
        if deleted and target.deleted_by is None and not target.erased:
            raise Conflict("The message is not deleted.", code="not_deleted")
        return target

    async def _names(self, uids: list[str], text: str, before: dict[str, str]) -> list[str]:
        """How the text calls people: as they are called now, or were when it was first written."""
        if not uids:
            return []
        async with self._database.acquire() as connection:
            known = await accounts.names(connection, uids)
        names = [known.get(uid, "") for uid in uids]
        return [
            before[uid] if f"@{name}" not in text and uid in before else name
            for uid, name in zip(uids, names, strict=True)
        ]

    async def _require_known(self, uids: list[str]) -> None:
        if uids and (missing := set(uids) - await self._identity.known_uids(uids)):
            raise BadRequest(
                f"No such person on this hub: {', '.join(sorted(missing))}.", code="unknown_user"
            )


def schema_version(kind: str) -> int:
    """Of a new document."""
    return RICH_VERSION if kind == "rich" else 1


def require_the_same(command: Any, committed: Committed) -> None:
    """What was written under a command's ``send_id`` before must be what it asks for.

    Raises:
        Conflict: ``send_id_reused``.
    """
    if committed.type not in _TYPES[type(command)]:
        raise _reused()
    if not committed.body:
        return  # erased: nobody can tell
    data = ev.told(committed.type, committed.body)
    asked = msgspec.to_builtins(command)
    for name, meant in _MEANT[type(command)].items():
        if _as_meant(meant, data.get(name)) != _as_meant(meant, asked[name]):
            raise _reused()
    if not {one.upload for one in _files_of(command) if one.upload} <= _keys(data):
        raise _reused()


def _files_of(command: Any) -> list[cmd.NewFile]:
    match command:
        case cmd.Post():
            return command.files
        case cmd.AddAttachment():
            return [command.file]
    return []


def _keys(data: Any) -> set[str]:
    """Of the versions that an event adds or names."""
    return {data["key"]} if "key" in data else {one["key"] for one in data.get("files", [])}


def _text(command: cmd.Post) -> str:
    """Raises:
    BadRequest: ``empty_message``, ``bad_text``.
    """
    if command.files and not words.is_visible(command.text):
        return ""
    return words.message(command.text)


def _as_meant(meant: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if meant is None or value is None else meant(value)


def _reused() -> Conflict:
    return Conflict("This send_id stands for something else.", code="send_id_reused")


async def _require_an_owner(thread: str, uid: str, connection: Any) -> None:
    """The last owner can neither go nor step down: asked where it is written.

    Raises:
        Conflict: ``last_owner``.
    """
    if await timeline.is_last_owner(connection, thread, uid):
        raise Conflict("A thread needs an owner; make somebody else one first.", code="last_owner")


def event_of(committed: Committed) -> ev.Event:
    """The frame of a committed timeline event."""
    return ev.Event(
        thread=committed.stream_id,
        seq=committed.seq,
        type=committed.type,  # type: ignore[arg-type]  # only this module's types are written
        sender=committed.sender,
        at=committed.at_ms,
        send_id=committed.send_id,
        data=ev.told(committed.type, committed.body),
    )


def _append(command: Any, uid: str, type_: str, data: msgspec.Struct) -> Append:
    return Append(command.thread, type_, uid, _encode(data), command.send_id)


def _require_author(target: MessageRow, uid: str) -> None:
    if target.sender != uid:
        raise Forbidden("Only its author can edit a message.", code="not_author")


def _mentions(uids: list[str], room: RoomState) -> list[str]:
    """Mentions of people who are not in the thread say nothing to anybody: left out."""
    return [uid for uid in dict.fromkeys(uids) if uid in room.members]


_TYPES: Final[dict[type, tuple[str, ...]]] = {
    cmd.Post: ("message",),
    cmd.Edit: ("message.edit",),
    cmd.Delete: ("message.delete",),
    cmd.Undelete: ("message.undelete",),
    cmd.React: ("reaction",),
    cmd.Rename: ("thread.rename",),
    cmd.SetReference: ("reference.set",),
    cmd.AddEntry: ("entry.set",),
    cmd.ChangeEntry: ("entry.set",),
    cmd.ReplaceEntry: ("entry.set",),
    cmd.FinishEntry: ("entry.set",),
    cmd.AnswerEntry: ("entry.set",),
    cmd.RemoveEntry: ("entry.remove", "entry.set"),
    cmd.UnremoveEntry: ("entry.set",),
    cmd.SetHistory: ("thread.history",),
    cmd.SetMember: ("member.set",),
    cmd.CreateDocument: ("document.create",),
    cmd.RenameDocument: ("document.rename",),
    cmd.AddAttachment: ("attachment.add", "version.add"),
    cmd.RenameAttachment: ("attachment.rename",),
    cmd.SetProperty: ("attachment.property",),
    cmd.RemoveAttachment: ("attachment.remove",),
    cmd.UnremoveAttachment: ("attachment.unremove",),
    cmd.RestoreVersion: ("attachment.restore",),
}
"""The event that each command writes, the last of them."""

# What of a command makes it another one, and how it stands in its event. Mentions do not: who is
# in the thread may have changed since.
_MEANT: Final[dict[type, dict[str, Callable[[Any], Any] | None]]] = {
    cmd.Post: {"text": None, "reply_to": None},
    cmd.Edit: {"target": None, "text": None},
    cmd.Delete: {"target": None},
    cmd.Undelete: {"target": None},
    cmd.React: {"target": None, "emoji": reactions.qualified, "on": None},
    cmd.Rename: {"subject": words.subject},
    cmd.SetReference: {"kind": None, "number": references.meant, "target": None, "on": None},
    cmd.AddEntry: {},  # with a text it says nothing itself
    cmd.ChangeEntry: {"entry": None},
    cmd.ReplaceEntry: {"entry": None},
    cmd.FinishEntry: {"entry": None},
    cmd.AnswerEntry: {"entry": None, "answer": None},
    cmd.RemoveEntry: {"entry": None},
    cmd.UnremoveEntry: {"entry": None},
    cmd.SetHistory: {"history": None},
    cmd.SetMember: {"uid": None, "role": None},
    cmd.CreateDocument: {"kind": None, "title": words.subject},  # the rest is but its looks
    cmd.RenameDocument: {"document": None, "title": words.subject},
    cmd.AddAttachment: {"document": None},
    cmd.RenameAttachment: {"attachment": None, "name": file_name},
    cmd.SetProperty: {
        "attachment": None, "key": properties.key, "property": properties.meant,
        "source": properties.meant_source,
    },
    cmd.RemoveAttachment: {"attachment": None},
    cmd.UnremoveAttachment: {"attachment": None},
    cmd.RestoreVersion: {"attachment": None, "number": None},
}  # fmt: skip
