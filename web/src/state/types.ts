/**
 * The reactive state of the client as its parts see it.
 *
 * Every field read in a component or an effect is tracked (Svelte 5 runes inside). Arrays and maps
 * are never changed in place: a change is a new object. Promises reject with ApiError.
 */
import type { Erases } from '../lib/local-store';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';

import type { Item as Upload, Picked, UploadQueue } from '../transfer';
import type { CurrentCall } from '../calls/current.svelte';
import type { Entry as CallEntry } from '../calls/entry.svelte';
import type { ApiError } from '../wire/error';
import type { CommandBody } from '../wire/live';
import type { KeptWords } from './kept-words';
import type {
  Account,
  Attachment,
  Call,
  DocumentInfo,
  DocumentKind,
  Entry,
  FileState,
  History,
  Item,
  LineEnds,
  Me,
  Merged,
  NewThread,
  Notice,
  PresenceEntry,
  PropertyValue,
  Replacement,
  Results,
  Role,
  SavedVersion,
  SetReferenceCommand,
  Take,
  ThreadState,
  ThreadSummary,
  TimelineEvent,
  Welcome,
} from '../wire/generated';

export type ConnectionStatus =
  /** The first attempt. */
  | 'connecting'
  | 'live'
  /** Lost a moment ago; trying. */
  | 'reconnecting'
  /** Lost for longer, or the browser says there is no network; still trying. */
  | 'offline'
  /** The hub asked to wait. */
  | 'busy'
  /** The sign-in ended; nothing is tried any more. */
  | 'signed_out'
  /** The hub refused this client for another reason (`detail` says which). */
  | 'stopped';

export interface Connection {
  readonly status: ConnectionStatus;
  /** Unix ms of the next attempt. */
  readonly retryAt: number | null;
  readonly detail: string | null;
}

export interface HubState {
  readonly me: Me;
  readonly connection: Connection;
  /** Why the hub cannot save at present, by its code; null: it can. */
  readonly cannotSave: string | null;
  /** Whether malware scanners look at files; with `hold` nobody gets one before. */
  readonly scanning: Welcome['scanning'];
  readonly people: PeopleStore;
  readonly inbox: InboxStore;
  readonly notifications: NotificationSettings;
  readonly calls: CallsStore;
  /** Of tasks. Whoever looks at it imports `state/ticks` (for its side effect): it is not in the first chunk. */
  readonly ticks: TicksStore;
  /** Reminders that are due and were not seen. */
  readonly notices: { readonly list: readonly Notice[]; gone(notice: string): void };
  /** The store of a thread, shared in this tab. Call `release()` once for each `room()`. */
  room(thread: string): RoomStore;
  /**
   * The session of a document, shared in this tab. Call `close()` once for each `document()`.
   *
   * Yjs is not in the first chunk: a module that calls this imports `state/documents` (for its side
   * effect), so that whoever shows documents loads it.
   */
  document(info: DocumentInfo): DocumentSession;
  /** The files that this person sends; null until something is sent or goes on. */
  readonly uploads: UploadQueue | null;
  /** The purpose of uploads that belong to the message that is being written in a thread. */
  draftOf(thread: string): string;
  /** What this tab shows; the browser's title is this, behind the count of unread messages. */
  title: string;
  /** Try to connect now (a "Retry now" button). */
  reconnect(): void;
  /** After PATCH /api/me. */
  setMe(me: Me): void;
  /**
   * Opaque message to one live connection that shares the thread (calls, transfers).
   */
  signal(thread: string, toSession: string, kind: string, payload: unknown): Promise<void>;
  /** Hear addressed messages of others; returns the way to stop. */
  onSignal(handler: (message: SignalMessage) => void): () => void;
  /** Have the hub carry out a command that has a send_id, also over a short loss of the connection. */
  commit<C extends CommandBody>(command: C): Promise<Results[C['cmd']]>;
  /** Hear the events of all threads as they come; null: some may have been missed. Returns the way to stop. */
  onEvent(handler: (event: TimelineEvent | null) => void): () => void;
  /** Changes that are only in this browser so far: messages, ticks and document edits. */
  readonly unsent: number;
  /** False: this browser does not take what is written; it is in this page only. */
  readonly keeps: boolean;
  /** What is in this browser and not on the hub, of all tabs. */
  keptWords(): Promise<KeptWords>;
  /** End everything of this tab; whoever shows it lets go before. `erase`: at a sign-out. */
  close(options?: { erase?: Erases }): Promise<void>;
}

/** A task that this person ticked off (or opened again), as it was on the screen. */
export interface Tick {
  readonly sendId: string;
  readonly thread: string;
  readonly entry: string;
  readonly title: string;
  readonly seq: number;
  readonly done: boolean;
  /** Of a series: which moment; or the current one that was seen. */
  readonly occurrence: string | null;
  readonly seen: string | null;
  readonly at: number;
}

export interface TicksStore {
  /**
   * What this person made of it, where it does not say so itself yet. `waits`: the hub does not know;
   * `stuck`: it was asked, and cannot now.
   */
  of(entry: Pick<Entry, 'entry' | 'seq'>): { readonly done: boolean; readonly waits: boolean; readonly stuck: boolean } | null;
  /** Null: the opposite waited, and is taken back. */
  set(entry: Entry, done: boolean): Tick | null;
  /** As if it had not been; nothing when it changed nothing. */
  undo(tick: Tick): void;
}

export interface SignalMessage {
  readonly thread: string;
  readonly from_session: string;
  readonly from_uid: string;
  readonly kind: string;
  readonly payload: unknown;
}

/** A call that rings for this person. */
export interface Ring {
  readonly thread: string;
  readonly subject: string;
  readonly call: Call;
  /** Not where the person is in another call. */
  readonly aloud: boolean;
}

export interface CallsStore {
  readonly rings: readonly Ring[];
  /** The call that this page is in. */
  readonly current: CurrentCall | null;
  /** The person looks at themselves before they go in. */
  readonly entry: CallEntry | null;
  /** The last one that is over; why is in it. */
  readonly ended: CurrentCall | null;
  /** The part of the client that makes calls is being loaded. */
  readonly opening: boolean;
  /**
   * Begin a call in a thread, or come into the one that lasts. `answer`: at once, without a look before; to
   * `call`, if it still lasts. `byLink`: the person did nothing on this page yet, so no device is opened.
   *
   * @throws ApiError `unreachable`, `unsupported`. What the hub refuses is said by `entry`.
   */
  open(thread: string, options?: { call?: string | null; answer?: boolean; video?: boolean; byLink?: boolean }): Promise<void>;
  decline(ring: Ring): Promise<void>;
  /** It rings no more on this page, and goes on elsewhere. */
  silence(ring: Ring): void;
  dismissEnded(): void;
}

export interface PeopleStore {
  readonly all: readonly Account[];
  readonly loaded: boolean;
  get(uid: string): Account | undefined;
  /** The display name, or a word for somebody unknown. */
  name(uid: string): string;
  refresh(): Promise<void>;
}

export interface InboxStore {
  /** Latest first. */
  readonly threads: readonly ThreadSummary[];
  readonly loaded: boolean;
  readonly error: ApiError | null;
  readonly totalUnread: number;
  readonly totalMentions: number;
  /** Threads with a draft that was not sent. */
  readonly drafts: ReadonlySet<string>;
  get(thread: string): ThreadSummary | undefined;
  refresh(): Promise<void>;
  /** Makes a thread and answers its id. */
  create(thread: NewThread): Promise<string>;
}

export type FilesStatus = 'none' | 'loading' | 'ready' | 'error';

export interface FilesStore {
  /** Of the list of all: `ready` once the last page is here; `none` again when the thread was read anew. */
  readonly status: FilesStatus;
  readonly error: ApiError | null;
  /** Bytes in this thread, and how many there may be. */
  readonly used: number;
  readonly quota: number | null;
  /** Have all files of the thread, page by page; again to catch up. Does not reject: `status` tells. */
  load(): Promise<void>;
  /** Have a file with all of its versions. */
  loadOne(attachment: string): Promise<void>;
  rename(attachment: string, name: string): Promise<void>;
  remove(attachment: string): Promise<void>;
  undoRemove(attachment: string): Promise<void>;
  /** Show another version. */
  restore(attachment: string, number: number): Promise<void>;
  /** Null takes it away. */
  setProperty(attachment: string, key: string, property: PropertyValue | null): Promise<void>;
  /** Send another version, in a message without words. */
  addVersion(attachment: string, file: File): Promise<void>;
  /** Send a picture of a document. Resolves with the id of its attachment, perhaps long before the hub has it. */
  addPicture(document: string, file: File): Promise<string>;
  /** Find out about one that nothing is known of, once: when it is not there, an event tells that it comes. */
  learn(attachment: string): void;
  /** Where a picture that this page sent can be looked at. */
  localOf(attachment: string): string | null;
  /** Send a version to another thread; no bytes move. Again under the same id it is the same message. */
  sendOn(attachment: string, number: number, thread: string, sendId: string): Promise<void>;
}

export type RoomStatus = 'loading' | 'ready' | 'not_found' | 'removed' | 'error';

export interface PendingMessage {
  readonly sendId: string;
  readonly text: string;
  readonly replyTo: number | null;
  readonly mentions: readonly string[];
  /** Names of the files that are sent with it. */
  readonly files: readonly string[];
  /** `queued`: waits for the connection; `failed`: the hub refused it, `error` says why. */
  readonly status: 'queued' | 'sending' | 'failed';
  readonly error: ApiError | null;
  readonly at: number;
}

export interface SendOptions {
  replyTo?: number | null;
  mentions?: readonly string[];
}

export type Attachable = readonly (File | Picked)[];

export type ReferenceWish = Omit<SetReferenceCommand, 'cmd' | 'id' | 'thread' | 'send_id'>;

export interface NewDocumentOptions {
  /** Of plain text: what colours it; by its name when left out. */
  readonly language?: string | null;
  /** Of plain text: how its lines end in an export. */
  readonly lineEnds?: LineEnds;
}

export interface RoomStore {
  readonly thread: string;
  readonly status: RoomStatus;
  readonly error: ApiError | null;
  readonly state: ThreadState | null;
  /** The role of this user; null while loading. */
  readonly role: Role | null;
  readonly canWrite: boolean;
  /** Ascending seq, frozen, without gaps. */
  readonly items: readonly Item[];
  /** The attachments that the items speak of, by id. */
  readonly files: ReadonlyMap<string, Attachment>;
  /** Tasks and meetings that are open or that the items speak of, by id. */
  readonly entries: ReadonlyMap<string, Entry>;
  readonly pending: readonly PendingMessage[];
  /** Live connections in the room, this one included. */
  readonly presence: readonly PresenceEntry[];
  /** Uids of others who type. */
  readonly typing: readonly string[];
  readonly hasOlder: boolean;
  /** The window shows an older part (after `loadAround`); new messages are not appended to it. */
  readonly hasNewer: boolean;
  readonly loadingOlder: boolean;
  readonly loadingNewer: boolean;
  /** Kept in this browser; setting it stores it. */
  draft: string;
  /** Files that go with the next message, on their way to the hub already. */
  readonly attached: readonly Upload[];
  /** Send files with the next message. */
  attach(files: Attachable | Promise<Attachable>): Promise<void>;
  /** Files that were chosen are not there yet: what is sent waits for them. False: some could not be taken. */
  readonly attaching: Promise<boolean> | null;
  /** What this browser sends of a version that arrives, by its key. */
  uploadOf(key: string): Upload | null;
  /** The file of which something attached is a new version: its namesake, unless it is set apart. */
  versionOf(upload: Upload): Attachment | null;
  /** The latest file of the thread that is called the same, of those that are known. */
  namesakeOf(upload: Upload): Attachment | null;
  /** Whether an upload is a file of its own in any case. */
  setApart(upload: string, apart: boolean): void;
  /** All files of the thread, and what can be done with one. */
  readonly fileStore: FilesStore;
  /** Changed texts of messages that were not saved, by seq. */
  readonly editDrafts: ReadonlyMap<number, string>;
  /** Keep a changed text; null forgets it. */
  draftEdit(seq: number, text: string | null): void;
  loadOlder(): Promise<void>;
  loadNewer(): Promise<void>;
  /** Make the window hold `seq`; true when the item exists. */
  loadAround(seq: number): Promise<boolean>;
  /** Back to the newest part. */
  loadLatest(): Promise<void>;
  /** Queue a message; it is shown in `pending` at once. Returns its send id. */
  send(text: string, options?: SendOptions): string;
  retry(sendId: string): void;
  /** Forget a message that was not sent, and its files. */
  discard(sendId: string): void;
  /** The same, to write it again: its files are files of the draft. False: it is being sent, or gone. */
  takeBack(sendId: string): Promise<boolean>;
  edit(seq: number, text: string, mentions?: readonly string[]): Promise<void>;
  remove(seq: number): Promise<void>;
  undoRemove(seq: number): Promise<void>;
  react(seq: number, emoji: string, on: boolean): Promise<void>;
  /** Everything up to `seq` is read; a lower one marks unread. */
  markRead(seq: number): void;
  setTyping(on: boolean): void;
  setPresent(state: 'active' | 'away', document?: string | null): void;
  rename(subject: string): Promise<void>;
  setHistory(history: History): Promise<void>;
  /** Put a number on the thread, or on a message, or take it away. */
  setReference(wish: ReferenceWish): Promise<void>;
  /** `role` null removes. */
  setMember(uid: string, role: Role | null): Promise<void>;
  leave(): Promise<void>;
  createDocument(kind: DocumentKind, title: string, options?: NewDocumentOptions): Promise<DocumentInfo>;
  renameDocument(document: string, title: string): Promise<void>;
  /** The live document of a version of a file, that which is shown without a number; resolves when it is among the documents. */
  openFile(attachment: string, number?: number | null): Promise<DocumentInfo>;
  /** Save a live document to its file. */
  saveDocument(document: string, options?: { encoding?: 'utf-8' | null }): Promise<SavedVersion>;
  /** What a live document takes over of a version of its file that came from elsewhere. */
  mergeVersion(document: string, version: number, take: Take): Promise<Merged>;
  /** Have a live document save itself a while after its last change, or not. */
  setAutosave(document: string, on: boolean): Promise<FileState>;
  /** How a live document stands to its file. */
  fileState(document: string): Promise<FileState>;
  /** Load again after `status` = error. */
  reload(): Promise<void>;
  release(): void;
}

export type SyncState = 'loading' | 'saved' | 'sending' | 'offline' | 'error';

/** Why a document cannot be edited here. */
export type ReadReason =
  | 'role'
  /** The document was made by a newer client: reload the page. */
  | 'schema'
  /** Offline with no author id left for this document: connect once. */
  | 'no_author_id';

/**
 * Why words are kept apart: the hub did not take them; somebody deleted the place where they stood; or
 * they are somebody else's, in a place that this person deleted without seeing them.
 */
export type PrivateKind = 'refused' | 'deleted' | 'theirs';

export interface PrivateCopy {
  readonly kind: PrivateKind;
  /** So many changes the hub did not take; 0 when it took all. */
  readonly count: number;
  /** The text of the document with the refused changes, as the person last saw it; or the deleted words. */
  readonly text: string;
}

export interface DocumentSession {
  readonly info: DocumentInfo;
  /**
   * Counts up whenever `doc` and `awareness` are replaced: key the editor by it.
   * `{#key session.generation}`
   */
  readonly generation: number;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  /** There is something to show: the local copy, or the hub's. */
  readonly loaded: boolean;
  /** Resolves with `loaded`; rejects with the ApiError of a document that cannot be opened. */
  readonly ready: Promise<void>;
  readonly sync: SyncState;
  readonly error: ApiError | null;
  /** Local changes that are not on the hub's disk yet, including those of earlier visits. */
  readonly unsent: number;
  readonly mode: 'edit' | 'read';
  readonly readReason: ReadReason | null;
  /** Yjs client id to uid. Take caret names and colours from here only. */
  readonly owners: ReadonlyMap<number, string>;
  readonly privateCopies: readonly PrivateCopy[];
  dismissPrivateCopy(copy: PrivateCopy): void;
  /** Try again after `sync` = error. */
  retry(): void;
  /** Until all that was changed here is on the hub's disk; rejects with an ApiError when that takes too long. */
  settled(): Promise<void>;
  /**
   * Have the hub replace words, each of those that are there as they were seen; how many were. The change
   * comes with the origin `REPLACED`, so that it can be undone.
   */
  replace(replacements: readonly Replacement[]): Promise<number>;
  close(): void;
}

export interface NotificationSettings {
  /** Messages that notify while the page is not looked at. */
  desktop: 'off' | 'mentions' | 'all';
  sound: boolean;
  /** The browser's permission; `unsupported` without the API. */
  readonly permission: NotificationPermission | 'unsupported';
  /** Ring, aloud and as a notification where the person allows it; returns the way to stop. One tab does it for all. */
  ring(what: { thread: string; title: string; body: string }): () => void;
  /** Ask the browser; call it from a click. */
  requestPermission(): Promise<void>;
}

/** A message of somebody else that just arrived, for notifications. */
export interface Arrival {
  readonly event: TimelineEvent;
  readonly summary: ThreadSummary;
  readonly mentioned: boolean;
}
