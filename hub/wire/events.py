"""Frames the hub sends as JSON text, tagged by ``t``; binary frames are in ``hub.wire.frames``.

An ``event`` frame is byte-identical for every subscriber and encoded once. The sender receives it
too, with its own ``send_id``, and replaces its local echo.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from hub.wire.commands import DocumentKind, History, LineEnds, Role
from hub.wire.properties import PropertyValue, Source
from hub.wire.references import ReferenceKind
from hub.wire.reminders import Notice

EventType = Literal[
    "thread.create", "thread.rename", "thread.history", "member.set", "message", "message.edit",
    "message.delete", "message.undelete", "reaction", "document.create", "document.rename",
    "document.merge", "document.autosave", "attachment.add", "attachment.rename",
    "attachment.remove", "attachment.unremove", "attachment.restore", "attachment.property",
    "version.add", "version.ready", "version.failed", "version.blocked", "version.unblocked",
    "call.start", "call.ring", "call.join", "call.decline", "call.miss", "call.leave", "call.lock",
    "call.end", "reference.set", "entry.set", "entry.remove", "checkpoint",
]  # fmt: skip


Verdict = Literal["clean", "blocked", "unscannable"]
Scanning = Literal["off", "on", "hold"]
PreviewKind = Literal[
    "image", "pdf", "text", "code", "markdown", "audio", "video", "office", "none"
]
FileFormat = Literal["text", "markdown", "docx", "odt"]
PreviewReason = Literal["too_large", "timeout", "damaged", "unsupported", "sandbox"]


# --- bodies of timeline events (``data``); null once erased or hidden -----------------------------


class ThreadCreateData(Struct):
    subject: str
    history: History


class ThreadRenameData(Struct):
    subject: str


class ThreadHistoryData(Struct):
    history: History


class MemberSetData(Struct):
    """``was``: the role before, null for who joins; not there in events of before it was kept."""

    uid: str
    role: Role | None
    was: Role | UnsetType | None = UNSET


class MessageFile(Struct):
    """A version of an attachment, that came with a message."""

    attachment: str
    key: str


class MessageReference(Struct, omit_defaults=True):
    """A number in a message; ``id`` names it there."""

    id: str
    kind: ReferenceKind
    number: str
    whose: str = ""


class MessageData(Struct, omit_defaults=True):
    """``mention_names``: of those mentioned, in their order, as they were called then. ``text`` may
    be empty when there are ``files``, whose events are the ones right before this. ``references``:
    numbers that the owner's rules found in the text. ``reminder``: its sender had it said then."""

    text: str
    reply_to: int | None = None
    mentions: list[str] = []
    mention_names: list[str] = []
    files: list[MessageFile] = []
    references: list[MessageReference] = []
    reminder: bool = False


class MessageEditData(Struct, omit_defaults=True):
    target: int
    text: str
    mentions: list[str] = []
    mention_names: list[str] = []
    references: list[MessageReference] = []


class MessageDeleteData(Struct):
    """``target_sender`` wrote the message; ``undo_s`` seconds after the event it is erased."""

    target: int
    target_sender: str
    undo_s: int


class MessageUndeleteData(Struct):
    """``target_sender`` wrote the message."""

    target: int
    target_sender: str


class ReactionData(Struct):
    target: int
    emoji: str
    on: bool


class OpenedFile(Struct, omit_defaults=True):
    """What a document was opened from: version ``number`` of an attachment. ``encoding`` is that of
    a text, as Python calls it; ``saved``: up to this seq of the document's log it is what the file
    says; ``notices``: codes of what is in the file that people should know of before they save."""

    attachment: str
    number: int
    format: FileFormat
    saved: int
    encoding: str | None = None
    notices: list[str] = []


class DocumentCreateData(Struct, omit_defaults=True):
    """``file``: it is a live copy of that."""

    document: str
    number: int
    kind: DocumentKind
    title: str
    schema_version: int
    lineage: str
    language: str | None = None
    line_ends: LineEnds = "lf"
    file: OpenedFile | None = None


class DocumentRenameData(Struct):
    document: str
    title: str


Take = Literal["all", "ours", "theirs", "none"]


class DocumentMergeData(Struct, omit_defaults=True):
    """Version ``version`` of its file came in from elsewhere, and ``changes`` of it into a live
    document, which goes on from version ``number`` now. Where both had changed the same, ``take``
    says whose stands; ``none``: that version stays beside it, and what came in of it before went
    out again. ``saved`` as in ``version.add``; ``encoding`` of a text, if that is another now;
    ``base``: it went on from that before, while the merge can be taken back."""

    document: str
    attachment: str
    version: int
    number: int
    take: Take
    changes: int
    saved: int
    encoding: str | None = None
    base: int | None = None


class DocumentAutosaveData(Struct):
    """A live document saves itself in the sender's name, a while after its last change; or not any
    more."""

    document: str
    attachment: str
    on: bool


class MadeFile(Struct, omit_defaults=True):
    """Of a file that was made of a live document: up to seq ``saved`` of the document's log it is
    in it, and ``authors`` have changed it since it was made before. With ``format`` the document is
    a live copy of the file from now on, of a text in ``encoding``."""

    document: str
    saved: int
    authors: list[str]
    format: FileFormat | None = None
    encoding: str | None = None


class AttachmentAddData(Struct, omit_defaults=True):
    """A file is arriving. ``key`` names this version of it: the id of its upload, or an id of its
    own. ``size`` bytes; ``type`` is the media type as it was sent. With ``message`` the next
    message shows it; with ``document`` it is a picture of that. With ``blob`` it was sent on, and
    is here: version 1."""

    attachment: str
    key: str
    name: str
    size: int
    type: str
    message: bool = False
    document: str | None = None
    blob: str | None = None
    made: MadeFile | None = None


class VersionAddData(Struct, omit_defaults=True):
    """Another version of an attachment is arriving, under the name of its file. With ``blob`` it
    is here: ``number`` and ``same`` as in ``version.ready``. With ``document`` it was saved from
    that: ``authors`` are those whose changes it brings, beside the sender who saved it, and up to
    seq ``saved`` of the document's log it is in the file, in ``encoding`` if that has changed."""

    attachment: str
    key: str
    name: str
    size: int
    type: str
    message: bool = False
    blob: str | None = None
    number: int | None = None
    same: bool = False
    document: str | None = None
    authors: list[str] = []
    saved: int | None = None
    encoding: str | None = None
    made: MadeFile | None = None


class VersionReadyData(Struct):
    """The bytes of a version are here: ``blob`` names them. It is version ``number`` and the one
    that is shown now; ``same`` when an earlier version of the attachment has the same bytes, and
    so this is none of its own. ``target`` is the seq of the event that added it."""

    attachment: str
    key: str
    target: int
    number: int
    blob: str
    size: int
    same: bool = False


class VersionFailedData(Struct):
    """Nothing will come of a version; ``reason`` is a stable code."""

    attachment: str
    key: str
    target: int
    reason: str


class VersionBlockedData(Struct):
    """A scanner found malware in a version, by this name of its own: it is served to nobody."""

    attachment: str
    key: str
    target: int
    finding: str


class VersionUnblockedData(Struct):
    """A later look at a blocked version found nothing."""

    attachment: str
    key: str
    target: int


class AttachmentRenameData(Struct):
    """``target`` is the seq of the event that added the attachment, here and below."""

    attachment: str
    target: int
    name: str


class AttachmentRemoveData(Struct, omit_defaults=True):
    """``undo_s`` seconds after the event its names and bytes are erased.

    ``message``: the seq of the message that was deleted and took it along.
    """

    attachment: str
    target: int
    undo_s: int
    message: int | None = None


class AttachmentUnremoveData(Struct):
    attachment: str
    target: int


class AttachmentRestoreData(Struct):
    """Version ``number`` is the one that is shown now."""

    attachment: str
    target: int
    number: int


class AttachmentPropertyData(Struct, omit_defaults=True):
    """What the file says under ``key`` now; null: nothing any more. Without ``source`` whoever sent
    it says so. ``target`` is the seq of the event that added the version that was shown."""

    attachment: str
    target: int
    key: str
    property: PropertyValue | None
    source: Source | None = None


class ReferenceSetData(Struct, omit_defaults=True):
    """A number of the thread, or of the message ``target``: it is there (``on``) or not, as it was
    before (``was``). ``id`` names it; ``matter`` is that of the number that it is another name of,
    or its own. ``rule``: the hub put it there."""

    id: str
    kind: ReferenceKind
    number: str
    on: bool
    was: bool
    matter: str
    whose: str = ""
    target: int | None = None
    rule: bool = False


class _Told(Struct):
    told: Any


_decode_told = msgspec.json.Decoder(_Told).decode


def told(type_: str, body: bytes) -> Any:
    """What everybody is told of an event's body, null when it was erased: of an ``entry.set`` not
    its text, which is skipped."""
    if not body:
        return None
    return _decode_told(body).told if type_ == "entry.set" else msgspec.json.decode(body)


class CheckpointHead(Struct):
    document: str
    seq: int
    head: str


class CheckpointData(Struct):
    documents: list[CheckpointHead]


# --- frames ---------------------------------------------------------------------------------------


class Frame(Struct, tag_field="t", kw_only=True):
    pass


class Welcome(Frame, tag="welcome"):
    """After authentication. ``session`` names this connection; ``expires_at`` is its end, ms."""

    session: str
    uid: str
    server_time: int
    expires_at: int | None
    scopes: list[str] | None
    """Scopes of a token; null for a signed-in browser, which may do all its user may."""
    people: int
    """Revision of ``GET /api/accounts``: read it again when it is another than the one known."""
    scanning: Scanning = "off"
    """Whether malware scanners look at files; with ``hold`` nobody gets one before."""


class Ok(Frame, tag="ok"):
    re: int
    result: Any = None


class ErrorReply(Frame, tag="error", omit_defaults=True):
    re: int
    code: str
    detail: str
    retry_after_s: float | None = None


class Event(Frame, tag="event", omit_defaults=True):
    """One entry of a thread's timeline. ``at`` is Unix ms, given by the hub at commit."""

    thread: str
    seq: int
    type: EventType
    sender: str
    at: int
    send_id: str | None = None
    data: Any = None


class ReadState(Frame, tag="read"):
    """To every connection of one user: private, never a receipt. Also the result of mark_read."""

    thread: str
    seq: int
    unread: int
    mentions: int


class NoticeFrame(Frame, tag="notice"):
    """To every connection of one user: they are reminded of something, until it was seen."""

    notice: Notice


class NoticeSeen(Frame, tag="notice_seen"):
    """To every connection of one user: it was seen, or put off."""

    notice: str


class Person(Frame, tag="person"):
    """Somebody of this hub came, or their account reads differently; whoever holds all up to here
    has the people of ``revision``."""

    uid: str
    display_name: str
    addresses: list[str]
    is_owner: bool
    disabled: bool
    revision: int


class Demoted(Frame, tag="demoted"):
    """The user's role fell to reader: unsent edits stay a private copy, reload the document."""

    thread: str
    role: Role


class Removed(Frame, tag="removed"):
    """The user is no longer a member; the subscription and its documents are closed."""

    thread: str


class InCall(Struct, omit_defaults=True):
    """A connection carries somebody's part in a call, from ``device``, since ``at`` (Unix ms): of
    two that do, the later one counts. ``mutes``: how often others have muted it."""

    call: str
    device: str
    at: int
    muted: bool = False
    camera: bool = False
    screen: bool = False
    hand: bool = False
    mutes: int = 0


class PresenceEntry(Struct, omit_defaults=True):
    session: str
    uid: str
    state: Literal["active", "away"] = "active"
    document: str | None = None
    call: InCall | None = None


class Presence(Frame, tag="presence"):
    """One connection appeared or changed; ``gone`` when it left."""

    thread: str
    entry: PresenceEntry
    gone: bool = False


class TypingState(Frame, tag="typing"):
    thread: str
    uid: str
    on: bool


class UploadProgress(Frame, tag="upload"):
    """So much of an arriving version is here. Passes by; the truth is in the attachments."""

    thread: str
    key: str
    received: int
    size: int


class Preview(Struct, omit_defaults=True):
    """What may be shown of a version. ``parts`` are what can be asked for: ``thumb``, ``view``
    (where a browser cannot show the file itself), ``pdf`` (of an office document), ``text`` (the
    start of it when ``truncated``); and, with ``pages``, ``page-1`` to that. ``width`` and
    ``height`` are a picture's own. ``reason`` says why there is less than the kind could have."""

    kind: PreviewKind
    parts: list[str]
    width: int | None = None
    height: int | None = None
    pages: int | None = None
    reason: PreviewReason | None = None
    truncated: bool = False


class VersionVerdict(Frame, tag="verdict"):
    """A scanner has looked at a version. Passes by; the truth is in the attachments."""

    thread: str
    key: str
    verdict: Verdict
    finding: str | None = None


class VersionPreview(Frame, tag="preview"):
    """The preview of a version was made. Passes by; the truth is in the attachments."""

    thread: str
    key: str
    preview: Preview


class CaretOwners(Frame, tag="caret_owners"):
    """Who owns the Yjs client ids seen in presence; names and colours come from this, never
    from what a peer claims. Keys are client ids as strings."""

    document: str
    number: int
    owners: dict[str, str]


class Durable(Frame, tag="durable"):
    """The first ``count`` update frames this connection sent for the document are on disk.

    ``count`` counts sync step 2 and update frames since open_document, accepted or refused.
    ``all`` is true when everything in the hub's memory at that moment is on disk too.
    """

    document: str
    number: int
    count: int
    all: bool


class Refused(Frame, tag="refused"):
    """The ``count``-th update frame was not taken. With ``again`` it may be later, or when
    something earlier comes with it: open the document anew with the same copy. Else it never will
    be: keep its words apart, and begin with a new copy."""

    document: str
    number: int
    count: int
    code: str
    detail: str
    again: bool = False


class DocumentReset(Frame, tag="document_reset"):
    """The document cannot go on so; ``action`` says what to do:

    - ``open``: it is closed here, open it again (it was loaded anew, or you are out);
    - ``fetch``: it stays open, but what you lack is too much for the socket: GET
      /api/documents/{id}/state, apply it, then send a step 1.
    """

    document: str
    number: int
    action: Literal["open", "fetch"]


class SignalFrame(Frame, tag="signal"):
    thread: str
    from_session: str
    from_uid: str
    kind: str
    payload: msgspec.Raw


class CallMuted(Frame, tag="call_muted"):
    """Somebody muted you; the microphone is off until you switch it on."""

    thread: str
    call: str
    by: str
    mutes: int


class Saving(Frame, tag="saving"):
    """Whether the hub can save: ``code`` says why it cannot (``database_down``,
    ``database_read_only``, ``disk_full``, ``database_busy``), null that it can again. Sent when it
    changes, and after ``welcome`` when it cannot."""

    code: str | None


class Closing(Frame, tag="closing"):
    """Sent before the hub closes the socket, with the reason in words."""

    close_code: int
    code: str
    detail: str


AnyFrame = (
    Welcome | Ok | ErrorReply | Event | ReadState | NoticeFrame | NoticeSeen | Person | Demoted
    | Removed | Presence
    | TypingState | UploadProgress | VersionVerdict | VersionPreview | CaretOwners | Durable
    | Refused | DocumentReset | SignalFrame | CallMuted | Saving | Closing
)  # fmt: skip


# --- results of commands --------------------------------------------------------------------------


class SubscribeResult(Struct):
    """``head`` is the last seq at this moment; events after ``after`` up to it follow next.
    ``first`` is the first seq that the user may see (1, or where they joined)."""

    head: int
    first: int
    role: Role
    presence: list[PresenceEntry]


class Accepted(Struct, omit_defaults=True):
    """The event is committed. ``duplicate`` when this send_id had been taken before; ``changed`` is
    false when everything was so already: no event was written then, ``seq`` is the head."""

    seq: int
    at: int
    duplicate: bool = False
    document: str | None = None
    changed: bool = True
    attachments: list[str] = []
    entry: str | None = None
    occurrence: str | None = None


class OpenResult(Struct):
    """``mode`` is "read" for readers and for clients with an older schema.

    ``reset`` = the local copy has another lineage: discard it, do not merge.
    ``state_bytes`` above 1 MiB: fetch GET /api/documents/{id}/state first, then sync.
    """

    number: int
    lineage: str
    kind: DocumentKind
    schema_version: int
    mode: Literal["edit", "read"]
    reset: bool
    state_bytes: int
    owners: dict[str, str]


class Leased(Struct):
    ids: list[int]
