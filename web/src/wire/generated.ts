// Written by scripts/generate_wire_types.py from hub.wire. Do not edit.

export type PropertyValue = DateProperty | MoneyProperty | ReferenceProperty | StatusProperty | TextProperty;

export type Source = PersonSource | DocumentSource;

export type ReferenceKind = "order" | "invoice" | "case" | "contract" | "variable_symbol" | "free";

export type Check = "iso11649" | "iso6346" | "ean" | "luhn" | "verhoeff" | "mod97_10" | "mod11_10";

export type EntryKind = "task" | "event";

export type EntryState = "open" | "in_process" | "done" | "confirmed" | "tentative" | "cancelled";

export type Answer = "none" | "accepted" | "declined" | "tentative";

export type Did = "added" | "changed" | "moved" | "finished" | "reopened" | "answered" | "proposed" | "blocked" | "unblocked" | "cancelled" | "restored" | "skipped" | "brought_back";

export type Role = "owner" | "editor" | "reader";

export type History = "all" | "joined";

export type DocumentKind = "rich" | "text";

export type LineEnds = "lf" | "crlf";

export type LeaveReason = "left" | "lost" | "removed";

export type Standing = "ringing" | "declined" | "missed" | "in" | "left";

export type Hush = "busy" | "quiet";

export type EventType = "thread.create" | "thread.rename" | "thread.history" | "member.set" | "message" | "message.edit" | "message.delete" | "message.undelete" | "reaction" | "document.create" | "document.rename" | "document.merge" | "document.autosave" | "attachment.add" | "attachment.rename" | "attachment.remove" | "attachment.unremove" | "attachment.restore" | "attachment.property" | "version.add" | "version.ready" | "version.failed" | "version.blocked" | "version.unblocked" | "call.start" | "call.ring" | "call.join" | "call.decline" | "call.miss" | "call.leave" | "call.lock" | "call.end" | "reference.set" | "entry.set" | "entry.remove" | "checkpoint";

export type Verdict = "clean" | "blocked" | "unscannable";

export type Scanning = "off" | "on" | "hold";

export type PreviewKind = "image" | "pdf" | "text" | "code" | "markdown" | "audio" | "video" | "office" | "none";

export type FileFormat = "text" | "markdown" | "docx" | "odt";

export type PreviewReason = "too_large" | "timeout" | "damaged" | "unsupported" | "sandbox";

export type Take = "all" | "ours" | "theirs" | "none";

export type LinkKind = "first_owner" | "invitation" | "reset";

export type Scope = "read" | "write" | "admin" | "calendar" | "feed";

export type Encoding = "utf-8" | "utf-16-le" | "utf-16-be" | "cp1250" | "cp1251" | "cp1252" | "cp1253" | "cp1254" | "cp1255" | "cp1256" | "cp1257" | "cp1258" | "iso8859_1" | "iso8859_2" | "iso8859_5" | "iso8859_7" | "iso8859_9" | "iso8859_15" | "koi8_r" | "koi8_u" | "cp437" | "cp850" | "cp852" | "cp866" | "mac_roman" | "shift_jis" | "euc_jp" | "gb18030" | "big5" | "euc_kr";

export type VersionState = "arriving" | "ready" | "same" | "failed";

export type ReferenceMatch = "same" | "alias" | "alike" | "said";

/** A day, ``YYYY-MM-DD``. */
export interface DateProperty {
  type: "date";
  value: string;
}

/**
 * ``amount`` is a decimal number in a string, of at most 15 digits, 4 of them after the point;
 * ``currency`` a code of ISO 4217.
 */
export interface MoneyProperty {
  type: "money";
  amount: string;
  currency: string;
}

/** What something is called by others: a variable symbol, the number of an order. */
export interface ReferenceProperty {
  type: "reference";
  value: string;
}

export interface StatusProperty {
  type: "status";
  value: string;
}

/** The only one that may have several lines. */
export interface TextProperty {
  type: "text";
  value: string;
}

/** Whoever set it says so. */
export interface PersonSource {
  by: "person";
}

/**
 * Whoever set it read it in the file: in version ``number``, on ``page`` (from 1 on), in these
 * words.
 */
export interface DocumentSource {
  by: "document";
  number?: number | null;
  page?: number | null;
  quote?: string | null;
}

export interface NewReference {
  kind: ReferenceKind;
  number: string;
  whose?: string;
}

/**
 * A number of a thread or of a message. ``id`` names it there; those of one ``matter`` are
 * names that different parties have for the same thing. ``rule``: the hub put it there, by a rule
 * of its owner.
 */
export interface Reference {
  id: string;
  kind: ReferenceKind;
  number: string;
  whose?: string;
  matter: string;
  set_by: string;
  set_at: number;
  rule?: boolean;
}

/** A day (``2026-11-27``), or a time (``2026-11-27T09:00:00``) on the clocks of a ``zone``. */
export interface Moment {
  local: string;
  zone?: string | null;
}

/**
 * A day, or a time on the clocks of a ``zone``, which is ``at`` (Unix ms) everywhere; a time
 * without a zone is on the clocks of whoever looks.
 */
export interface When {
  local: string;
  zone?: string | null;
  at?: number | null;
}

/** Somebody whom a task or a meeting is for; without ``uid`` nobody of this hub. */
export interface Invited {
  name: string;
  address?: string;
  uid?: string | null;
  answer?: Answer;
}

/**
 * What a task or meeting came from, one of these: message ``seq``, version ``number`` of an
 * ``attachment``, the words ``quote`` of a ``document``, a ``reference`` of the thread.
 */
export interface EntrySource {
  seq?: number | null;
  attachment?: string | null;
  number?: number | null;
  document?: string | null;
  quote?: string;
  reference?: string | null;
}

/** Another time that somebody who is asked to come would rather have. */
export interface Proposal {
  by: string;
  at: number;
  starts: When;
  ends: When;
  note?: string;
  occurrence?: string | null;
}

/** One moment of a series; ``id`` is when the series has it, whenever it is now. */
export interface Occurrence {
  id: string;
  starts?: When | null;
  ends?: When | null;
}

/**
 * What a task or meeting says. ``ends``: of a task when it is due. ``rule`` is an RRULE;
 * ``series``: there is more than one moment. ``current``: of a task that comes back the one that
 * is to be done. ``done_by`` and ``done_at`` are those of a task without a series. ``more_notes``:
 * there are more than stand here.
 */
export interface EntryFacts {
  kind: EntryKind;
  title: string;
  state: EntryState;
  notes?: string;
  place?: string;
  starts?: When | null;
  ends?: When | null;
  rule?: string | null;
  series?: boolean;
  current?: Occurrence | null;
  organizer?: Invited | null;
  people?: readonly Invited[];
  blocked?: string | null;
  source?: EntrySource | null;
  proposals?: readonly Proposal[];
  done_by?: string | null;
  done_at?: number | null;
  more_notes?: boolean;
}

/**
 * A task or meeting is new, or ``did`` happened to it; the rest says how it is now. ``target``
 * is the seq of the event that added it. ``shown`` are those who see it whatever they may read of
 * the thread: it is for them, or was. ``answer`` is the sender's; ``occurrence`` the moment that
 * it happened to, null: all of it. Of one that is new the sender made it, now.
 */
export interface EntrySetData {
  kind: EntryKind;
  title: string;
  state: EntryState;
  notes?: string;
  place?: string;
  starts?: When | null;
  ends?: When | null;
  rule?: string | null;
  series?: boolean;
  current?: Occurrence | null;
  organizer?: Invited | null;
  people?: readonly Invited[];
  blocked?: string | null;
  source?: EntrySource | null;
  proposals?: readonly Proposal[];
  done_by?: string | null;
  done_at?: number | null;
  more_notes?: boolean;
  entry: string;
  did: Did;
  target?: number | null;
  shown?: readonly string[];
  occurrence?: string | null;
  answer?: Answer | null;
  created_by?: string | null;
  created_at?: number | null;
}

/**
 * An ``entry.set`` as the log has it: what is ``told`` of it, and the text that says it.
 *
 * Attributes:
 * ical: canonical; ``uid`` is its UID.
 * asked: whom it is for, with what they answered.
 * due: of a task that is to be done (Unix ms; by the clocks of UTC if it has no zone).
 * over: of a meeting after its last moment; null: it has no last one.
 */
export interface EntrySetBody {
  told: EntrySetData;
  ical: string;
  uid: string;
  asked: Readonly<Record<string, Answer>>;
  due?: number | null;
  over?: number | null;
}

/** It is gone, and erased for good ``undo_s`` seconds after the event. */
export interface EntryRemoveData {
  entry: string;
  kind: EntryKind;
  title: string;
  target: number;
  undo_s: number;
  shown?: readonly string[];
}

/** What the history says of an ``entry.set``. */
export interface EntryLine {
  entry: string;
  kind: EntryKind;
  did: Did;
  title: string;
  target?: number | null;
  shown?: readonly string[];
  occurrence?: string | null;
  answer?: Answer | null;
  starts?: When | null;
}

/**
 * A task or meeting as it stands, as of timeline seq ``seq`` of its thread; ``target`` is the
 * seq of the event that added it.
 */
export interface Entry {
  kind: EntryKind;
  title: string;
  state: EntryState;
  notes?: string;
  place?: string;
  starts?: When | null;
  ends?: When | null;
  rule?: string | null;
  series?: boolean;
  current?: Occurrence | null;
  organizer?: Invited | null;
  people?: readonly Invited[];
  blocked?: string | null;
  source?: EntrySource | null;
  proposals?: readonly Proposal[];
  done_by?: string | null;
  done_at?: number | null;
  more_notes?: boolean;
  entry: string;
  thread: string;
  seq: number;
  target: number;
  created_by: string;
  created_at: number;
  set_by: string;
  set_at: number;
}

/**
 * One moment of a task or meeting; null is said by the whole. ``answers`` are those to it, by
 * uid. ``is_free``: whoever comes is free for something else all the same (TRANSP).
 */
export interface OccurrenceSays {
  state: EntryState;
  starts?: When | null;
  ends?: When | null;
  title?: string | null;
  place?: string | null;
  answers?: Readonly<Record<string, Answer>> | null;
  is_free?: boolean;
}

export interface AgendaOccurrence {
  state: EntryState;
  starts?: When | null;
  ends?: When | null;
  title?: string | null;
  place?: string | null;
  answers?: Readonly<Record<string, Answer>> | null;
  is_free?: boolean;
  entry: string;
  occurrence?: string | null;
}

/**
 * What is for somebody in a while, in order, and the tasks and meetings that it is of.
 * ``more``: there is more than fits; ``kept``: from when until when series are followed (Unix
 * ms).
 */
export interface Agenda {
  occurrences: readonly AgendaOccurrence[];
  entries: readonly Entry[];
  more: boolean;
  kept: readonly [number, number];
}

/**
 * What somebody has to do: first what is due first, what has no day last; then what was done
 * lately.
 */
export interface Tasks {
  entries: readonly Entry[];
  more: boolean;
}

/**
 * One task or meeting of a calendar file. ``entry``: the thread has it; ``is_newer``: the file
 * says something newer of it.
 */
export interface CalendarFileEntry {
  uid: string;
  says: EntryFacts;
  entry?: string | null;
  is_newer?: boolean;
}

/** What of a file cannot be kept, and the code and the words of why. */
export interface CalendarRefused {
  title: string;
  code: string;
  detail: string;
}

/**
 * What a calendar file has: the first of ``count`` tasks and meetings. ``method``: what its
 * sender wants (RFC 5546); empty: nothing.
 */
export interface CalendarFile {
  method: string;
  entries: readonly CalendarFileEntry[];
  refused: readonly CalendarRefused[];
  count: number;
}

/**
 * What came of a calendar file: the ids of what is new and of what was replaced, how many say
 * nothing new, and what could not be kept (the first 100).
 */
export interface Brought {
  added: readonly string[];
  renewed: readonly string[];
  same: number;
  refused: readonly CalendarRefused[];
}

/** Tasks and meetings of a thread; ``more``: those after the last of these. */
export interface Entries {
  entries: readonly Entry[];
  more: boolean;
}

/**
 * A file for a thread: an ``upload``, which may still be under way, or version ``number`` of
 * the attachment ``source`` of any thread that the sender may read. ``name`` is mended to what
 * every system takes; without it that of the upload or source. With ``attachment`` it is a new
 * version of that one.
 */
export interface NewFileCommand {
  upload?: string | null;
  source?: string | null;
  number?: number | null;
  name?: string | null;
  attachment?: string | null;
}

/** First frame of a program (within 5 s); later, a fresh token for the same user. */
export interface AuthCommand {
  cmd: "auth";
  token: string;
  id: number;
}

/** Keeps the connection alive; also sent by the browser, which cannot send protocol pings. */
export interface PingCommand {
  cmd: "ping";
  id: number;
}

/** Receive the timeline events of every thread the user is a member of. */
export interface WatchInboxCommand {
  cmd: "watch_inbox";
  id: number;
}

/**
 * Enter a room. Result: SubscribeResult; then the events after ``after``, then live ones.
 *
 * ``after`` = null means from the head on. No gap, no duplicate.
 */
export interface SubscribeCommand {
  cmd: "subscribe";
  thread: string;
  after?: number | null;
  id: number;
}

export interface UnsubscribeCommand {
  cmd: "unsubscribe";
  thread: string;
  id: number;
}

/**
 * Result: Accepted. ``reply_to`` is the seq of a message that is itself no reply. ``text`` may
 * be empty when there are ``files``.
 */
export interface PostCommand {
  cmd: "post";
  thread: string;
  send_id: string;
  text: string;
  reply_to?: number | null;
  mentions?: readonly string[];
  files?: readonly NewFileCommand[];
  id: number;
}

/** Only the author. ``target`` is the seq of the message. */
export interface EditCommand {
  cmd: "edit";
  thread: string;
  send_id: string;
  target: number;
  text: string;
  mentions?: readonly string[];
  id: number;
}

/** The author or an owner. The text is erased for good after the undo window. */
export interface DeleteCommand {
  cmd: "delete";
  thread: string;
  send_id: string;
  target: number;
  id: number;
}

/** Whoever deleted, within the undo window; afterwards ``conflict`` / ``erased``. */
export interface UndeleteCommand {
  cmd: "undelete";
  thread: string;
  send_id: string;
  target: number;
  id: number;
}

export interface ReactCommand {
  cmd: "react";
  thread: string;
  send_id: string;
  target: number;
  emoji: string;
  on?: boolean;
  id: number;
}

/** Owner or editor. */
export interface RenameCommand {
  cmd: "rename";
  thread: string;
  send_id: string;
  subject: string;
  id: number;
}

/**
 * Put a number on the thread, or on the message ``target``, or take it away (``on`` false; of
 * one that is not there: it is not proposed again). ``alias_of``: the id of a number of the thread
 * that is another party's name for the same thing.
 */
export interface SetReferenceCommand {
  cmd: "set_reference";
  thread: string;
  send_id: string;
  kind: ReferenceKind;
  number: string;
  whose?: string;
  target?: number | null;
  alias_of?: string | null;
  on?: boolean;
  id: number;
}

/** Owner. What a member who joins later may read. */
export interface SetHistoryCommand {
  cmd: "set_history";
  thread: string;
  send_id: string;
  history: History;
  id: number;
}

/** Owner (or anybody for leaving). ``role`` = null removes. The last owner cannot go. */
export interface SetMemberCommand {
  cmd: "set_member";
  thread: string;
  send_id: string;
  uid: string;
  role: Role | null;
  id: number;
}

/**
 * Owner or editor. Result: Accepted with ``document``. ``line_ends`` are those of plain text
 * when it is exported; inside lines end with LF.
 */
export interface CreateDocumentCommand {
  cmd: "create_document";
  thread: string;
  send_id: string;
  kind: DocumentKind;
  title: string;
  language?: string | null;
  line_ends?: LineEnds;
  id: number;
}

export interface RenameDocumentCommand {
  cmd: "rename_document";
  thread: string;
  send_id: string;
  document: string;
  title: string;
  id: number;
}

/**
 * A file without a message; ``document``: it is a picture of that. Result: Accepted with
 * ``attachments``.
 */
export interface AddAttachmentCommand {
  cmd: "add_attachment";
  thread: string;
  send_id: string;
  file: NewFileCommand;
  document?: string | null;
  id: number;
}

export interface RenameAttachmentCommand {
  cmd: "rename_attachment";
  thread: string;
  send_id: string;
  attachment: string;
  name: string;
  id: number;
}

/**
 * A short typed value under a name; null takes it away. Keys that differ in capitals alone are
 * one. ``source``: where it was read; null is that whoever sets it says so.
 */
export interface SetPropertyCommand {
  cmd: "set_property";
  thread: string;
  send_id: string;
  attachment: string;
  key: string;
  property: PropertyValue | null;
  source?: Source | null;
  id: number;
}

/** All its versions; erased for good after the undo window. Pictures of documents stay. */
export interface RemoveAttachmentCommand {
  cmd: "remove_attachment";
  thread: string;
  send_id: string;
  attachment: string;
  id: number;
}

/** Whoever removed it, within the undo window; afterwards ``attachment_not_found``. */
export interface UnremoveAttachmentCommand {
  cmd: "unremove_attachment";
  thread: string;
  send_id: string;
  attachment: string;
  id: number;
}

/** An earlier (or later) version becomes the one that is shown. */
export interface RestoreVersionCommand {
  cmd: "restore_version";
  thread: string;
  send_id: string;
  attachment: string;
  number: number;
  id: number;
}

/**
 * A task or a meeting. Result: Accepted with ``entry``. ``ends``: of a task when it is due.
 * ``rule`` is an RRULE, by which it comes back; ``people`` of the thread are asked to do it or to
 * come, without any it is for its maker. With ``ical`` it is what that text says, and the other
 * fields but ``people`` and ``source`` say nothing; one of the same UID that the thread has is
 * replaced if the text is newer, and is ``entry_exists`` if it is not.
 */
export interface AddEntryCommand {
  cmd: "add_entry";
  thread: string;
  send_id: string;
  kind?: EntryKind;
  title?: string;
  notes?: string;
  place?: string;
  starts?: Moment | null;
  ends?: Moment | null;
  rule?: string | null;
  people?: readonly string[];
  source?: EntrySource | null;
  ical?: string | null;
  id: number;
}

/**
 * What is given is so from now on, the rest stays. With ``occurrence`` it is so of that moment
 * of a series alone, which has the rule, the people, the block and the source of the series.
 * ``base``: the seq of the entry that was on the screen; when it is another by now, nothing is
 * changed (``entry_changed``).
 */
export interface ChangeEntryCommand {
  cmd: "change_entry";
  thread: string;
  send_id: string;
  entry: string;
  occurrence?: string | null;
  base?: number | null;
  title?: string;
  notes?: string;
  place?: string;
  starts?: Moment | null;
  ends?: Moment | null;
  rule?: string | null;
  people?: readonly string[];
  blocked?: string | null;
  state?: EntryState;
  id: number;
}

/**
 * All of it is as ``ical`` says from now on, but for what the hub alone knows of it, and what
 * others answered. It has the same UID. Who may only read and is asked answers in this way, or
 * says that it is done. ``base``: as of ``change_entry``.
 */
export interface ReplaceEntryCommand {
  cmd: "replace_entry";
  thread: string;
  send_id: string;
  entry: string;
  ical: string;
  base?: number | null;
  id: number;
}

/**
 * A task is done, or it is not. Without ``occurrence`` of a task that comes back: the latest
 * moment that had come when it was ticked off, ``ago_ms`` before now; or that which was done last.
 * ``seen``: the current one that was on the screen; when it is another by now, nothing is changed.
 * Result: Accepted with ``occurrence``.
 */
export interface FinishEntryCommand {
  cmd: "finish_entry";
  thread: string;
  send_id: string;
  entry: string;
  occurrence?: string | null;
  seen?: string | null;
  done?: boolean;
  ago_ms?: number;
  id: number;
}

export interface NewProposalCommand {
  starts: Moment;
  ends: Moment;
  note?: string;
}

/**
 * Of who is asked to come: whether they do, to one moment or to all; or when they rather
 * would.
 */
export interface AnswerEntryCommand {
  cmd: "answer_entry";
  thread: string;
  send_id: string;
  entry: string;
  answer: Answer;
  occurrence?: string | null;
  proposal?: NewProposalCommand | null;
  id: number;
}

/**
 * For good, after the undo window; with ``occurrence`` that moment of a series alone, which
 * there is no way back from. ``base``: of all of it, as of ``change_entry``.
 */
export interface RemoveEntryCommand {
  cmd: "remove_entry";
  thread: string;
  send_id: string;
  entry: string;
  occurrence?: string | null;
  base?: number | null;
  id: number;
}

/** Whoever removed it, within the undo window; afterwards ``conflict`` / ``erased``. */
export interface UnremoveEntryCommand {
  cmd: "unremove_entry";
  thread: string;
  send_id: string;
  entry: string;
  id: number;
}

/** Set the private last-read marker; a lower ``seq`` is "mark unread". Result: ReadState. */
export interface MarkReadCommand {
  cmd: "mark_read";
  thread: string;
  seq: number;
  id: number;
}

export interface TypingCommand {
  cmd: "typing";
  thread: string;
  on: boolean;
  id: number;
}

/** Whether this tab is looked at, and which document it has open. */
export interface PresentCommand {
  cmd: "present";
  thread: string;
  state: "active" | "away";
  document?: string | null;
  id: number;
}

/**
 * Ring people of the thread, everybody (of 200 at most) when ``ring`` is null; comes into the
 * call that lasts, if there is one. Result: Call. An editor or owner begins one; anybody comes
 * in.
 */
export interface StartCallCommand {
  cmd: "call_start";
  thread: string;
  device: string;
  ring?: readonly string[] | null;
  video?: boolean;
  id: number;
}

/** Come into a call, or go on in it from another device. Result: Call. */
export interface JoinCallCommand {
  cmd: "call_join";
  thread: string;
  call: string;
  device: string;
  id: number;
}

/** Not from another ``device`` than the one that is in. Result: Call. */
export interface LeaveCallCommand {
  cmd: "call_leave";
  thread: string;
  call: string;
  device: string;
  id: number;
}

/** It rings no more, on no device. Result: Call. */
export interface DeclineCallCommand {
  cmd: "call_decline";
  thread: string;
  call: string;
  id: number;
}

/** Ask more people of the thread to come. Result: Call. */
export interface RingInCallCommand {
  cmd: "call_ring";
  thread: string;
  call: string;
  ring: readonly string[];
  id: number;
}

/** Whoever began the call, or an owner of the thread; of those who are in. Result: Call. */
export interface RemoveFromCallCommand {
  cmd: "call_remove";
  thread: string;
  call: string;
  uid: string;
  id: number;
}

/** Whoever began the call, or an owner of the thread; of those who are in. Result: Call. */
export interface LockCallCommand {
  cmd: "call_lock";
  thread: string;
  call: string;
  locked: boolean;
  id: number;
}

/** Somebody who is in may mute another; only they themselves unmute. */
export interface MuteInCallCommand {
  cmd: "call_mute";
  thread: string;
  call: string;
  uid: string;
  id: number;
}

/**
 * How one is in the call, on this connection: told to the room. Say it again every 3 s: who is
 * not heard of for 8 s has left. ``mutes``: of the last ``call_muted``. Result: InCall, as the
 * room was told.
 */
export interface PresentCallCommand {
  cmd: "call_present";
  thread: string;
  call: string;
  device: string;
  muted: boolean;
  camera?: boolean;
  screen?: boolean;
  hand?: boolean;
  mutes?: number;
  id: number;
}

/** Result: OpenResult. ``lineage`` is what the local copy has, null when there is none. */
export interface OpenDocumentCommand {
  cmd: "open_document";
  document: string;
  schema_version: number;
  lineage?: string | null;
  id: number;
}

export interface CloseDocumentCommand {
  cmd: "close_document";
  document: string;
  id: number;
}

/** Result: Leased. An id belongs to the user for ever; each Y.Doc instance burns one. */
export interface LeaseClientIdsCommand {
  cmd: "lease_client_ids";
  document: string;
  count?: number;
  id: number;
}

/**
 * Opaque message to one live connection that shares the thread (calls, transfers). One of kind
 * ``call`` goes only from who is in the call to who is.
 */
export interface SignalCommand {
  cmd: "signal";
  thread: string;
  to_session: string;
  kind: string;
  payload: unknown;
  id: number;
}

/**
 * By uids. Of one's own: who ``asked`` and waits, who ``agreed`` means knows. Of others: whose
 * busy times are ``known``, and who was asked and has not agreed (``waiting``).
 */
export interface BusyConsents {
  asked: readonly string[];
  agreed: readonly string[];
  known: readonly string[];
  waiting: readonly string[];
}

/**
 * When whoever asks and ``people`` are free for so many ``minutes``, between two moments (Unix
 * ms) and within the hours of the days that a ``zone`` shows.
 */
export interface FindSlots {
  people: readonly string[];
  first: number;
  last: number;
  zone: string;
  minutes: number;
  opens: string;
  closes: string;
  weekends: boolean;
}

/** Where all are ``free`` (Unix ms), as far as it is known: of who is ``unknown`` it is not. */
export interface Slots {
  free: readonly (readonly [number, number])[];
  unknown: readonly string[];
}

/**
 * At a moment (``when``), or ``before_s`` seconds before each moment of a task or meeting
 * (``entry``). Of a message (``thread`` and ``seq``), of a thread, of an entry, or of nothing but
 * its ``note``. ``for_thread``: it is said to everybody of the thread, then. ``zone``: on whose
 * clocks days are counted.
 */
export interface NewReminder {
  note: string;
  when: Moment | null;
  before_s: number | null;
  thread: string | null;
  seq: number | null;
  entry: string | null;
  for_thread: boolean;
  zone: string;
  send_id: string | null;
}

export interface PatchReminder {
  when: Moment;
}

/**
 * ``at``: when it is due next (Unix ms); null: there is no moment to come. ``when`` is as it
 * was said.
 */
export interface Reminder {
  reminder: string;
  uid: string;
  note: string;
  at?: number | null;
  when?: When | null;
  before_s?: number | null;
  thread?: string | null;
  seq?: number | null;
  entry?: string | null;
  for_thread?: boolean;
  created_at: number;
}

export interface Reminders {
  reminders: readonly Reminder[];
}

/**
 * What is reminded of; ``failed`` is the code of why it was not said to the thread. Or who
 * ``asks`` to know when one is busy.
 */
export interface NoticeBody {
  note: string;
  thread?: string | null;
  seq?: number | null;
  entry?: string | null;
  failed?: string | null;
  asks?: string | null;
}

/** A reminder that is due, until it was seen. ``at`` is when it was due (Unix ms). */
export interface Notice {
  note: string;
  thread?: string | null;
  seq?: number | null;
  entry?: string | null;
  failed?: string | null;
  asks?: string | null;
  notice: string;
  at: number;
}

/** Those that were not seen yet, the oldest first. */
export interface Notices {
  notices: readonly Notice[];
}

export interface SnoozeNotice {
  when: Moment;
}

/**
 * The sender is in, from ``device``; ``ring`` are asked to come. Of these ``busy`` are in
 * another call and ``quiet`` do not want to be disturbed.
 */
export interface CallStartData {
  call: string;
  device: string;
  ring: readonly string[];
  busy?: readonly string[];
  quiet?: readonly string[];
  video?: boolean;
  topology?: string;
}

/**
 * More are asked to come, or again. ``target`` is the seq of the call's start, here and
 * below.
 */
export interface CallRingData {
  call: string;
  target: number;
  ring: readonly string[];
  busy?: readonly string[];
  quiet?: readonly string[];
}

/** The sender is in, or goes on from another device. */
export interface CallJoinData {
  call: string;
  target: number;
  device: string;
}

export interface CallDeclineData {
  call: string;
  target: number;
}

/** They were asked for too long, or until it was over. */
export interface CallMissData {
  call: string;
  target: number;
  uids: readonly string[];
}

/** ``uid`` was in until ``until`` (Unix ms): before the event for who was lost. */
export interface CallLeaveData {
  call: string;
  target: number;
  uid: string;
  until: number;
  reason: LeaveReason;
}

/** Nobody comes in who was not in and is not rung, until it is false. */
export interface CallLockData {
  call: string;
  target: number;
  locked: boolean;
}

/** Nobody is in any more; it lasted from the start to ``until`` (Unix ms). */
export interface CallEndData {
  call: string;
  target: number;
  until: number;
}

/**
 * ``since``: Unix ms of the present stay, or of the ringing. ``stayed``: ms of the stays that
 * are over. ``device`` is where they are in, ``moved`` (Unix ms) since when if they were in from
 * another one before. ``removed``: may not come back by themselves.
 */
export interface CallPerson {
  state: Standing;
  since: number;
  device?: string | null;
  moved?: number | null;
  stayed?: number;
  removed?: boolean;
  hush?: Hush | null;
}

/**
 * A call as of timeline seq ``head``; ``seq`` is that of its start. Times are Unix ms;
 * ``ended`` is null while it lasts. ``topology``: how media go; ``direct`` is from person to
 * person.
 */
export interface Call {
  call: string;
  seq: number;
  head: number;
  by: string;
  started: number;
  people: Readonly<Record<string, CallPerson>>;
  video?: boolean;
  topology?: string;
  locked?: boolean;
  ended?: number | null;
}

export interface ThreadCreateData {
  subject: string;
  history: History;
}

export interface ThreadRenameData {
  subject: string;
}

export interface ThreadHistoryData {
  history: History;
}

/** ``was``: the role before, null for who joins; not there in events of before it was kept. */
export interface MemberSetData {
  uid: string;
  role: Role | null;
  was: Role | null;
}

/** A version of an attachment, that came with a message. */
export interface MessageFile {
  attachment: string;
  key: string;
}

/** A number in a message; ``id`` names it there. */
export interface MessageReference {
  id: string;
  kind: ReferenceKind;
  number: string;
  whose?: string;
}

/**
 * ``mention_names``: of those mentioned, in their order, as they were called then. ``text`` may
 * be empty when there are ``files``, whose events are the ones right before this. ``references``:
 * numbers that the owner's rules found in the text. ``reminder``: its sender had it said then.
 */
export interface MessageData {
  text: string;
  reply_to?: number | null;
  mentions?: readonly string[];
  mention_names?: readonly string[];
  files?: readonly MessageFile[];
  references?: readonly MessageReference[];
  reminder?: boolean;
}

export interface MessageEditData {
  target: number;
  text: string;
  mentions?: readonly string[];
  mention_names?: readonly string[];
  references?: readonly MessageReference[];
}

/** ``target_sender`` wrote the message; ``undo_s`` seconds after the event it is erased. */
export interface MessageDeleteData {
  target: number;
  target_sender: string;
  undo_s: number;
}

/** ``target_sender`` wrote the message. */
export interface MessageUndeleteData {
  target: number;
  target_sender: string;
}

export interface ReactionData {
  target: number;
  emoji: string;
  on: boolean;
}

/**
 * What a document was opened from: version ``number`` of an attachment. ``encoding`` is that of
 * a text, as Python calls it; ``saved``: up to this seq of the document's log it is what the file
 * says; ``notices``: codes of what is in the file that people should know of before they save.
 */
export interface OpenedFile {
  attachment: string;
  number: number;
  format: FileFormat;
  saved: number;
  encoding?: string | null;
  notices?: readonly string[];
}

/** ``file``: it is a live copy of that. */
export interface DocumentCreateData {
  document: string;
  number: number;
  kind: DocumentKind;
  title: string;
  schema_version: number;
  lineage: string;
  language?: string | null;
  line_ends?: LineEnds;
  file?: OpenedFile | null;
}

export interface DocumentRenameData {
  document: string;
  title: string;
}

/**
 * Version ``version`` of its file came in from elsewhere, and ``changes`` of it into a live
 * document, which goes on from version ``number`` now. Where both had changed the same, ``take``
 * says whose stands; ``none``: that version stays beside it, and what came in of it before went
 * out again. ``saved`` as in ``version.add``; ``encoding`` of a text, if that is another now;
 * ``base``: it went on from that before, while the merge can be taken back.
 */
export interface DocumentMergeData {
  document: string;
  attachment: string;
  version: number;
  number: number;
  take: Take;
  changes: number;
  saved: number;
  encoding?: string | null;
  base?: number | null;
}

/**
 * A live document saves itself in the sender's name, a while after its last change; or not any
 * more.
 */
export interface DocumentAutosaveData {
  document: string;
  attachment: string;
  on: boolean;
}

/**
 * Of a file that was made of a live document: up to seq ``saved`` of the document's log it is
 * in it, and ``authors`` have changed it since it was made before. With ``format`` the document is
 * a live copy of the file from now on, of a text in ``encoding``.
 */
export interface MadeFile {
  document: string;
  saved: number;
  authors: readonly string[];
  format?: FileFormat | null;
  encoding?: string | null;
}

/**
 * A file is arriving. ``key`` names this version of it: the id of its upload, or an id of its
 * own. ``size`` bytes; ``type`` is the media type as it was sent. With ``message`` the next
 * message shows it; with ``document`` it is a picture of that. With ``blob`` it was sent on, and
 * is here: version 1.
 */
export interface AttachmentAddData {
  attachment: string;
  key: string;
  name: string;
  size: number;
  type: string;
  message?: boolean;
  document?: string | null;
  blob?: string | null;
  made?: MadeFile | null;
}

/**
 * Another version of an attachment is arriving, under the name of its file. With ``blob`` it
 * is here: ``number`` and ``same`` as in ``version.ready``. With ``document`` it was saved from
 * that: ``authors`` are those whose changes it brings, beside the sender who saved it, and up to
 * seq ``saved`` of the document's log it is in the file, in ``encoding`` if that has changed.
 */
export interface VersionAddData {
  attachment: string;
  key: string;
  name: string;
  size: number;
  type: string;
  message?: boolean;
  blob?: string | null;
  number?: number | null;
  same?: boolean;
  document?: string | null;
  authors?: readonly string[];
  saved?: number | null;
  encoding?: string | null;
  made?: MadeFile | null;
}

/**
 * The bytes of a version are here: ``blob`` names them. It is version ``number`` and the one
 * that is shown now; ``same`` when an earlier version of the attachment has the same bytes, and
 * so this is none of its own. ``target`` is the seq of the event that added it.
 */
export interface VersionReadyData {
  attachment: string;
  key: string;
  target: number;
  number: number;
  blob: string;
  size: number;
  same: boolean;
}

/** Nothing will come of a version; ``reason`` is a stable code. */
export interface VersionFailedData {
  attachment: string;
  key: string;
  target: number;
  reason: string;
}

/** A scanner found malware in a version, by this name of its own: it is served to nobody. */
export interface VersionBlockedData {
  attachment: string;
  key: string;
  target: number;
  finding: string;
}

/** A later look at a blocked version found nothing. */
export interface VersionUnblockedData {
  attachment: string;
  key: string;
  target: number;
}

/** ``target`` is the seq of the event that added the attachment, here and below. */
export interface AttachmentRenameData {
  attachment: string;
  target: number;
  name: string;
}

/**
 * ``undo_s`` seconds after the event its names and bytes are erased.
 *
 * ``message``: the seq of the message that was deleted and took it along.
 */
export interface AttachmentRemoveData {
  attachment: string;
  target: number;
  undo_s: number;
  message?: number | null;
}

export interface AttachmentUnremoveData {
  attachment: string;
  target: number;
}

/** Version ``number`` is the one that is shown now. */
export interface AttachmentRestoreData {
  attachment: string;
  target: number;
  number: number;
}

/**
 * What the file says under ``key`` now; null: nothing any more. Without ``source`` whoever sent
 * it says so. ``target`` is the seq of the event that added the version that was shown.
 */
export interface AttachmentPropertyData {
  attachment: string;
  target: number;
  key: string;
  property: PropertyValue | null;
  source?: Source | null;
}

/**
 * A number of the thread, or of the message ``target``: it is there (``on``) or not, as it was
 * before (``was``). ``id`` names it; ``matter`` is that of the number that it is another name of,
 * or its own. ``rule``: the hub put it there.
 */
export interface ReferenceSetData {
  id: string;
  kind: ReferenceKind;
  number: string;
  on: boolean;
  was: boolean;
  matter: string;
  whose?: string;
  target?: number | null;
  rule?: boolean;
}

export interface _Told {
  told: unknown;
}

export interface CheckpointHead {
  document: string;
  seq: number;
  head: string;
}

export interface CheckpointData {
  documents: readonly CheckpointHead[];
}

/** After authentication. ``session`` names this connection; ``expires_at`` is its end, ms. */
export interface Welcome {
  t: "welcome";
  session: string;
  uid: string;
  server_time: number;
  expires_at: number | null;
  scopes: readonly string[] | null;
  people: number;
  scanning: Scanning;
}

export interface Ok {
  t: "ok";
  re: number;
  result: unknown;
}

export interface ErrorReply {
  t: "error";
  re: number;
  code: string;
  detail: string;
  retry_after_s?: number | null;
}

/** One entry of a thread's timeline. ``at`` is Unix ms, given by the hub at commit. */
export interface TimelineEvent {
  t: "event";
  thread: string;
  seq: number;
  type: EventType;
  sender: string;
  at: number;
  send_id?: string | null;
  data?: unknown;
}

/** To every connection of one user: private, never a receipt. Also the result of mark_read. */
export interface ReadState {
  t: "read";
  thread: string;
  seq: number;
  unread: number;
  mentions: number;
}

/** To every connection of one user: they are reminded of something, until it was seen. */
export interface NoticeFrame {
  t: "notice";
  notice: Notice;
}

/** To every connection of one user: it was seen, or put off. */
export interface NoticeSeen {
  t: "notice_seen";
  notice: string;
}

/**
 * Somebody of this hub came, or their account reads differently; whoever holds all up to here
 * has the people of ``revision``.
 */
export interface Person {
  t: "person";
  uid: string;
  display_name: string;
  addresses: readonly string[];
  is_owner: boolean;
  disabled: boolean;
  revision: number;
}

/** The user's role fell to reader: unsent edits stay a private copy, reload the document. */
export interface Demoted {
  t: "demoted";
  thread: string;
  role: Role;
}

/** The user is no longer a member; the subscription and its documents are closed. */
export interface Removed {
  t: "removed";
  thread: string;
}

/**
 * A connection carries somebody's part in a call, from ``device``, since ``at`` (Unix ms): of
 * two that do, the later one counts. ``mutes``: how often others have muted it.
 */
export interface InCall {
  call: string;
  device: string;
  at: number;
  muted?: boolean;
  camera?: boolean;
  screen?: boolean;
  hand?: boolean;
  mutes?: number;
}

export interface PresenceEntry {
  session: string;
  uid: string;
  state?: "active" | "away";
  document?: string | null;
  call?: InCall | null;
}

/** One connection appeared or changed; ``gone`` when it left. */
export interface Presence {
  t: "presence";
  thread: string;
  entry: PresenceEntry;
  gone: boolean;
}

export interface TypingState {
  t: "typing";
  thread: string;
  uid: string;
  on: boolean;
}

/** So much of an arriving version is here. Passes by; the truth is in the attachments. */
export interface UploadProgress {
  t: "upload";
  thread: string;
  key: string;
  received: number;
  size: number;
}

/**
 * What may be shown of a version. ``parts`` are what can be asked for: ``thumb``, ``view``
 * (where a browser cannot show the file itself), ``pdf`` (of an office document), ``text`` (the
 * start of it when ``truncated``); and, with ``pages``, ``page-1`` to that. ``width`` and
 * ``height`` are a picture's own. ``reason`` says why there is less than the kind could have.
 */
export interface Preview {
  kind: PreviewKind;
  parts: readonly string[];
  width?: number | null;
  height?: number | null;
  pages?: number | null;
  reason?: PreviewReason | null;
  truncated?: boolean;
}

/** A scanner has looked at a version. Passes by; the truth is in the attachments. */
export interface VersionVerdict {
  t: "verdict";
  thread: string;
  key: string;
  verdict: Verdict;
  finding: string | null;
}

/** The preview of a version was made. Passes by; the truth is in the attachments. */
export interface VersionPreview {
  t: "preview";
  thread: string;
  key: string;
  preview: Preview;
}

/**
 * Who owns the Yjs client ids seen in presence; names and colours come from this, never
 * from what a peer claims. Keys are client ids as strings.
 */
export interface CaretOwners {
  t: "caret_owners";
  document: string;
  number: number;
  owners: Readonly<Record<string, string>>;
}

/**
 * The first ``count`` update frames this connection sent for the document are on disk.
 *
 * ``count`` counts sync step 2 and update frames since open_document, accepted or refused.
 * ``all`` is true when everything in the hub's memory at that moment is on disk too.
 */
export interface Durable {
  t: "durable";
  document: string;
  number: number;
  count: number;
  all: boolean;
}

/**
 * The ``count``-th update frame was not taken. With ``again`` it may be later, or when
 * something earlier comes with it: open the document anew with the same copy. Else it never will
 * be: keep its words apart, and begin with a new copy.
 */
export interface Refused {
  t: "refused";
  document: string;
  number: number;
  count: number;
  code: string;
  detail: string;
  again: boolean;
}

/**
 * The document cannot go on so; ``action`` says what to do:
 *
 * - ``open``: it is closed here, open it again (it was loaded anew, or you are out);
 * - ``fetch``: it stays open, but what you lack is too much for the socket: GET
 * /api/documents/{id}/state, apply it, then send a step 1.
 */
export interface DocumentReset {
  t: "document_reset";
  document: string;
  number: number;
  action: "fetch" | "open";
}

export interface SignalFrame {
  t: "signal";
  thread: string;
  from_session: string;
  from_uid: string;
  kind: string;
  payload: unknown;
}

/** Somebody muted you; the microphone is off until you switch it on. */
export interface CallMuted {
  t: "call_muted";
  thread: string;
  call: string;
  by: string;
  mutes: number;
}

/**
 * Whether the hub can save: ``code`` says why it cannot (``database_down``,
 * ``database_read_only``, ``disk_full``, ``database_busy``), null that it can again. Sent when it
 * changes, and after ``welcome`` when it cannot.
 */
export interface Saving {
  t: "saving";
  code: string | null;
}

/** Sent before the hub closes the socket, with the reason in words. */
export interface Closing {
  t: "closing";
  close_code: number;
  code: string;
  detail: string;
}

/**
 * ``head`` is the last seq at this moment; events after ``after`` up to it follow next.
 * ``first`` is the first seq that the user may see (1, or where they joined).
 */
export interface SubscribeResult {
  head: number;
  first: number;
  role: Role;
  presence: readonly PresenceEntry[];
}

/**
 * The event is committed. ``duplicate`` when this send_id had been taken before; ``changed`` is
 * false when everything was so already: no event was written then, ``seq`` is the head.
 */
export interface Accepted {
  seq: number;
  at: number;
  duplicate?: boolean;
  document?: string | null;
  changed?: boolean;
  attachments?: readonly string[];
  entry?: string | null;
  occurrence?: string | null;
}

/**
 * ``mode`` is "read" for readers and for clients with an older schema.
 *
 * ``reset`` = the local copy has another lineage: discard it, do not merge.
 * ``state_bytes`` above 1 MiB: fetch GET /api/documents/{id}/state first, then sync.
 */
export interface OpenResult {
  number: number;
  lineage: string;
  kind: DocumentKind;
  schema_version: number;
  mode: "edit" | "read";
  reset: boolean;
  state_bytes: number;
  owners: Readonly<Record<string, string>>;
}

export interface Leased {
  ids: readonly number[];
}

export interface SignIn {
  address: string;
  password: string;
}

export interface Me {
  uid: string;
  display_name: string;
  addresses: readonly string[];
  is_owner: boolean;
  session: string | null;
  quiet: boolean;
}

export interface PatchMe {
  display_name?: string | null;
  quiet?: boolean | null;
}

export interface ChangePassword {
  old: string;
  new: string;
}

/** What anybody may know of a hub; ``me`` is null for who is not signed in. */
export interface HubInfo {
  name: string;
  needs_owner: boolean;
  version: string;
  me: Me | null;
  session_ended: boolean;
}

export interface SignInSession {
  id: string;
  created_at: number;
  last_seen_at: number;
  expires_at: number;
  user_agent: string;
  current: boolean;
}

/** One person of this hub. Addresses are shown to signed-in colleagues. */
export interface Account {
  uid: string;
  display_name: string;
  addresses: readonly string[];
  is_owner: boolean;
  disabled: boolean;
}

export interface PatchAccount {
  disabled: boolean;
}

/** Invite a colleague to this hub, optionally straight into a thread. */
export interface NewInvitation {
  address?: string | null;
  thread?: string | null;
  role?: Role;
  note?: string;
}

export interface Invitation {
  id: string;
  address: string | null;
  thread: string | null;
  role: Role;
  note: string;
  created_by: string;
  created_at: number;
  expires_at: number;
  state: "expired" | "open" | "revoked" | "used";
}

/** ``link`` is shown once; the secret stands in the fragment, which no server log sees. */
export interface LinkCreated {
  id: string;
  link: string;
  expires_at: number;
}

export interface InspectLink {
  secret: string;
}

export interface LinkInfo {
  kind: LinkKind;
  hub_name: string;
  address: string | null;
  invited_by: string | null;
  thread_subject: string | null;
  expires_at: number;
}

/**
 * first_owner and invitation need display_name and address; reset needs the password only.
 * Answer: LinkAccepted with a session cookie.
 */
export interface AcceptLink {
  secret: string;
  password: string;
  display_name?: string | null;
  address?: string | null;
}

/** Who it is now, and the thread that the link led into; null when into none. */
export interface LinkAccepted {
  uid: string;
  display_name: string;
  addresses: readonly string[];
  is_owner: boolean;
  session: string | null;
  quiet: boolean;
  thread: string | null;
}

export interface JoinLink {
  secret: string;
}

/** ``thread``: where the invitation led; null when only to the hub. */
export interface Joined {
  thread: string | null;
}

export interface NewToken {
  name: string;
  scopes: readonly Scope[];
  expires_in_days?: number | null;
}

export interface Token {
  id: string;
  name: string;
  scopes: readonly string[];
  created_at: number;
  last_used_at: number | null;
  expires_at: number | null;
}

export interface TokenCreated {
  token: string;
  info: Token;
}

/** As WebRTC's RTCIceServer. */
export interface IceServer {
  urls: readonly string[];
  username?: string | null;
  credential?: string | null;
}

/**
 * Servers by which browsers find one another. ``relay_only``: no other way may be used.
 * ``expires_at``: ask again before, for a new connection; null: they do not expire.
 */
export interface Ice {
  servers: readonly IceServer[];
  relay_only: boolean;
  expires_at: number | null;
}

/** ``channels``: whose people are asked in; each gathers one of the references. */
export interface NewThread {
  subject: string;
  members?: readonly string[];
  history?: History;
  send_id?: string | null;
  references?: readonly NewReference[];
  channels?: readonly string[];
}

export interface LastMessage {
  seq: number;
  sender: string;
  at: number;
  excerpt: string;
  files: number;
}

/**
 * A row of the inbox, as of timeline seq ``head``. ``unread`` counts messages of others above
 * ``last_read`` that are not deleted and calls that the user missed since, ``mentions`` those of
 * them that name the user. ``call``: the one that lasts.
 */
export interface ThreadSummary {
  thread: string;
  subject: string;
  head: number;
  role: Role;
  last_read: number;
  unread: number;
  mentions: number;
  updated_at: number;
  last_message: LastMessage | null;
  call: Call | null;
}

export interface Member {
  uid: string;
  display_name: string;
  role: Role;
  since: number;
}

/**
 * The file that a document is: an attachment in its version ``number``, as it was opened or
 * saved last. ``encoding`` is that of a text, as Python calls it.
 */
export interface DocumentFile {
  attachment: string;
  number: number;
  format: FileFormat;
  encoding: string | null;
}

/** ``file``: null when it is none. */
export interface DocumentInfo {
  document: string;
  number: number;
  thread: string;
  kind: DocumentKind;
  title: string;
  schema_version: number;
  lineage: string;
  language: string | null;
  created_by: string;
  created_at: number;
  line_ends: LineEnds;
  file: DocumentFile | null;
}

/** Open version ``number`` of a file, that which is shown without one, as a live document. */
export interface OpenFile {
  number?: number | null;
  send_id?: string | null;
}

/**
 * Save a live document to its file. ``encoding``: the file is written in UTF-8 from now on,
 * because its own encoding has not all of the characters.
 */
export interface SaveDocument {
  encoding?: "utf-8" | null;
  send_id?: string | null;
}

/**
 * Put a live document into its thread as a file of this format (a text: txt, html or pdf),
 * called ``name`` (its title without one), or as the next version of an ``attachment``. It becomes
 * the file's live copy, if it is none yet, the format can be edited and ``live`` is true. Without
 * ``anyway`` a file is refused that cannot show all of the characters.
 */
export interface AttachDocument {
  format: "docx" | "html" | "md" | "odt" | "pdf" | "txt";
  name?: string | null;
  attachment?: string | null;
  live?: boolean;
  anyway?: boolean;
  send_id?: string | null;
}

/**
 * What a live document takes over of the version of its file that the thread shows, and that
 * came from elsewhere: ``all`` when nobody had changed the same, else with ``ours`` or ``theirs``
 * standing there; ``none``: that version stays beside it, now or when it had come in before.
 */
export interface MergeVersion {
  version: number;
  take: Take;
  send_id?: string | null;
}

/** Read the text file of a live document in another encoding than it was taken for. */
export interface ReadAs {
  encoding: Encoding;
  send_id?: string | null;
}

/**
 * ``old`` words become ``new``. A place is told by up to 32 characters ``before`` and ``after``
 * it (fewer only where the text, or the run of words without anything between, begins or ends);
 * of all places that have just these, ``of`` in number, it is the ``nth``, from 0 on.
 */
export interface Replacement {
  old: string;
  new: string;
  before: string;
  after: string;
  nth?: number;
  of?: number;
}

/**
 * ``client``: a leased client id that nothing else is written under, so that whoever asks knows
 * the change when it comes.
 */
export interface ReplaceWords {
  replacements: readonly Replacement[];
  client?: number | null;
}

/** ``count`` of the places were there as they were seen, and say something else now. */
export interface Replaced {
  count: number;
}

/**
 * ``changes`` came in, or went out again; ``conflicts``: nothing did, because in so many places
 * both had changed the same.
 */
export interface Merged {
  changes: number;
  conflicts: number;
}

/** Whether a live document saves itself, a while after its last change. */
export interface PatchFile {
  autosave: boolean;
  send_id?: string | null;
}

/**
 * Version ``number`` of the attachment is what the document said; it came by event ``seq`` at
 * ``at``. ``authors``: whose changes it brought. Not ``changed``: an earlier version says the same
 * (``at`` is null when nothing was written, because nobody had changed anything).
 */
export interface SavedVersion {
  attachment: string;
  number: number;
  seq: number;
  at: number | null;
  changed: boolean;
  authors: readonly string[];
}

/**
 * Version ``number`` of the attachment ``name`` is what the document said; it came by event
 * ``seq`` at ``at``. ``live``: the document is its live copy now. ``authors``: whose changes are
 * in it since it was made before. Not ``changed``: an earlier version says the same.
 */
export interface AttachedFile {
  attachment: string;
  number: number;
  seq: number;
  at: number;
  name: string;
  live: boolean;
  changed: boolean;
  authors: readonly string[];
}

/**
 * How a live document stands to its file, which is called ``name``: version ``number`` is what
 * it goes on from, ``shown`` the one that the thread shows (null: the file is gone). ``unsaved``:
 * it was changed since, by ``authors``. ``waits``: the version that is shown came from elsewhere,
 * and its editors have to say what becomes of it; ``merging``: the hub is looking. ``merged``
 * changes of version ``number`` came in, and can be taken out again. ``autosave``: it saves itself
 * in the name of this member. ``notices``: codes of what is in the file that people should know of
 * before they save (docs/protocol.md).
 */
export interface FileState {
  attachment: string;
  name: string;
  number: number;
  shown: number | null;
  format: FileFormat;
  encoding: string | null;
  unsaved: boolean;
  authors: readonly string[];
  waits: boolean;
  merging: boolean;
  merged: number | null;
  autosave: string | null;
  notices: readonly string[];
}

/**
 * Client ids ``first`` to ``last`` belong to ``uid``: words under them are theirs, but for
 * those that ``Authors.relayed`` names.
 */
export interface ClientIds {
  first: number;
  last: number;
  uid: string;
}

/**
 * Words that ``by`` delivered at ``at`` under a client id of somebody else: it is said, not
 * proven, that they are the owner's. ``length`` counts clocks.
 */
export interface Relayed {
  client: number;
  clock: number;
  length: number;
  by: string;
  at: number;
}

/** Whose the words of a document are. */
export interface Authors {
  ids: readonly ClientIds[];
  relayed: readonly Relayed[];
}

/**
 * Everything of a room but its history, as of timeline seq ``head``. ``entries`` are the tasks
 * that are to be done and the meetings that are neither cancelled nor over; ``more_entries``: not
 * all.
 */
export interface ThreadState {
  summary: ThreadSummary;
  history: History;
  members: readonly Member[];
  former_members: readonly Account[];
  documents: readonly DocumentInfo[];
  references: readonly Reference[];
  entries: readonly Entry[];
  more_entries: boolean;
}

/** As the command ``add_entry``. */
export interface NewEntry {
  kind?: EntryKind;
  title?: string;
  notes?: string;
  place?: string;
  starts?: Moment | null;
  ends?: Moment | null;
  rule?: string | null;
  people?: readonly string[];
  source?: EntrySource | null;
  ical?: string | null;
  send_id?: string | null;
}

/** ``seq``: of the message that the file came with, which what is single is from. */
export interface BringCalendar {
  seq?: number | null;
}

/** As the command ``change_entry``; or, alone, ``done`` as ``finish_entry``. */
export interface PatchEntry {
  occurrence?: string | null;
  base?: number | null;
  title?: string;
  notes?: string;
  place?: string;
  starts?: Moment | null;
  ends?: Moment | null;
  rule?: string | null;
  people?: readonly string[];
  blocked?: string | null;
  state?: EntryState;
  done?: boolean | null;
  send_id?: string | null;
}

/** The thread of what concerns nobody else. */
export interface PersonalThread {
  thread: string;
}

export interface PatchThread {
  subject?: string | null;
  history?: History | null;
  send_id?: string | null;
}

export interface NewMessage {
  text?: string;
  reply_to?: number | null;
  mentions?: readonly string[];
  files?: readonly NewFileCommand[];
  send_id?: string | null;
}

export interface NewAttachment {
  file: NewFileCommand;
  document?: string | null;
  send_id?: string | null;
}

/**
 * A new ``name``, the ``number`` of the version to show, or ``properties`` by their keys, null
 * for those to take away; ``source`` says where all of these were read.
 */
export interface PatchAttachment {
  name?: string | null;
  number?: number | null;
  properties?: Readonly<Record<string, PropertyValue | null>>;
  source?: Source | null;
  send_id?: string | null;
}

/**
 * A version of an attachment. ``key`` names it from the first moment, ``number`` once it is
 * ready. ``same``: its bytes were those of version ``number`` already. ``seq`` and ``at`` are of
 * the event that added it; ``received`` bytes are here. ``verdict`` is what malware scanners said
 * last, with their ``finding``: what is in a blocked one, or why one could not be scanned; null
 * when none has looked yet, or there is none (``scanning`` of ``welcome``). ``preview`` is null
 * until it was made. ``document``: it was saved from that; ``authors`` are those whose changes it
 * brought.
 */
export interface Version {
  key: string;
  seq: number;
  author: string;
  at: number;
  name: string;
  type: string;
  size: number;
  state: VersionState;
  number?: number | null;
  blob?: string | null;
  reason?: string | null;
  received?: number | null;
  verdict?: Verdict | null;
  finding?: string | null;
  preview?: Preview | null;
  document?: string | null;
  authors?: readonly string[];
}

/**
 * What a file says under ``key``, as ``set_by`` said at ``set_at``; ``source`` is where they
 * have it from.
 */
export interface Property {
  key: string;
  property: PropertyValue;
  set_by: string;
  set_at: number;
  source: Source;
}

/**
 * A file of a thread, as it is now: version ``number`` is shown. ``versions`` are those that
 * the reader may see, newest first; in a list only the shown one and what arrives. ``properties``
 * stand in the order of their keys.
 */
export interface Attachment {
  attachment: string;
  thread: string;
  name: string;
  seq: number;
  added_by: string;
  added_at: number;
  number: number | null;
  count: number;
  versions: readonly Version[];
  document?: string | null;
  removed_by?: string | null;
  undo_until?: number | null;
  properties?: readonly Property[];
}

/**
 * As of timeline seq ``head``. ``used`` bytes of ``quota`` (null: no bound) in this thread.
 * ``more``: some were added before these (``before`` = seq of the last).
 */
export interface Attachments {
  attachments: readonly Attachment[];
  head: number;
  used: number;
  quota: number | null;
  more: boolean;
}

/** A lower ``seq`` than before marks unread. */
export interface ReadMark {
  seq: number;
}

export interface NewMember {
  uid: string;
  role?: Role | null;
  send_id?: string | null;
}

export interface NewDocument {
  kind: DocumentKind;
  title: string;
  language?: string | null;
  line_ends?: LineEnds;
  send_id?: string | null;
}

export interface Reaction {
  emoji: string;
  uids: readonly string[];
}

/**
 * One line of the history as it reads now. ``version`` is the seq of the last event that
 * touched it: an event is applied to an item only when its seq is higher.
 *
 * ``type`` is ``message`` or a system line (thread.create, thread.rename, thread.history,
 * member.set, document.create, document.rename, attachment.rename, attachment.remove,
 * attachment.unremove, attachment.restore, attachment.property, version.blocked,
 * version.unblocked, reference.set of a thread, entry.set as an EntryLine, entry.remove) whose
 * ``data`` is the event's body; or call.start, whose ``data`` is the Call as it stands.
 * For messages ``data`` is null and the fields below it count; a deleted one has text null.
 * ``mention_names`` says how those mentioned were called then; ``references`` are numbers in it.
 */
export interface Item {
  seq: number;
  type: EventType;
  sender: string;
  at: number;
  version: number;
  data: unknown;
  text: string | null;
  reply_to: number | null;
  mentions: readonly string[];
  mention_names: readonly string[];
  files: readonly MessageFile[];
  references: readonly Reference[];
  reminder: boolean;
  reactions: readonly Reaction[];
  edited_at: number | null;
  deleted: boolean;
  deleted_by: string | null;
  undo_until: number | null;
}

/**
 * Items in ascending seq, true as of timeline seq ``head``; ``more`` = older ones exist.
 * ``attachments`` and ``entries`` are those that the items speak of, or that came from them.
 */
export interface HistoryPage {
  items: readonly Item[];
  head: number;
  more: boolean;
  attachments: readonly Attachment[];
  entries: readonly Entry[];
}

/** Raw timeline events (``hub.wire.events.Event`` without the tag) in ascending seq. */
export interface EventsPage {
  events: readonly unknown[];
  head: number;
}

/**
 * A message, or with ``attachment`` and ``name`` a file. ``snippet`` is plain text, empty when
 * a file was found by its name or properties alone; ``marks`` are [start, end) offsets in UTF-16
 * code units.
 */
export interface SearchHit {
  thread: string;
  subject: string;
  seq: number;
  sender: string;
  at: number;
  snippet: string;
  marks: readonly (readonly [number, number])[];
  attachment: string | null;
  name: string | null;
}

export interface SearchResult {
  hits: readonly SearchHit[];
  more: boolean;
}

/** Numbers in ``text``; with ``typed`` all of it may be one, or how one begins. */
export interface FindReferences {
  text: string;
  typed?: boolean;
}

/**
 * A thread that has a number: on itself, or (``seq``) on a message. ``match``: it is the
 * ``same`` one; an ``alias``, by which another party knows the same thing; ``alike``, another one
 * that looks like it; or only ``said`` in a message, of no kind then.
 */
export interface ReferencedThread {
  thread: string;
  subject: string;
  number: string;
  match: ReferenceMatch;
  kind?: ReferenceKind | null;
  whose?: string;
  seq?: number | null;
}

/**
 * A number in a text, at [start, end) in UTF-16 code units; of no kind where only its look
 * says so. ``threads`` of those the reader may read, and whether there are ``more``. ``channels``
 * that the reader sees and that gather it. ``applied``: a rule puts it there without asking.
 */
export interface FoundReference {
  number: string;
  start: number;
  end: number;
  threads: readonly ReferencedThread[];
  kind?: ReferenceKind | null;
  whose?: string;
  more?: boolean;
  channels?: readonly string[];
  applied?: boolean;
}

export interface FoundReferences {
  found: readonly FoundReference[];
}

/**
 * A number in message ``seq``, at [start, end) in UTF-16 code units, that is no reference of it
 * or of its thread yet.
 */
export interface ProposedReference {
  seq: number;
  kind: ReferenceKind;
  number: string;
  start: number;
  end: number;
  whose?: string;
}

/**
 * What the latest messages name that is no reference: those that ``looked`` names by their seq.
 * ``channels`` gather the thread, of those that the reader sees. True as of seq ``head``.
 */
export interface ThreadReferences {
  proposed: readonly ProposedReference[];
  looked: readonly number[];
  channels: readonly string[];
  head: number;
}

/**
 * ``pattern`` is of RE2; its first group is the number, without one all of it. ``apply``: what
 * it finds in a message or a subject becomes a reference without asking.
 */
export interface NewReferenceRule {
  kind: ReferenceKind;
  pattern: string;
  whose?: string;
  check?: Check | null;
  apply?: boolean;
}

export interface ReferenceRule {
  rule: string;
  kind: ReferenceKind;
  pattern: string;
  whose: string;
  check: Check | null;
  apply: boolean;
}

/**
 * ``number``: gathers threads that have this one, or with ``prefix`` those that begin so; of
 * one ``kind``, or any. ``open``: everybody of the hub sees it and may join.
 */
export interface NewChannel {
  name: string;
  number: string;
  kind?: ReferenceKind | null;
  prefix?: boolean;
  open?: boolean;
  members?: readonly string[];
}

/** Its people change it; who is not in an open one may ``add`` themselves. */
export interface PatchChannel {
  name?: string | null;
  open?: boolean | null;
  add?: readonly string[];
  remove?: readonly string[];
}

/** ``threads``: those of its threads that the reader may read, latest first, 200 at most. */
export interface Channel {
  channel: string;
  name: string;
  number: string;
  kind: ReferenceKind | null;
  prefix: boolean;
  open: boolean;
  members: readonly string[];
  threads: readonly string[];
}

/** People of a channel into a thread that it gathers. */
export interface AskIn {
  channel: string;
}

/** Who came in by this. */
export interface AskedIn {
  uids: readonly string[];
}

/** For stock Yjs clients: ``/yjs/{document}?ticket=…``; reusable for 10 minutes. */
export interface YjsTicket {
  ticket: string;
  expires_at: number;
}

/** RFC 9457. ``code`` is stable; ``fields`` names what was wrong in a request body. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  retry_after_s?: number | null;
}

export type AnyCommand =
  | AuthCommand
  | PingCommand
  | WatchInboxCommand
  | SubscribeCommand
  | UnsubscribeCommand
  | PostCommand
  | EditCommand
  | DeleteCommand
  | UndeleteCommand
  | ReactCommand
  | RenameCommand
  | SetReferenceCommand
  | SetHistoryCommand
  | SetMemberCommand
  | CreateDocumentCommand
  | RenameDocumentCommand
  | AddAttachmentCommand
  | RenameAttachmentCommand
  | SetPropertyCommand
  | RemoveAttachmentCommand
  | UnremoveAttachmentCommand
  | RestoreVersionCommand
  | AddEntryCommand
  | ChangeEntryCommand
  | ReplaceEntryCommand
  | FinishEntryCommand
  | AnswerEntryCommand
  | RemoveEntryCommand
  | UnremoveEntryCommand
  | MarkReadCommand
  | TypingCommand
  | PresentCommand
  | StartCallCommand
  | JoinCallCommand
  | LeaveCallCommand
  | DeclineCallCommand
  | RingInCallCommand
  | RemoveFromCallCommand
  | LockCallCommand
  | MuteInCallCommand
  | PresentCallCommand
  | OpenDocumentCommand
  | CloseDocumentCommand
  | LeaseClientIdsCommand
  | SignalCommand;

export type AnyFrame =
  | Welcome
  | Ok
  | ErrorReply
  | TimelineEvent
  | ReadState
  | NoticeFrame
  | NoticeSeen
  | Person
  | Demoted
  | Removed
  | Presence
  | TypingState
  | UploadProgress
  | VersionVerdict
  | VersionPreview
  | CaretOwners
  | Durable
  | Refused
  | DocumentReset
  | SignalFrame
  | CallMuted
  | Saving
  | Closing;

/** What each command is answered with. */
export interface Results {
  auth: null;
  ping: null;
  watch_inbox: null;
  subscribe: SubscribeResult;
  unsubscribe: null;
  post: Accepted;
  edit: Accepted;
  delete: Accepted;
  undelete: Accepted;
  react: Accepted;
  rename: Accepted;
  set_reference: Accepted;
  set_history: Accepted;
  set_member: Accepted;
  create_document: Accepted;
  rename_document: Accepted;
  add_attachment: Accepted;
  rename_attachment: Accepted;
  set_property: Accepted;
  remove_attachment: Accepted;
  unremove_attachment: Accepted;
  restore_version: Accepted;
  add_entry: Accepted;
  change_entry: Accepted;
  replace_entry: Accepted;
  finish_entry: Accepted;
  answer_entry: Accepted;
  remove_entry: Accepted;
  unremove_entry: Accepted;
  mark_read: ReadState;
  typing: null;
  present: null;
  call_start: Call;
  call_join: Call;
  call_leave: Call;
  call_decline: Call;
  call_ring: Call;
  call_remove: Call;
  call_lock: Call;
  call_mute: null;
  call_present: InCall;
  open_document: OpenResult;
  close_document: null;
  lease_client_ids: Leased;
  signal: null;
}
