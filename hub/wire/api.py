"""Bodies of the HTTP interface: requests and answers, shared by the routes, the OpenAPI document
and the generated TypeScript types. Times are Unix milliseconds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from hub.wire.agenda import (
    Entry,
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
from hub.wire.calls import Call
from hub.wire.commands import (
    AttachmentId,
    DocumentKind,
    EntryPeople,
    FileName,
    History,
    LineEnds,
    MaybeText,
    Mentions,
    NewFile,
    NewFiles,
    Role,
    SendId,
    Seq,
    Subject,
    Uid,
    VersionNumber,
)
from hub.wire.events import EventType, FileFormat, MessageFile, Preview, Take, Verdict
from hub.wire.properties import PropertyValue, Source
from hub.wire.references import Check, NewReference, Number, Reference, ReferenceKind, Whose

Address = Annotated[str, Meta(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
DisplayName = Annotated[str, Meta(min_length=1, max_length=80)]
Password = Annotated[str, Meta(min_length=10, max_length=200)]
Secret = Annotated[str, Meta(min_length=20, max_length=200)]
LinkKind = Literal["first_owner", "invitation", "reset"]
Scope = Literal["read", "write", "admin", "calendar", "feed"]
"""``calendar``: of a device's calendar program, which may do nothing else; ``feed``: within an
address at which a program reads what is for somebody."""
ChannelId = Annotated[str, Meta(max_length=64)]


class Request(Struct, forbid_unknown_fields=True, kw_only=True):
    pass


# --- identity -------------------------------------------------------------------------------------


class SignIn(Request):
    address: Annotated[str, Meta(max_length=254)]
    password: Annotated[str, Meta(max_length=200)]


class Me(Struct):
    uid: str
    display_name: str
    addresses: list[str]
    is_owner: bool
    session: str | None
    """Id of the sign-in session; null for a token."""
    quiet: bool = False
    """Calls ring without a sound, and who calls is told so."""


class PatchMe(Request):
    display_name: DisplayName | None = None
    quiet: bool | None = None


class ChangePassword(Request):
    old: Annotated[str, Meta(max_length=200)]
    new: Password


class HubInfo(Struct):
    """What anybody may know of a hub; ``me`` is null for who is not signed in."""

    name: str
    needs_owner: bool
    version: str
    me: Me | None = None
    session_ended: bool = False
    """A cookie came along, but its session is over."""


class SignInSession(Struct):
    id: str
    created_at: int
    last_seen_at: int
    expires_at: int
    user_agent: str
    current: bool


class Account(Struct):
    """One person of this hub. Addresses are shown to signed-in colleagues."""

    uid: str
    display_name: str
    addresses: list[str]
    is_owner: bool
    disabled: bool


class PatchAccount(Request):
    disabled: bool


class NewInvitation(Request):
    """Invite a colleague to this hub, optionally straight into a thread."""

    address: Address | None = None
    thread: str | None = None
    role: Role = "editor"
    note: Annotated[str, Meta(max_length=200)] = ""


class Invitation(Struct):
    id: str
    address: str | None
    thread: str | None
    role: Role
    note: str
    created_by: str
    created_at: int
    expires_at: int
    state: Literal["open", "used", "revoked", "expired"]


class LinkCreated(Struct):
    """``link`` is shown once; the secret stands in the fragment, which no server log sees."""

    id: str
    link: str
    expires_at: int


class InspectLink(Request):
    secret: Secret


class LinkInfo(Struct):
    kind: LinkKind
    hub_name: str
    address: str | None
    invited_by: str | None
    thread_subject: str | None
    expires_at: int


class AcceptLink(Request):
    """first_owner and invitation need display_name and address; reset needs the password only.
    Answer: LinkAccepted with a session cookie."""

    secret: Secret
    password: Password
    display_name: DisplayName | None = None
    address: Address | None = None


class LinkAccepted(Me):
    """Who it is now, and the thread that the link led into; null when into none."""

    thread: str | None = None


class JoinLink(Request):
    secret: Secret


class Joined(Struct):
    """``thread``: where the invitation led; null when only to the hub."""

    thread: str | None


class NewToken(Request):
    name: DisplayName
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=3)]
    expires_in_days: Annotated[int, Meta(ge=1, le=3650)] | None = 365


class Token(Struct):
    id: str
    name: str
    scopes: list[str]
    created_at: int
    last_used_at: int | None
    expires_at: int | None


class TokenCreated(Struct):
    token: str
    info: Token


# --- calls ----------------------------------------------------------------------------------------


class IceServer(Struct, omit_defaults=True):
    """As WebRTC's RTCIceServer."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


class Ice(Struct):
    """Servers by which browsers find one another. ``relay_only``: no other way may be used.
    ``expires_at``: ask again before, for a new connection; null: they do not expire."""

    servers: list[IceServer]
    relay_only: bool
    expires_at: int | None


# --- threads --------------------------------------------------------------------------------------


class NewThread(Request):
    """``channels``: whose people are asked in; each gathers one of the references."""

    subject: Subject
    members: Annotated[list[Uid], Meta(max_length=200)] = []
    history: History = "all"
    send_id: SendId | None = None
    references: Annotated[list[NewReference], Meta(max_length=20)] = []
    channels: Annotated[list[ChannelId], Meta(max_length=5)] = []


class LastMessage(Struct):
    seq: int
    sender: str
    at: int
    excerpt: str
    files: int = 0


class ThreadSummary(Struct):
    """A row of the inbox, as of timeline seq ``head``. ``unread`` counts messages of others above
    ``last_read`` that are not deleted and calls that the user missed since, ``mentions`` those of
    them that name the user. ``call``: the one that lasts."""

    thread: str
    subject: str
    head: int
    role: Role
    last_read: int
    unread: int
    mentions: int
    updated_at: int
    last_message: LastMessage | None
    call: Call | None = None


class Member(Struct):
    uid: str
    display_name: str
    role: Role
    since: int


class DocumentFile(Struct):
    """The file that a document is: an attachment in its version ``number``, as it was opened or
    saved last. ``encoding`` is that of a text, as Python calls it."""

    attachment: str
    number: int
    format: FileFormat
    encoding: str | None = None


class DocumentInfo(Struct):
    """``file``: null when it is none."""

    document: str
    number: int
    thread: str
    kind: DocumentKind
    title: str
    schema_version: int
    lineage: str
    language: str | None
    created_by: str
    created_at: int
    line_ends: LineEnds = "lf"
    file: DocumentFile | None = None


class OpenFile(Request):
    """Open version ``number`` of a file, that which is shown without one, as a live document."""

    number: VersionNumber | None = None
    send_id: SendId | None = None


class SaveDocument(Request):
    """Save a live document to its file. ``encoding``: the file is written in UTF-8 from now on,
    because its own encoding has not all of the characters."""

    encoding: Literal["utf-8"] | None = None
    send_id: SendId | None = None


class AttachDocument(Request):
    """Put a live document into its thread as a file of this format (a text: txt, html or pdf),
    called ``name`` (its title without one), or as the next version of an ``attachment``. It becomes
    the file's live copy, if it is none yet, the format can be edited and ``live`` is true. Without
    ``anyway`` a file is refused that cannot show all of the characters."""

    format: Literal["md", "docx", "odt", "html", "txt", "pdf"]
    name: FileName | None = None
    attachment: AttachmentId | None = None
    live: bool = True
    anyway: bool = False
    send_id: SendId | None = None


class MergeVersion(Request):
    """What a live document takes over of the version of its file that the thread shows, and that
    came from elsewhere: ``all`` when nobody had changed the same, else with ``ours`` or ``theirs``
    standing there; ``none``: that version stays beside it, now or when it had come in before."""

    version: VersionNumber
    take: Take
    send_id: SendId | None = None


Encoding = Literal[
    "utf-8", "utf-16-le", "utf-16-be", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255",
    "cp1256", "cp1257", "cp1258", "iso8859_1", "iso8859_2", "iso8859_5", "iso8859_7", "iso8859_9",
    "iso8859_15", "koi8_r", "koi8_u", "cp437", "cp850", "cp852", "cp866", "mac_roman", "shift_jis",
    "euc_jp", "gb18030", "big5", "euc_kr",
]  # fmt: skip


class ReadAs(Request):
    """Read the text file of a live document in another encoding than it was taken for."""

    encoding: Encoding
    send_id: SendId | None = None


class Replacement(Request):
    """``old`` words become ``new``. A place is told by up to 32 characters ``before`` and ``after``
    it (fewer only where the text, or the run of words without anything between, begins or ends);
    of all places that have just these, ``of`` in number, it is the ``nth``, from 0 on."""

    old: Annotated[str, Meta(min_length=1, max_length=10_000)]
    new: Annotated[str, Meta(max_length=10_000)]
    before: Annotated[str, Meta(max_length=32)]
    after: Annotated[str, Meta(max_length=32)]
    nth: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    of: Annotated[int, Meta(ge=1, lt=2**31)] = 1


class ReplaceWords(Request):
    """``client``: a leased client id that nothing else is written under, so that whoever asks knows
    the change when it comes."""

    replacements: Annotated[list[Replacement], Meta(min_length=1, max_length=2000)]
    client: Annotated[int, Meta(ge=0, lt=2**53)] | None = None


class Replaced(Struct):
    """``count`` of the places were there as they were seen, and say something else now."""

    count: int


class Merged(Struct):
    """``changes`` came in, or went out again; ``conflicts``: nothing did, because in so many places
    both had changed the same."""

    changes: int
    conflicts: int


class PatchFile(Request):
    """Whether a live document saves itself, a while after its last change."""

    autosave: bool
    send_id: SendId | None = None


class SavedVersion(Struct):
    """Version ``number`` of the attachment is what the document said; it came by event ``seq`` at
    ``at``. ``authors``: whose changes it brought. Not ``changed``: an earlier version says the same
    (``at`` is null when nothing was written, because nobody had changed anything)."""

    attachment: str
    number: int
    seq: int
    at: int | None
    changed: bool
    authors: list[str] = []


class AttachedFile(Struct):
    """Version ``number`` of the attachment ``name`` is what the document said; it came by event
    ``seq`` at ``at``. ``live``: the document is its live copy now. ``authors``: whose changes are
    in it since it was made before. Not ``changed``: an earlier version says the same."""

    attachment: str
    number: int
    seq: int
    at: int
    name: str
    live: bool
    changed: bool
    authors: list[str]


class FileState(Struct):
    """How a live document stands to its file, which is called ``name``: version ``number`` is what
    it goes on from, ``shown`` the one that the thread shows (null: the file is gone). ``unsaved``:
    it was changed since, by ``authors``. ``waits``: the version that is shown came from elsewhere,
    and its editors have to say what becomes of it; ``merging``: the hub is looking. ``merged``
    changes of version ``number`` came in, and can be taken out again. ``autosave``: it saves itself
    in the name of this member. ``notices``: codes of what is in the file that people should know of
    before they save (docs/protocol.md)."""

    attachment: str
    name: str
    number: int
    shown: int | None
    format: FileFormat
    encoding: str | None
    unsaved: bool
    authors: list[str]
    waits: bool
    merging: bool
    merged: int | None
    autosave: str | None
    notices: list[str]


class ClientIds(Struct):
    """Client ids ``first`` to ``last`` belong to ``uid``: words under them are theirs, but for
    those that ``Authors.relayed`` names."""

    first: int
    last: int
    uid: str


class Relayed(Struct):
    """Words that ``by`` delivered at ``at`` under a client id of somebody else: it is said, not
    proven, that they are the owner's. ``length`` counts clocks."""

    client: int
    clock: int
    length: int
    by: str
    at: int


class Authors(Struct):
    """Whose the words of a document are."""

    ids: list[ClientIds]
    relayed: list[Relayed]


class ThreadState(Struct):
    """Everything of a room but its history, as of timeline seq ``head``. ``entries`` are the tasks
    that are to be done and the meetings that are neither cancelled nor over; ``more_entries``: not
    all."""

    summary: ThreadSummary
    history: History
    members: list[Member]
    former_members: list[Account]
    documents: list[DocumentInfo]
    references: list[Reference]
    entries: list[Entry]
    more_entries: bool


class NewEntry(Request):
    """As the command ``add_entry``."""

    kind: EntryKind = "task"
    title: Annotated[str, Meta(max_length=500)] = ""
    notes: Notes = ""
    place: Place = ""
    starts: Moment | None = None
    ends: Moment | None = None
    rule: Rule | None = None
    people: EntryPeople = []
    source: EntrySource | None = None
    ical: Annotated[str, Meta(max_length=1 << 18)] | None = None
    send_id: SendId | None = None


class BringCalendar(Request):
    """``seq``: of the message that the file came with, which what is single is from."""

    seq: Seq | None = None


class PatchEntry(Request):
    """As the command ``change_entry``; or, alone, ``done`` as ``finish_entry``."""

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
    done: bool | None = None
    send_id: SendId | None = None


class PersonalThread(Struct):
    """The thread of what concerns nobody else."""

    thread: str


class PatchThread(Request):
    subject: Subject | None = None
    history: History | None = None
    send_id: SendId | None = None


class NewMessage(Request):
    text: MaybeText = ""
    reply_to: Seq | None = None
    mentions: Mentions = []
    files: NewFiles = []
    send_id: SendId | None = None


class NewAttachment(Request):
    file: NewFile
    document: Annotated[str, Meta(max_length=64)] | None = None
    send_id: SendId | None = None


class PatchAttachment(Request):
    """A new ``name``, the ``number`` of the version to show, or ``properties`` by their keys, null
    for those to take away; ``source`` says where all of these were read."""

    name: FileName | None = None
    number: VersionNumber | None = None
    properties: Annotated[dict[str, PropertyValue | None], Meta(max_length=100)] = {}
    source: Source | None = None
    send_id: SendId | None = None


VersionState = Literal["arriving", "ready", "same", "failed"]


class Version(Struct, omit_defaults=True):
    """A version of an attachment. ``key`` names it from the first moment, ``number`` once it is
    ready. ``same``: its bytes were those of version ``number`` already. ``seq`` and ``at`` are of
    the event that added it; ``received`` bytes are here. ``verdict`` is what malware scanners said
    last, with their ``finding``: what is in a blocked one, or why one could not be scanned; null
    when none has looked yet, or there is none (``scanning`` of ``welcome``). ``preview`` is null
    until it was made. ``document``: it was saved from that; ``authors`` are those whose changes it
    brought."""

    key: str
    seq: int
    author: str
    at: int
    name: str
    type: str
    size: int
    state: VersionState
    number: int | None = None
    blob: str | None = None
    reason: str | None = None
    received: int | None = None
    verdict: Verdict | None = None
    finding: str | None = None
    preview: Preview | None = None
    document: str | None = None
    authors: list[str] = []


class Property(Struct):
    """What a file says under ``key``, as ``set_by`` said at ``set_at``; ``source`` is where they
    have it from."""

    key: str
    property: PropertyValue
    set_by: str
    set_at: int
    source: Source


class Attachment(Struct, omit_defaults=True):
    """A file of a thread, as it is now: version ``number`` is shown. ``versions`` are those that
    the reader may see, newest first; in a list only the shown one and what arrives. ``properties``
    stand in the order of their keys."""

    attachment: str
    thread: str
    name: str
    seq: int
    added_by: str
    added_at: int
    number: int | None
    count: int
    versions: list[Version]
    document: str | None = None
    removed_by: str | None = None
    undo_until: int | None = None
    properties: list[Property] = []


class Attachments(Struct):
    """As of timeline seq ``head``. ``used`` bytes of ``quota`` (null: no bound) in this thread.
    ``more``: some were added before these (``before`` = seq of the last)."""

    attachments: list[Attachment]
    head: int
    used: int
    quota: int | None
    more: bool


class ReadMark(Request):
    """A lower ``seq`` than before marks unread."""

    seq: Seq


class NewMember(Request):
    uid: Uid
    role: Role | None = "editor"
    send_id: SendId | None = None


class NewDocument(Request):
    kind: DocumentKind
    title: Subject
    language: Annotated[str, Meta(max_length=32)] | None = None
    line_ends: LineEnds = "lf"
    send_id: SendId | None = None


class Reaction(Struct):
    emoji: str
    uids: list[str]


class Item(Struct):
    """One line of the history as it reads now. ``version`` is the seq of the last event that
    touched it: an event is applied to an item only when its seq is higher.

    ``type`` is ``message`` or a system line (thread.create, thread.rename, thread.history,
    member.set, document.create, document.rename, attachment.rename, attachment.remove,
    attachment.unremove, attachment.restore, attachment.property, version.blocked,
    version.unblocked, reference.set of a thread, entry.set as an EntryLine, entry.remove) whose
    ``data`` is the event's body; or call.start, whose ``data`` is the Call as it stands.
    For messages ``data`` is null and the fields below it count; a deleted one has text null.
    ``mention_names`` says how those mentioned were called then; ``references`` are numbers in it.
    """

    seq: int
    type: EventType
    sender: str
    at: int
    version: int
    data: Any = None
    text: str | None = None
    reply_to: int | None = None
    mentions: list[str] = []
    mention_names: list[str] = []
    files: list[MessageFile] = []
    references: list[Reference] = []
    reminder: bool = False
    reactions: list[Reaction] = []
    edited_at: int | None = None
    deleted: bool = False
    deleted_by: str | None = None
    undo_until: int | None = None


class HistoryPage(Struct):
    """Items in ascending seq, true as of timeline seq ``head``; ``more`` = older ones exist.
    ``attachments`` and ``entries`` are those that the items speak of, or that came from them."""

    items: list[Item]
    head: int
    more: bool
    attachments: list[Attachment] = []
    entries: list[Entry] = []


class EventsPage(Struct):
    """Raw timeline events (``hub.wire.events.Event`` without the tag) in ascending seq."""

    events: list[Any]
    head: int


class SearchHit(Struct):
    """A message, or with ``attachment`` and ``name`` a file. ``snippet`` is plain text, empty when
    a file was found by its name or properties alone; ``marks`` are [start, end) offsets in UTF-16
    code units."""

    thread: str
    subject: str
    seq: int
    sender: str
    at: int
    snippet: str
    marks: list[tuple[int, int]]
    attachment: str | None = None
    name: str | None = None


class SearchResult(Struct):
    hits: list[SearchHit]
    more: bool


class FindReferences(Request):
    """Numbers in ``text``; with ``typed`` all of it may be one, or how one begins."""

    text: MaybeText
    typed: bool = False


ReferenceMatch = Literal["same", "alias", "alike", "said"]


class ReferencedThread(Struct, omit_defaults=True):
    """A thread that has a number: on itself, or (``seq``) on a message. ``match``: it is the
    ``same`` one; an ``alias``, by which another party knows the same thing; ``alike``, another one
    that looks like it; or only ``said`` in a message, of no kind then."""

    thread: str
    subject: str
    number: str
    match: ReferenceMatch
    kind: ReferenceKind | None = None
    whose: str = ""
    seq: int | None = None


class FoundReference(Struct, omit_defaults=True):
    """A number in a text, at [start, end) in UTF-16 code units; of no kind where only its look
    says so. ``threads`` of those the reader may read, and whether there are ``more``. ``channels``
    that the reader sees and that gather it. ``applied``: a rule puts it there without asking."""

    number: str
    start: int
    end: int
    threads: list[ReferencedThread]
    kind: ReferenceKind | None = None
    whose: str = ""
    more: bool = False
    channels: list[str] = []
    applied: bool = False


class FoundReferences(Struct):
    found: list[FoundReference]


class ProposedReference(Struct, omit_defaults=True):
    """A number in message ``seq``, at [start, end) in UTF-16 code units, that is no reference of it
    or of its thread yet."""

    seq: int
    kind: ReferenceKind
    number: str
    start: int
    end: int
    whose: str = ""


class ThreadReferences(Struct):
    """What the latest messages name that is no reference: those that ``looked`` names by their seq.
    ``channels`` gather the thread, of those that the reader sees. True as of seq ``head``."""

    proposed: list[ProposedReference]
    looked: list[int]
    channels: list[str]
    head: int


RulePattern = Annotated[str, Meta(min_length=1, max_length=300)]


class NewReferenceRule(Request):
    """``pattern`` is of RE2; its first group is the number, without one all of it. ``apply``: what
    it finds in a message or a subject becomes a reference without asking."""

    kind: ReferenceKind
    pattern: RulePattern
    whose: Whose = ""
    check: Check | None = None
    apply: bool = False


class ReferenceRule(Struct):
    rule: str
    kind: ReferenceKind
    pattern: str
    whose: str
    check: Check | None
    apply: bool


class NewChannel(Request):
    """``number``: gathers threads that have this one, or with ``prefix`` those that begin so; of
    one ``kind``, or any. ``open``: everybody of the hub sees it and may join."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    number: Number
    kind: ReferenceKind | None = None
    prefix: bool = False
    open: bool = True
    members: Annotated[list[Uid], Meta(max_length=200)] = []


class PatchChannel(Request):
    """Its people change it; who is not in an open one may ``add`` themselves."""

    name: Annotated[str, Meta(min_length=1, max_length=80)] | None = None
    open: bool | None = None
    add: Annotated[list[Uid], Meta(max_length=200)] = []
    remove: Annotated[list[Uid], Meta(max_length=200)] = []


class Channel(Struct):
    """``threads``: those of its threads that the reader may read, latest first, 200 at most."""

    channel: str
    name: str
    number: str
    kind: ReferenceKind | None
    prefix: bool
    open: bool
    members: list[str]
    threads: list[str]


class AskIn(Request):
    """People of a channel into a thread that it gathers."""

    channel: ChannelId


class AskedIn(Struct):
    """Who came in by this."""

    uids: list[str]


class YjsTicket(Struct):
    """For stock Yjs clients: ``/yjs/{document}?ticket=…``; reusable for 10 minutes."""

    ticket: str
    expires_at: int


class Problem(Struct, omit_defaults=True):
    """RFC 9457. ``code`` is stable; ``fields`` names what was wrong in a request body."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retry_after_s: float | None = None
