"""Commands: what a client may ask on the live socket, one tagged JSON object a text frame.

Every command carries ``id``, a number the client counts upwards; the hub answers each with exactly
one ``ok`` or ``error`` frame that repeats it as ``re``. HTTP routes build the same objects, so that
there is one door into a room. ``send_id`` is chosen by the sender: the same one twice is one event.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from hub.wire.agenda import (
    MAX_PEOPLE,
    Answer,
    EntryId,
    EntryKind,
    EntrySource,
    EntryState,
    Moment,
    Notes,
    OccurrenceId,
    Place,
    Reason,
    Rule,
    Title,
)
from hub.wire.properties import PropertyKey, PropertyValue, Source
from hub.wire.references import Number, ReferenceId, ReferenceKind, Whose

Role = Literal["owner", "editor", "reader"]
History = Literal["all", "joined"]
DocumentKind = Literal["rich", "text"]
LineEnds = Literal["lf", "crlf"]

ThreadId = Annotated[str, Meta(max_length=64)]
DocumentId = Annotated[str, Meta(max_length=64)]
Uid = Annotated[str, Meta(max_length=64)]
SendId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^(?!hub:)")]
"""What begins with ``hub:`` is what the hub itself writes in somebody's name."""
Seq = Annotated[int, Meta(ge=0, lt=2**53)]
Text = Annotated[str, Meta(min_length=1, max_length=40_000)]
Subject = Annotated[str, Meta(min_length=1, max_length=200)]
Mentions = Annotated[list[Uid], Meta(max_length=100)]
CommandId = Annotated[int, Meta(ge=0, lt=2**53)]


CallId = Annotated[str, Meta(max_length=64)]
DeviceId = Annotated[str, Meta(min_length=1, max_length=64)]
"""Of one tab or program, chosen by it, the same after it connects anew."""
UploadId = Annotated[str, Meta(max_length=64)]
AttachmentId = Annotated[str, Meta(max_length=64)]
FileName = Annotated[str, Meta(min_length=1, max_length=5_000)]
VersionNumber = Annotated[int, Meta(ge=1, lt=2**31)]


class NewFile(Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A file for a thread: an ``upload``, which may still be under way, or version ``number`` of
    the attachment ``source`` of any thread that the sender may read. ``name`` is mended to what
    every system takes; without it that of the upload or source. With ``attachment`` it is a new
    version of that one."""

    upload: UploadId | None = None
    source: AttachmentId | None = None
    number: VersionNumber | None = None
    name: FileName | None = None
    attachment: AttachmentId | None = None


NewFiles = Annotated[list[NewFile], Meta(max_length=100)]
MaybeText = Annotated[str, Meta(max_length=40_000)]


class Command(Struct, tag_field="cmd", forbid_unknown_fields=True, kw_only=True):
    id: CommandId = 0


class Auth(Command, tag="auth"):
    """First frame of a program (within 5 s); later, a fresh token for the same user."""

    token: Annotated[str, Meta(max_length=4096)]


class Ping(Command, tag="ping"):
    """Keeps the connection alive; also sent by the browser, which cannot send protocol pings."""


class WatchInbox(Command, tag="watch_inbox"):
    """Receive the timeline events of every thread the user is a member of."""


class Subscribe(Command, tag="subscribe"):
    """Enter a room. Result: SubscribeResult; then the events after ``after``, then live ones.

    ``after`` = null means from the head on. No gap, no duplicate.
    """

    thread: ThreadId
    after: Seq | None = None


class Unsubscribe(Command, tag="unsubscribe"):
    thread: ThreadId


class Post(Command, tag="post"):
    """Result: Accepted. ``reply_to`` is the seq of a message that is itself no reply. ``text`` may
    be empty when there are ``files``."""

    thread: ThreadId
    send_id: SendId
    text: MaybeText
    reply_to: Seq | None = None
    mentions: Mentions = []
    files: NewFiles = []


class Edit(Command, tag="edit"):
    """Only the author. ``target`` is the seq of the message."""

    thread: ThreadId
    send_id: SendId
    target: Seq
    text: Text
    mentions: Mentions = []


class Delete(Command, tag="delete"):
    """The author or an owner. The text is erased for good after the undo window."""

    thread: ThreadId
    send_id: SendId
    target: Seq


class Undelete(Command, tag="undelete"):
    """Whoever deleted, within the undo window; afterwards ``conflict`` / ``erased``."""

    thread: ThreadId
    send_id: SendId
    target: Seq


class React(Command, tag="react"):
    thread: ThreadId
    send_id: SendId
    target: Seq
    emoji: Annotated[str, Meta(min_length=1, max_length=32)]
    on: bool = True


class Rename(Command, tag="rename"):
    """Owner or editor."""

    thread: ThreadId
    send_id: SendId
    subject: Subject


class SetReference(Command, tag="set_reference"):
    """Put a number on the thread, or on the message ``target``, or take it away (``on`` false; of
    one that is not there: it is not proposed again). ``alias_of``: the id of a number of the thread
    that is another party's name for the same thing."""

    thread: ThreadId
    send_id: SendId
    kind: ReferenceKind
    number: Number
    whose: Whose = ""
    target: Seq | None = None
    alias_of: ReferenceId | None = None
    on: bool = True


class SetHistory(Command, tag="set_history"):
    """Owner. What a member who joins later may read."""

    thread: ThreadId
    send_id: SendId
    history: History


class SetMember(Command, tag="set_member"):
    """Owner (or anybody for leaving). ``role`` = null removes. The last owner cannot go."""

    thread: ThreadId
    send_id: SendId
    uid: Uid
    role: Role | None


class CreateDocument(Command, tag="create_document"):
    """Owner or editor. Result: Accepted with ``document``. ``line_ends`` are those of plain text
    when it is exported; inside lines end with LF."""

    thread: ThreadId
    send_id: SendId
    kind: DocumentKind
    title: Subject
    language: Annotated[str, Meta(max_length=32)] | None = None
    line_ends: LineEnds = "lf"


class RenameDocument(Command, tag="rename_document"):
    thread: ThreadId
    send_id: SendId
    document: DocumentId
    title: Subject


class AddAttachment(Command, tag="add_attachment"):
    """A file without a message; ``document``: it is a picture of that. Result: Accepted with
    ``attachments``."""

    thread: ThreadId
    send_id: SendId
    file: NewFile
    document: DocumentId | None = None


class RenameAttachment(Command, tag="rename_attachment"):
    thread: ThreadId
    send_id: SendId
    attachment: AttachmentId
    name: FileName


class SetProperty(Command, tag="set_property"):
    """A short typed value under a name; null takes it away. Keys that differ in capitals alone are
    one. ``source``: where it was read; null is that whoever sets it says so."""

    thread: ThreadId
    send_id: SendId
    attachment: AttachmentId
    key: PropertyKey
    property: PropertyValue | None
    source: Source | None = None


class RemoveAttachment(Command, tag="remove_attachment"):
    """All its versions; erased for good after the undo window. Pictures of documents stay."""

    thread: ThreadId
    send_id: SendId
    attachment: AttachmentId


class UnremoveAttachment(Command, tag="unremove_attachment"):
    """Whoever removed it, within the undo window; afterwards ``attachment_not_found``."""

    thread: ThreadId
    send_id: SendId
    attachment: AttachmentId


class RestoreVersion(Command, tag="restore_version"):
    """An earlier (or later) version becomes the one that is shown."""

    thread: ThreadId
    send_id: SendId
    attachment: AttachmentId
    number: VersionNumber


EntryPeople = Annotated[list[Uid], Meta(max_length=MAX_PEOPLE)]
Ical = Annotated[str, Meta(max_length=1 << 18)]


class AddEntry(Command, tag="add_entry"):
    """A task or a meeting. Result: Accepted with ``entry``. ``ends``: of a task when it is due.
    ``rule`` is an RRULE, by which it comes back; ``people`` of the thread are asked to do it or to
    come, without any it is for its maker. With ``ical`` it is what that text says, and the other
    fields but ``people`` and ``source`` say nothing; one of the same UID that the thread has is
    replaced if the text is newer, and is ``entry_exists`` if it is not."""

    thread: ThreadId
    send_id: SendId
    kind: EntryKind = "task"
    title: Annotated[str, Meta(max_length=500)] = ""
    notes: Notes = ""
    place: Place = ""
    starts: Moment | None = None
    ends: Moment | None = None
    rule: Rule | None = None
    people: EntryPeople = []
    source: EntrySource | None = None
    ical: Ical | None = None


class ChangeEntry(Command, tag="change_entry"):
    """What is given is so from now on, the rest stays. With ``occurrence`` it is so of that moment
    of a series alone, which has the rule, the people, the block and the source of the series.
    ``base``: the seq of the entry that was on the screen; when it is another by now, nothing is
    changed (``entry_changed``)."""

    thread: ThreadId
    send_id: SendId
    entry: EntryId
    occurrence: OccurrenceId | None = None
    base: Seq | None = None
    title: Title | UnsetType = UNSET
    notes: Notes | UnsetType = UNSET
    place: Place | UnsetType = UNSET
    starts: Moment | UnsetType | None = UNSET
    ends: Moment | UnsetType | None = UNSET
    rule: Rule | UnsetType | None = UNSET
    people: EntryPeople | UnsetType = UNSET
    blocked: Reason | UnsetType | None = UNSET
    state: EntryState | UnsetType = UNSET


class ReplaceEntry(Command, tag="replace_entry"):
    """All of it is as ``ical`` says from now on, but for what the hub alone knows of it, and what
    others answered. It has the same UID. Who may only read and is asked answers in this way, or
    says that it is done. ``base``: as of ``change_entry``."""

    thread: ThreadId
    send_id: SendId
    entry: EntryId
    ical: Ical
    base: Seq | None = None


class FinishEntry(Command, tag="finish_entry"):
    """A task is done, or it is not. Without ``occurrence`` of a task that comes back: the latest
    moment that had come when it was ticked off, ``ago_ms`` before now; or that which was done last.
    ``seen``: the current one that was on the screen; when it is another by now, nothing is changed.
    Result: Accepted with ``occurrence``."""

    thread: ThreadId
    send_id: SendId
    entry: EntryId
    occurrence: OccurrenceId | None = None
    seen: OccurrenceId | None = None
    done: bool = True
    ago_ms: Annotated[int, Meta(ge=0, lt=2**40)] = 0


class NewProposal(Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    starts: Moment
    ends: Moment
    note: Reason = ""


class AnswerEntry(Command, tag="answer_entry"):
    """Of who is asked to come: whether they do, to one moment or to all; or when they rather
    would."""

    thread: ThreadId
    send_id: SendId
    entry: EntryId
    answer: Answer
    occurrence: OccurrenceId | None = None
    proposal: NewProposal | None = None


class RemoveEntry(Command, tag="remove_entry"):
    """For good, after the undo window; with ``occurrence`` that moment of a series alone, which
    there is no way back from. ``base``: of all of it, as of ``change_entry``."""

    thread: ThreadId
    send_id: SendId
    entry: EntryId
    occurrence: OccurrenceId | None = None
    base: Seq | None = None


class UnremoveEntry(Command, tag="unremove_entry"):
    """Whoever removed it, within the undo window; afterwards ``conflict`` / ``erased``."""

    thread: ThreadId
    send_id: SendId
    entry: EntryId


class MarkRead(Command, tag="mark_read"):
    """Set the private last-read marker; a lower ``seq`` is "mark unread". Result: ReadState."""

    thread: ThreadId
    seq: Seq


class Typing(Command, tag="typing"):
    thread: ThreadId
    on: bool


class Present(Command, tag="present"):
    """Whether this tab is looked at, and which document it has open."""

    thread: ThreadId
    state: Literal["active", "away"]
    document: DocumentId | None = None


class CallAct(Command):
    """Something that is written of a call of a thread; carried out also when the connection
    goes."""

    thread: ThreadId


class StartCall(CallAct, tag="call_start"):
    """Ring people of the thread, everybody (of 200 at most) when ``ring`` is null; comes into the
    call that lasts, if there is one. Result: Call. An editor or owner begins one; anybody comes
    in."""

    device: DeviceId
    ring: Annotated[list[Uid], Meta(max_length=200)] | None = None
    video: bool = False


class JoinCall(CallAct, tag="call_join"):
    """Come into a call, or go on in it from another device. Result: Call."""

    call: CallId
    device: DeviceId


class LeaveCall(CallAct, tag="call_leave"):
    """Not from another ``device`` than the one that is in. Result: Call."""

    call: CallId
    device: DeviceId


class DeclineCall(CallAct, tag="call_decline"):
    """It rings no more, on no device. Result: Call."""

    call: CallId


class RingInCall(CallAct, tag="call_ring"):
    """Ask more people of the thread to come. Result: Call."""

    call: CallId
    ring: Annotated[list[Uid], Meta(min_length=1, max_length=200)]


class RemoveFromCall(CallAct, tag="call_remove"):
    """Whoever began the call, or an owner of the thread; of those who are in. Result: Call."""

    call: CallId
    uid: Uid


class LockCall(CallAct, tag="call_lock"):
    """Whoever began the call, or an owner of the thread; of those who are in. Result: Call."""

    call: CallId
    locked: bool


class MuteInCall(Command, tag="call_mute"):
    """Somebody who is in may mute another; only they themselves unmute."""

    thread: ThreadId
    call: CallId
    uid: Uid


class PresentCall(Command, tag="call_present"):
    """How one is in the call, on this connection: told to the room. Say it again every 3 s: who is
    not heard of for 8 s has left. ``mutes``: of the last ``call_muted``. Result: InCall, as the
    room was told."""

    thread: ThreadId
    call: CallId
    device: DeviceId
    muted: bool
    camera: bool = False
    screen: bool = False
    hand: bool = False
    mutes: Annotated[int, Meta(ge=0, lt=2**31)] = 0


class OpenDocument(Command, tag="open_document"):
    """Result: OpenResult. ``lineage`` is what the local copy has, null when there is none."""

    document: DocumentId
    schema_version: Annotated[int, Meta(ge=0, lt=2**31)]
    lineage: Annotated[str, Meta(max_length=64)] | None = None


class CloseDocument(Command, tag="close_document"):
    document: DocumentId


class LeaseClientIds(Command, tag="lease_client_ids"):
    """Result: Leased. An id belongs to the user for ever; each Y.Doc instance burns one."""

    document: DocumentId
    count: Annotated[int, Meta(ge=1, le=64)] = 16


class Signal(Command, tag="signal"):
    """Opaque message to one live connection that shares the thread (calls, transfers). One of kind
    ``call`` goes only from who is in the call to who is."""

    thread: ThreadId
    to_session: Annotated[str, Meta(max_length=64)]
    kind: Annotated[str, Meta(min_length=1, max_length=64)]
    payload: msgspec.Raw


AnyCommand = (
    Auth | Ping | WatchInbox | Subscribe | Unsubscribe | Post | Edit | Delete | Undelete | React
    | Rename | SetReference | SetHistory | SetMember | CreateDocument | RenameDocument
    | AddAttachment | RenameAttachment | SetProperty | RemoveAttachment | UnremoveAttachment
    | RestoreVersion | AddEntry | ChangeEntry | ReplaceEntry | FinishEntry | AnswerEntry
    | RemoveEntry | UnremoveEntry | MarkRead | Typing | Present | StartCall | JoinCall | LeaveCall
    | DeclineCall | RingInCall | RemoveFromCall | LockCall | MuteInCall | PresentCall
    | OpenDocument | CloseDocument | LeaseClientIds | Signal
)  # fmt: skip
