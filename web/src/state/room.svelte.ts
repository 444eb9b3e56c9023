/**
 * One thread as a page shows it: loads it, follows it, sends what the person writes.
 *
 * Load by HTTP, then subscribe after what was loaded: no gap, no duplicate. How events change the
 * thread is `room-model.ts`; this holds the connection's side of it.
 */
import { api } from '../api/client';
import { ApiError, asApiError } from '../wire/error';
import type {
  Accepted,
  Attachment,
  DocumentInfo,
  DocumentKind,
  FileState,
  History,
  HistoryPage,
  Item,
  MemberSetData,
  Merged,
  Presence,
  PresenceEntry,
  ReadState,
  Results,
  Role,
  SavedVersion,
  SubscribeResult,
  Take,
  ThreadState,
  ThreadSummary,
  TimelineEvent,
  TypingState,
  UploadProgress,
  VersionFailedData,
  VersionPreview,
  VersionVerdict,
} from '../wire/generated';
import { newSendId } from '../wire/ids';
import type { CommandBody } from '../wire/live';
import type { OutboxEntry, Sent } from '../wire/outbox';
import { NO_FILES } from './attachments';
import { type Entries, NO_ENTRIES } from './entries';
import type { Item as Upload, UploadQueue } from '../transfer';
import type { DraftIds } from './draft-ids';
import type { Drafts } from './drafts.svelte';
import type { People } from './people.svelte';
import { type FilesAnswer, RoomFiles } from './room-files.svelte';
import { RoomDraft } from './room-draft.svelte';
import * as model from './room-model';
import type { RoomModel } from './room-model';
import type { Attachable, NewDocumentOptions, PendingMessage, ReferenceWish, RoomStatus, RoomStore, SendOptions } from './types';

const PAGE = 60;
const AROUND = 80;
const TYPING_REPEAT_MS = 3_000;
const TYPING_IDLE_MS = 5_000;
const TYPING_EXPIRY_MS = 7_000;
const READ_MS = 250;
const RETRY_MS = 2_000;
/** A large file takes its time. */
const CONVERSION_MS = 90_000;
const KNOWN_MS = 5_000;

export interface RoomEnvironment {
  readonly me: string;
  readonly people: People;
  readonly drafts: Drafts;
  isLive(): boolean;
  /** Whether malware scanners look at files. */
  scans(): boolean;
  command<C extends CommandBody>(command: C): Promise<Results[C['cmd']]>;
  /** A command with a send_id: repeated over a short loss of the connection. */
  commit<C extends CommandBody>(command: C): Promise<Results[C['cmd']]>;
  outbox: {
    entries(): readonly OutboxEntry[];
    add(message: Pick<OutboxEntry, 'sendId' | 'thread' | 'text' | 'replyTo' | 'mentions' | 'files' | 'document'>): void;
    retry(sendId: string): void;
    discard(sendId: string): void;
    confirm(sendId: string): void;
  };
  uploads(): UploadQueue | null;
  loadUploads(): Promise<UploadQueue>;
  draftIds: DraftIds;
  /** Whether somebody looks at the thread in this tab. */
  looking(thread: string, looks: boolean): void;
  /** The row of the inbox, as known here. */
  summary(summary: ThreadSummary): void;
  released(room: Room): void;
  http?: Pick<typeof api, 'get' | 'post' | 'patch'>;
}

export class Room implements RoomStore {
  status: RoomStatus = $state('loading');
  error: ApiError | null = $state.raw(null);
  presence: readonly PresenceEntry[] = $state.raw([]);
  typing: readonly string[] = $state.raw([]);
  loadingOlder = $state(false);
  loadingNewer = $state(false);
  #model: RoomModel | null = $state.raw(null);
  #pending: readonly PendingMessage[] = $state.raw([]);

  readonly state: ThreadState | null = $derived(this.#model?.state ?? null);
  readonly items: readonly Item[] = $derived(this.#model?.items ?? NOTHING);
  readonly files: ReadonlyMap<string, Attachment> = $derived(this.#model?.files ?? NO_FILES);
  readonly entries: Entries = $derived(this.#model?.entries ?? NO_ENTRIES);
  readonly hasOlder: boolean = $derived(this.#model?.hasOlder ?? false);
  readonly hasNewer: boolean = $derived(this.#model?.hasNewer ?? false);
  readonly role: Role | null = $derived(this.#model?.state.summary.role ?? null);
  readonly canWrite: boolean = $derived(this.status === 'ready' && (this.role === 'owner' || this.role === 'editor'));

  readonly fileStore: RoomFiles;
  readonly #draft: RoomDraft;
  users = 0;
  readonly thread: string;
  readonly #environment: RoomEnvironment;
  readonly #http: Pick<typeof api, 'get' | 'post' | 'patch'>;
  #closed = false;

  // Following.
  #following: 'no' | 'asking' | 'yes' = 'no';
  #queue: TimelineEvent[] = [];
  #lastGap = -1;
  /** The connection was away: previews and verdicts may have been missed. */
  #missed = false;
  /** What was missed of the timeline is here with this seq. */
  #caughtUpAt: number | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #loading: Promise<void> | null = null;

  /** Counts how often the whole was read. */
  #readings = 0;

  /** Told of the next change. */
  readonly #changed: (() => void)[] = [];

  // Pages that are being asked for, and what arrived since.
  #asking = 0;
  #meanwhile: TimelineEvent[] = [];

  // Sent, but its event is not here yet.
  readonly #onTheirWay = new Map<string, { entry: OutboxEntry; seq: number }>();
  readonly #arrived = new Set<string>();

  #readMark: number | null = null;
  #readTimer: ReturnType<typeof setTimeout> | undefined;
  #typingSentAt = 0;
  #typingIdle: ReturnType<typeof setTimeout> | undefined;
  readonly #typists = new Map<string, ReturnType<typeof setTimeout>>();
  #present: { state: 'active' | 'away'; document: string | null } | null = null;

  constructor(thread: string, environment: RoomEnvironment) {
    this.thread = thread;
    this.#environment = environment;
    this.#http = environment.http ?? api;
    this.fileStore = new RoomFiles({
      thread,
      http: this.#http,
      ask: (work) => this.#askFiles(work),
      listed: (ids, asOf) => this.#model && this.#set(model.dropErased(this.#model, ids, asOf)),
      commit: (command) => environment.commit(command),
      me: environment.me,
      send: (file, sendId, as) => this.#draft.sendFile(file, sendId, as),
    });
    this.#draft = new RoomDraft({
      thread,
      drafts: environment.drafts,
      draftIds: environment.draftIds,
      outbox: environment.outbox,
      uploads: () => environment.uploads(),
      loadUploads: () => environment.loadUploads(),
      files: () => this.files,
    });
    this.outboxChanged();
    void this.reload();
  }

  // --- loading and following ----------------------------------------------------------------------

  reload(): Promise<void> {
    this.#loading ??= this.#load().finally(() => (this.#loading = null));
    return this.#loading;
  }

  async #load(): Promise<void> {
    // Whoever is out stays so until the hub says otherwise.
    if (this.status === 'error') this.status = 'loading';
    this.error = null;
    try {
      const [state, page] = await Promise.all([
        this.#http.get<ThreadState>(`/api/threads/${this.thread}`),
        this.#http.get<HistoryPage>(`/api/threads/${this.thread}/history?limit=${PAGE}`),
      ]);
      if (this.#closed) return;
      this.#environment.people.learn(state);
      this.#following = 'no';
      this.#set(model.createModel(this.#environment.me, state, page));
      this.#readings++;
      this.fileStore.reset();
      this.status = 'ready';
      void this.#follow();
    } catch (error) {
      if (!this.#closed) this.#notLoaded(asApiError(error));
    }
  }

  #notLoaded(error: ApiError): void {
    this.error = error;
    if (error.status === 404 || error.status === 403) this.status = this.#model ? 'removed' : 'not_found';
    else if (!this.#model) this.status = 'error';
    else if (error.temporary && this.#environment.isLive()) {
      // What is shown may be of before, and nothing else asks again.
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => void this.reload(), (error.retryAfter ?? RETRY_MS / 1000) * 1000);
    }
  }

  /** A fresh connection. */
  connected(): void {
    this.#following = 'no';
    // Who was no member may be one again.
    if (this.status === 'removed' || this.status === 'not_found' || this.status === 'error') void this.reload();
    else if (this.#model) void this.#follow();
  }

  /** The person is a member, of whatever role. */
  admitted(): void {
    // What is being read may be of before.
    if (this.#loading) void this.#loading.then(() => this.admitted());
    else if (this.status === 'removed' || this.status === 'not_found') void this.reload();
  }

  lost(): void {
    this.#following = 'no';
    this.#missed = true;
    this.#caughtUpAt = null;
    clearTimeout(this.#retry);
    this.presence = [];
    for (const uid of this.#typists.keys()) this.#stopsTyping(uid);
  }

  async #follow(): Promise<void> {
    const { isLive, command } = this.#environment;
    if (!this.#model || this.#following !== 'no' || !isLive() || this.#closed || this.status === 'removed') return;
    this.#following = 'asking';
    this.#queue = [];
    try {
      const result = await command({ cmd: 'subscribe', thread: this.thread, after: model.headOf(this.#model) });
      if (!this.#closed) this.#followed(result);
    } catch (error) {
      this.#following = 'no';
      this.#notFollowed(asApiError(error));
    }
  }

  #followed(result: SubscribeResult): void {
    this.#following = 'yes';
    if (this.#missed) this.#caughtUpAt = result.head;
    this.presence = result.presence.map(filled);
    const queue = this.#queue;
    this.#queue = [];
    for (const event of queue.sort((a, b) => a.seq - b.seq)) {
      // What came early by the inbox and does not fit comes again, in its place.
      if (this.#model && event.seq <= model.headOf(this.#model) + 1) this.#take(event);
    }
    this.#askForMissed();
    if (this.#present) this.#sendPresent();
    if (this.#readMark !== null) this.#sendRead();
  }

  /** Once the missed events are here: they bring files, too. */
  #askForMissed(): void {
    if (!this.#model || this.#caughtUpAt === null || model.headOf(this.#model) < this.#caughtUpAt) return;
    this.#missed = false;
    this.#caughtUpAt = null;
    const files = model.filesToAsk(this.#model, this.#environment.scans());
    this.fileStore.catchUp(files).catch(() => undefined); // until the next load
  }

  #notFollowed(error: ApiError): void {
    if (this.#closed || error.code === 'offline') return;
    // What is here is not the hub's (it may have gone back to an older state): read it anew.
    if (error.code === 'after_unknown') void this.reload();
    else if (error.code.endsWith('not_found') || error.code === 'not_member' || error.code === 'forbidden') this.removed();
    else this.#retry = setTimeout(() => void this.#follow(), (error.retryAfter ?? RETRY_MS / 1000) * 1000);
  }

  /** A timeline event of this thread, by subscription or by the inbox. */
  event(event: TimelineEvent): void {
    if (this.#following === 'asking') this.#queue.push(event);
    else if (this.#following === 'yes') this.#take(event);
  }

  #take(event: TimelineEvent): void {
    const before = this.#model;
    if (!before) return;
    if (this.#isAfterGap(before, event)) {
      this.#following = 'no';
      void this.#follow();
      return;
    }
    if (this.#asking > 0) this.#meanwhile.push(event);
    if (event.send_id && event.sender === this.#environment.me) this.#seen(event.send_id);
    if (event.type === 'message') this.#stopsTyping(event.sender);
    const brought = bytesOf(event);
    if (brought > 0) this.fileStore.arrived(event.seq, brought);
    if (event.type === 'version.failed' && event.data) this.#draft.ended((event.data as VersionFailedData).key);
    if (event.type === 'member.set' && event.data) this.#environment.people.need((event.data as MemberSetData).uid);
    this.#set(model.apply(before, event, (uid) => this.#environment.people.get(uid)));
    this.#askForStale();
    this.#askForMissed();
    // The window was wholly of what may not be seen any more.
    if (this.items.length === 0 && this.hasNewer && this.#asking === 0) this.loadLatest().catch(() => undefined);
  }

  /** Events are numbered without gaps; one that is missing is asked for, once. */
  #isAfterGap(before: RoomModel, event: TimelineEvent): boolean {
    const head = Math.max(before.state.summary.head, before.itemsHead);
    if (event.seq <= head + 1 || this.#lastGap === head) return false;
    this.#lastGap = head;
    return true;
  }

  removed(): void {
    this.#following = 'no';
    this.status = this.#model ? 'removed' : 'not_found';
    this.presence = [];
  }

  release(): void {
    if (--this.users <= 0) this.#environment.released(this);
  }

  /** Let go of everything. */
  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.fileStore.end();
    this.#draft.end();
    clearTimeout(this.#retry);
    clearTimeout(this.#typingIdle);
    if (this.#readMark !== null) this.#sendRead();
    for (const timer of this.#typists.values()) clearTimeout(timer);
    if (this.#following !== 'no' && this.#environment.isLive()) {
      this.#environment.command({ cmd: 'unsubscribe', thread: this.thread }).catch(() => undefined);
    }
  }

  #set(next: RoomModel): void {
    const before = this.#model;
    this.#model = next;
    for (const resolve of this.#changed.splice(0)) resolve();
    if (next.state.summary !== before?.state.summary) this.#environment.summary(next.state.summary);
    for (const [sendId, { seq }] of this.#onTheirWay) {
      if (seq <= next.itemsHead) this.#seen(sendId);
    }
  }

  #askForStale(): void {
    const stale = this.#model?.stale;
    if (!this.#model || !stale || (!stale.summary && stale.items.length === 0 && stale.files.length === 0)) return;
    this.#model = model.settled(this.#model);
    if (stale.summary) void this.#refreshSummary();
    for (const seq of stale.items) void this.#refreshItem(seq);
    for (const attachment of stale.files) this.fileStore.loadOne(attachment).catch(() => undefined); // until the next load
  }

  async #refreshSummary(): Promise<void> {
    try {
      const fresh = await this.#http.get<ThreadState>(`/api/threads/${this.thread}`);
      if (this.#model && !this.#closed) this.#set(model.withOpenEntries(model.withSummary(this.#model, fresh.summary), fresh));
    } catch {
      // Counts stay a little off until the next load.
    }
  }

  async #refreshItem(seq: number): Promise<void> {
    const page = await this.#page(`around=${seq}&limit=2`).catch(() => null);
    const found = page?.items.filter((one) => one.seq === seq);
    if (found && this.#model && !this.#closed) this.#set(model.refreshItems(this.#model, found));
  }

  /** Learn of files what is answered, and what came meanwhile. */
  async #askFiles(work: () => Promise<FilesAnswer>): Promise<void> {
    const readings = this.#readings;
    this.#asking++;
    try {
      const { attachments, head } = await work();
      // The thread was read anew meanwhile: the hub may have gone back to before that head.
      if (head !== undefined && readings !== this.#readings) return;
      if (this.#model && !this.#closed) this.#set(model.refreshFiles(this.#model, attachments, this.#meanwhile, head ?? null));
    } finally {
      if (--this.#asking === 0) this.#meanwhile = [];
    }
  }

  // --- the window of the history ------------------------------------------------------------------

  async loadOlder(): Promise<void> {
    const first = this.items[0];
    if (!first || !this.hasOlder || this.loadingOlder) return;
    this.loadingOlder = true;
    try {
      await this.#merge(`before=${first.seq}&limit=${PAGE}`, 'older');
    } finally {
      this.loadingOlder = false;
    }
  }

  async loadNewer(): Promise<void> {
    const last = this.items.at(-1);
    if (!last || !this.hasNewer || this.loadingNewer) return;
    this.loadingNewer = true;
    try {
      // `around` gives half of it before the seq, which we have, and half from it on.
      await this.#merge(`around=${last.seq + 1}&limit=${AROUND}`, 'newer', (page) => from(page, last.seq + 1) < AROUND / 2);
    } finally {
      this.loadingNewer = false;
    }
  }

  async loadAround(seq: number): Promise<boolean> {
    const has = (): boolean => this.items.some((one) => one.seq === seq);
    if (has()) return true;
    if (!this.#model && this.#loading) await this.#loading;
    if (!this.#model) return false;
    if (!has()) await this.#merge(`around=${seq}&limit=${AROUND}`, 'window', (page) => from(page, seq) < AROUND / 2);
    return has();
  }

  async loadLatest(): Promise<void> {
    if (this.hasNewer) await this.#merge(`limit=${PAGE}`, 'window', () => true);
  }

  async #merge(
    query: string,
    placement: model.Placement,
    reachesEnd: (page: HistoryPage) => boolean = () => false,
  ): Promise<void> {
    this.#asking++;
    const window = this.items;
    try {
      const page = await this.#page(query);
      // Another page replaced the window meanwhile: this one does not fit it.
      const fits = placement === 'window' || this.items[0] === window[0] || this.items.at(-1) === window.at(-1);
      if (!this.#model || this.#closed || !fits) return;
      this.#set(model.mergePage(this.#model, page, placement, this.#meanwhile, reachesEnd(page)));
      this.#askForStale();
    } finally {
      if (--this.#asking === 0) this.#meanwhile = [];
    }
  }

  #page(query: string): Promise<HistoryPage> {
    return this.#http.get<HistoryPage>(`/api/threads/${this.thread}/history?${query}`);
  }

  // --- sending ------------------------------------------------------------------------------------

  get pending(): readonly PendingMessage[] {
    return this.#pending;
  }

  get draft(): string {
    return this.#draft.text;
  }

  set draft(text: string) {
    this.#draft.text = text;
  }

  get editDrafts(): ReadonlyMap<number, string> {
    return this.#environment.drafts.edits(this.thread);
  }

  draftEdit(seq: number, text: string | null): void {
    this.#environment.drafts.putEdit(this.thread, seq, text ?? '');
  }

  get attached(): readonly Upload[] {
    return this.#draft.attached;
  }

  attach(files: Attachable | Promise<Attachable>): Promise<void> {
    return this.#draft.attach(files);
  }

  get attaching(): Promise<boolean> | null {
    return this.#draft.attaching;
  }

  send(text: string, options: SendOptions = {}): string {
    const sendId = this.#draft.send(text, options);
    this.setTyping(false);
    return sendId;
  }

  versionOf(upload: Upload): Attachment | null {
    return this.#draft.versionOf(upload);
  }

  namesakeOf(upload: Upload): Attachment | null {
    return this.#draft.namesakeOf(upload);
  }

  uploadOf(key: string): Upload | null {
    return this.#draft.uploadOf(key);
  }

  setApart(upload: string, apart: boolean): void {
    this.#draft.setApart(upload, apart);
  }

  retry(sendId: string): void {
    this.#draft.retryFiles(sendId);
    this.#environment.outbox.retry(sendId);
  }

  discard(sendId: string): void {
    this.#environment.outbox.discard(sendId);
    this.#draft.cancelFiles(sendId);
  }

  async takeBack(sendId: string): Promise<boolean> {
    const { outbox } = this.#environment;
    const waiting = (): OutboxEntry | undefined => outbox.entries().find((one) => one.sendId === sendId && one.status !== 'sending');
    const entry = waiting();
    let taken = false;
    const take = (): boolean => {
      taken = waiting() !== undefined;
      if (taken) outbox.discard(sendId);
      return taken;
    };
    if (entry) await this.#draft.takeBack(entry, take);
    return taken;
  }

  outboxChanged(): void {
    const waiting = this.#environment.outbox.entries().filter((one) => one.thread === this.thread);
    const known = new Set(waiting.map((one) => one.sendId));
    const sent = [...this.#onTheirWay.values()].map((one) => one.entry).filter((one) => !known.has(one.sendId));
    // A picture shows in its document; one that the hub refused has to be told of.
    const told = [...sent, ...waiting].filter((one) => one.document === undefined || one.status === 'failed');
    const pending = told.filter((one) => !this.#arrived.has(one.sendId)).map(pendingOf);
    if (pending.length > 0 || this.#pending.length > 0) this.#pending = pending;
  }

  /** The hub has a message: it stays visible as pending until its event is here. */
  sent(sent: Sent): void {
    const entry = this.#environment.outbox.entries().find((one) => one.sendId === sent.sendId);
    const here = this.#arrived.has(sent.sendId) || (this.#model && sent.seq <= this.#model.itemsHead);
    if (entry && !here && this.#following !== 'no') this.#onTheirWay.set(sent.sendId, { entry, seq: sent.seq });
  }

  #seen(sendId: string): void {
    this.#arrived.add(sendId);
    this.#onTheirWay.delete(sendId);
    this.#environment.outbox.confirm(sendId);
    this.outboxChanged();
    this.#draft.releaseFiles(sendId);
  }

  async edit(seq: number, text: string, mentions: readonly string[] = []): Promise<void> {
    await this.#commit({ cmd: 'edit', target: seq, text, mentions });
    if (this.editDrafts.get(seq)?.trim() === text) this.draftEdit(seq, null);
  }

  async remove(seq: number): Promise<void> {
    await this.#commit({ cmd: 'delete', target: seq });
  }

  async undoRemove(seq: number): Promise<void> {
    await this.#commit({ cmd: 'undelete', target: seq });
  }

  async react(seq: number, emoji: string, on: boolean): Promise<void> {
    await this.#commit({ cmd: 'react', target: seq, emoji, on });
  }

  async rename(subject: string): Promise<void> {
    await this.#commit({ cmd: 'rename', subject });
  }

  async setHistory(history: History): Promise<void> {
    await this.#commit({ cmd: 'set_history', history });
  }

  async setReference(wish: ReferenceWish): Promise<void> {
    await this.#commit({ cmd: 'set_reference', ...wish });
  }

  async setMember(uid: string, role: Role | null): Promise<void> {
    await this.#commit({ cmd: 'set_member', uid, role });
  }

  leave(): Promise<void> {
    return this.setMember(this.#environment.me, null);
  }

  async createDocument(kind: DocumentKind, title: string, { language = null, lineEnds = 'lf' }: NewDocumentOptions = {}): Promise<DocumentInfo> {
    const { document } = await this.#commit({ cmd: 'create_document', kind, title, language, line_ends: lineEnds });
    const known = this.state?.documents.find((one) => one.document === document);
    return known ?? this.#http.get<DocumentInfo>(`/api/documents/${document}`);
  }

  async openFile(attachment: string, number: number | null = null): Promise<DocumentInfo> {
    const info = await this.#http.post<DocumentInfo>(`/api/attachments/${attachment}/open`, { number, send_id: newSendId() }, { timeoutMs: CONVERSION_MS });
    await this.#untilKnown(info.document);
    return info;
  }

  /** Until the event that made a document is here, which it is in a moment. */
  async #untilKnown(document: string): Promise<void> {
    const until = Date.now() + KNOWN_MS;
    while (!this.state?.documents.some((one) => one.document === document) && Date.now() < until && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#changed.push(resolve);
        setTimeout(resolve, KNOWN_MS);
      });
    }
  }

  saveDocument(document: string, { encoding = null }: { encoding?: 'utf-8' | null } = {}): Promise<SavedVersion> {
    return this.#http.post<SavedVersion>(`/api/documents/${document}/save`, { encoding, send_id: newSendId() }, { timeoutMs: CONVERSION_MS });
  }

  mergeVersion(document: string, version: number, take: Take): Promise<Merged> {
    return this.#http.post<Merged>(`/api/documents/${document}/merge`, { version, take, send_id: newSendId() }, { timeoutMs: CONVERSION_MS });
  }

  setAutosave(document: string, on: boolean): Promise<FileState> {
    return this.#http.patch<FileState>(`/api/documents/${document}/file`, { autosave: on, send_id: newSendId() });
  }

  fileState(document: string): Promise<FileState> {
    return this.#http.get<FileState>(`/api/documents/${document}/file`);
  }

  async renameDocument(document: string, title: string): Promise<void> {
    await this.#commit({ cmd: 'rename_document', document, title });
  }

  async #commit(body: Unaddressed): Promise<Accepted> {
    const command = { ...body, thread: this.thread, send_id: newSendId() } as CommandBody;
    return (await this.#environment.commit(command)) as Accepted;
  }

  // --- read marks ---------------------------------------------------------------------------------

  markRead(seq: number): void {
    const current = this.#model;
    if (!current || seq === current.state.summary.last_read) return;
    this.#readMark = seq;
    this.#set(model.applyLocalRead(current, seq));
    clearTimeout(this.#readTimer);
    this.#readTimer = setTimeout(() => this.#sendRead(), READ_MS);
  }

  /** The page may go: say what has been read. */
  flush(): void {
    if (this.#readMark !== null) this.#sendRead();
  }

  #sendRead(): void {
    clearTimeout(this.#readTimer);
    const seq = this.#readMark;
    if (seq === null || !this.#environment.isLive()) return; // sent after the next subscribe
    this.#environment
      .command({ cmd: 'mark_read', thread: this.thread, seq })
      .then((read) => {
        if (this.#readMark !== seq) return;
        this.#readMark = null;
        this.read(read);
      })
      .catch(() => undefined);
  }

  /** The hub's word on the marker, also when another tab moved it. */
  read(read: ReadState): void {
    if (this.#model && this.#readMark === null) this.#set(model.applyRead(this.#model, read));
  }

  // --- typing and presence ------------------------------------------------------------------------

  setTyping(on: boolean): void {
    clearTimeout(this.#typingIdle);
    const now = Date.now();
    if (on) {
      this.#typingIdle = setTimeout(() => this.setTyping(false), TYPING_IDLE_MS);
      if (now - this.#typingSentAt < TYPING_REPEAT_MS) return;
    } else if (this.#typingSentAt === 0) {
      return;
    }
    this.#typingSentAt = on ? now : 0;
    if (this.#following === 'yes') {
      this.#environment.command({ cmd: 'typing', thread: this.thread, on }).catch(() => undefined);
    }
  }

  setPresent(state: 'active' | 'away', document: string | null = null): void {
    if (this.#present?.state === state && this.#present.document === document) return;
    this.#present = { state, document };
    this.#environment.looking(this.thread, state === 'active');
    this.#sendPresent();
  }

  #sendPresent(): void {
    if (this.#following !== 'yes' || !this.#present) return;
    this.#environment.command({ cmd: 'present', thread: this.thread, ...this.#present }).catch(() => undefined);
  }

  presenceChanged(frame: Presence): void {
    if (this.#following !== 'yes') return;
    const others = this.presence.filter((one) => one.session !== frame.entry.session);
    this.presence = frame.gone ? others : [...others, filled(frame.entry)];
    if (frame.gone && !others.some((one) => one.uid === frame.entry.uid)) this.#stopsTyping(frame.entry.uid);
  }

  uploadMoved(frame: UploadProgress): void {
    if (this.#model) this.#set(model.applyProgress(this.#model, frame.key, frame.received));
  }

  noted(frame: VersionVerdict | VersionPreview): void {
    if (this.#model) this.#set(model.applyNote(this.#model, frame));
  }

  typingChanged(frame: TypingState): void {
    if (frame.uid === this.#environment.me) return;
    if (!frame.on) {
      this.#stopsTyping(frame.uid);
      return;
    }
    clearTimeout(this.#typists.get(frame.uid));
    this.#typists.set(
      frame.uid,
      setTimeout(() => this.#stopsTyping(frame.uid), TYPING_EXPIRY_MS),
    );
    this.typing = [...this.#typists.keys()];
  }

  #stopsTyping(uid: string): void {
    const timer = this.#typists.get(uid);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#typists.delete(uid);
    this.typing = [...this.#typists.keys()];
  }
}

/** Bytes that a thread has more of with an event. */
function bytesOf({ type, data }: TimelineEvent): number {
  if (!data || (type !== 'version.ready' && type !== 'attachment.add' && type !== 'version.add')) return 0;
  const { blob, size, same } = data as { blob?: string | null; size: number; same?: boolean };
  return blob == null || same ? 0 : size;
}

const NOTHING: readonly Item[] = Object.freeze([]);

type Unaddressed = CommandBody extends infer C
  ? C extends { thread: string; send_id: string }
    ? Omit<C, 'thread' | 'send_id'>
    : never
  : never;

function filled(entry: PresenceEntry): PresenceEntry {
  return { ...entry, state: entry.state ?? 'active', document: entry.document ?? null };
}

function from(page: HistoryPage, seq: number): number {
  return page.items.filter((one) => one.seq >= seq).length;
}

function pendingOf(entry: OutboxEntry): PendingMessage {
  return {
    sendId: entry.sendId,
    text: entry.text,
    replyTo: entry.replyTo,
    mentions: entry.mentions,
    files: entry.files?.map((one) => one.name) ?? [],
    status: entry.status,
    error: entry.error ? new ApiError(entry.error.code, entry.error.detail) : null,
    at: entry.at,
  };
}
