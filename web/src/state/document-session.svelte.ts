/**
 * One document in one tab: a Y.Doc kept in step with the hub and with this browser's store.
 *
 * The hub is the only one who creates content of its own accord; this never seeds a document. A
 * local edit is shown at once, kept here, sent, and counted until the hub says it is on disk. What
 * the hub refuses becomes a private copy, never silence.
 *
 * Source: DESIGN section 6; hub/wire/events.py.
 */
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import * as Y from 'yjs';

import { api as http } from '../api/client';
import type { LocalStore } from '../lib/local-store';
import { ApiError, asApiError } from '../wire/error';
import {
  AWARENESS,
  STEP1,
  STEP2,
  UPDATE,
  decodeFrame,
  decodeSync,
  encodeAwareness,
  encodeSync,
  type Subtype,
} from '../wire/frames';
import type { CaretOwners, DocumentInfo, DocumentReset, Durable, OpenResult, Refused, Replaced, Replacement, Results, Role } from '../wire/generated';
import type { CommandBody } from '../wire/live';
import type { AuthorIds } from './author-ids';
import { documentText } from './document-text';
import { LocalCopy } from './local-copy';
import { PrivateCopies } from './private-copies.svelte';
import { isBy, REPLACED } from './replaced';
import { meet } from './rescue';
import type { DocumentSession, PrivateCopy, ReadReason, SyncState } from './types';
import { UnsentLog } from './unsent-log';
import { covers } from './updates';

/** What this client's editors understand; above it the hub lets us read only. */
export const SCHEMA_VERSION = 2;
const FETCH_BYTES = 1024 * 1024;
const MAX_FRAME_BYTES = 4 * 1024 * 1024 - 64;
const AWARENESS_MS = 100;
const AWARENESS_BYTES = 4096;
const SETTLED_MS = 10_000;
const REOPEN_MS = 500;
const MAX_REOPEN_MS = 10_000;

/** What a session needs of the rest. */
export interface SessionEnvironment {
  readonly uid: string;
  readonly store: LocalStore;
  readonly ids: AuthorIds;
  isLive(): boolean;
  command<C extends CommandBody>(command: C): Promise<Results[C['cmd']]>;
  sendBinary(frame: Uint8Array<ArrayBuffer>): boolean;
  /** Nobody uses the session any more. */
  ended(session: Session): void;
  fetchState?(document: string): Promise<Uint8Array>;
}

/** What is remembered of a document for the next visit. */
interface Remembered {
  lineage: string;
  /** Counts up when the local copy was thrown away: another tab may still write the old one. */
  epoch: number;
  mode: 'edit' | 'read';
}

/** An update frame on its way: what is durable once it is. */
interface Receipt {
  readonly count: number;
  readonly upTo: number;
  readonly adopted: boolean;
}

export class Session implements DocumentSession {
  info: DocumentInfo = $state.raw() as DocumentInfo;
  generation = $state(0);
  doc: Y.Doc = $state.raw() as Y.Doc;
  awareness: Awareness = $state.raw() as Awareness;
  loaded = $state(false);
  unsent = $state(0);
  error: ApiError | null = $state.raw(null);
  owners: ReadonlyMap<number, string> = $state.raw(new Map());
  readonly ready: Promise<void>;

  #live = $state(false);
  #synced = $state(false);
  #saved = $state(false);
  #hubMode = $state<'edit' | 'read'>('edit');
  #schemaTooNew = $state(false);
  #hasId = $state(false);

  readonly sync: SyncState = $derived.by(() => {
    if (this.error) return 'error';
    if (!this.#live) return 'offline';
    if (!this.loaded) return 'loading';
    return this.#synced && this.#saved && this.unsent === 0 ? 'saved' : 'sending';
  });
  readonly mode: 'edit' | 'read' = $derived(this.#hubMode === 'edit' && this.#hasId && !this.error ? 'edit' : 'read');
  readonly readReason: ReadReason | null = $derived.by(() => {
    if (this.#hubMode === 'read') return this.#schemaTooNew ? 'schema' : 'role';
    return !this.#hasId && !this.#live ? 'no_author_id' : null;
  });

  users = 0;

  readonly #environment: SessionEnvironment;
  #settleReady: { resolve(): void; reject(error: ApiError): void };
  #log: UnsentLog;
  #copy: LocalCopy | null = null;
  #epoch = 0;
  #clientId: number | null = null;
  #takingId: Y.Doc | null = null;
  #prepared: Promise<void>;
  #closed = false;

  // Of the present connection.
  #opening = 0;
  #opened = false;
  #early: Uint8Array[] | null = null;
  /** The hub's step 1: what it lacks is given when what it has is here, so that we know what ours meets. */
  #asked: Uint8Array | null = null;
  #handed = false;
  #all = false;
  #sent = 0;
  #durable = 0;
  #receipts: Receipt[] = [];
  /** What the hub did not have when it was reached, until the two are in step. */
  #apart: readonly Uint8Array[] = [];
  readonly #private: PrivateCopies;
  #attempts = 0;
  #reopen: ReturnType<typeof setTimeout> | undefined;
  #awarenessTimer: ReturnType<typeof setTimeout> | undefined;
  #awarenessAt = 0;
  /** Ids that the hub writes under for us. */
  readonly #lent = new Set<number>();
  #waiting: (() => void)[] = [];

  constructor(info: DocumentInfo, environment: SessionEnvironment) {
    this.info = info;
    this.#environment = environment;
    this.#live = environment.isLive();
    const { promise, resolve, reject } = withResolvers();
    this.ready = promise;
    this.#settleReady = { resolve, reject };
    this.ready.catch(() => undefined);
    this.#log = new UnsentLog(environment.store, info.document, info.lineage);
    this.#private = new PrivateCopies(environment.store, info.document);
    this.#newDoc();
    this.#prepared = this.#prepare();
    void this.#prepared.then(() => this.#open());
  }

  // --- for the interface --------------------------------------------------------------------------

  get privateCopies(): readonly PrivateCopy[] {
    return this.#private.shown;
  }

  dismissPrivateCopy(copy: PrivateCopy): void {
    this.#private.dismiss(copy);
  }

  retry(): void {
    this.error = null;
    this.#attempts = 0;
    void this.#open();
  }

  close(): void {
    if (--this.users <= 0) this.#environment.ended(this);
  }

  async settled(): Promise<void> {
    const { promise, resolve, reject } = withResolvers();
    const late = setTimeout(() => reject(new ApiError('offline', 'The hub does not have your changes yet. Try again when they are saved.')), SETTLED_MS);
    this.#waiting.push(resolve);
    this.#count();
    await promise.finally(() => clearTimeout(late));
  }

  async replace(replacements: readonly Replacement[]): Promise<number> {
    const { document } = this.info;
    const client = await this.#environment.ids.take(document);
    this.#lent.add(client);
    this.#learnOwners({ [client]: this.#environment.uid });
    const { count } = await http.post<Replaced>(`/api/documents/${encodeURIComponent(document)}/replace`, { replacements, client });
    return count;
  }

  /** Let go of everything; unsent edits stay in the browser. */
  async end(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#reopen);
    clearTimeout(this.#awarenessTimer);
    this.#opening++;
    if (this.#opened) this.#environment.command({ cmd: 'close_document', document: this.info.document }).catch(() => undefined);
    this.#opened = false;
    await this.#prepared;
    await this.#log.close();
    await this.#copy?.close();
    this.doc.destroy();
  }

  /** Write down what is only in memory: the page may go. */
  flush(): void {
    void this.#log.flush();
    void this.#copy?.flush();
  }

  // --- from the connection ------------------------------------------------------------------------

  /** A fresh connection. */
  connected(): void {
    this.#live = true;
    this.#attempts = 0;
    if (this.#isOut()) this.error = null; // perhaps a member again
    void this.#prepared.then(() => this.#open());
  }

  /** The connection is gone; what is not acknowledged goes again with the next handshake. */
  lost(): void {
    this.#live = false;
    this.#forgetConnection();
    removeAwarenessStates(this.awareness, this.#others(), this);
  }

  receive(frame: Uint8Array): void {
    if (this.#early) {
      this.#early.push(frame);
      return;
    }
    if (!this.#opened) return;
    const { kind, message } = decodeFrame(frame);
    if (kind === AWARENESS) {
      applyAwarenessUpdate(this.awareness, message, this);
      return;
    }
    const { subtype, payload } = decodeSync(message);
    if (subtype === STEP1) {
      this.#asked = payload;
      if (this.#synced) this.#handOver(payload);
    } else if (subtype === STEP2) {
      this.#meet(payload);
      this.#inStep();
      if (this.#asked) this.#handOver(this.#asked);
    } else this.#meet(payload);
  }

  durable(frame: Durable): void {
    if (!this.#opened) return;
    this.#durable = Math.max(this.#durable, frame.count);
    if (this.#durable >= this.#sent) this.#attempts = 0;
    this.#all ||= frame.all;
    let receipt: Receipt | undefined;
    while ((receipt = this.#receipts[0]) && receipt.count <= this.#durable) {
      this.#receipts.shift();
      this.#log.acknowledge(receipt.upTo, receipt.adopted);
    }
    this.#count();
  }

  refused(frame: Refused): void {
    if (!this.#opened) return; // of an attempt we gave up
    if (frame.again) {
      this.#openLater();
      return;
    }
    if (frame.code === 'read_only') this.#hubMode = 'read';
    void this.#startOver(this.info.lineage);
  }

  caretOwners(frame: CaretOwners): void {
    this.#learnOwners(frame.owners);
  }

  reset(frame: DocumentReset): void {
    if (frame.action === 'fetch') void this.#fetchThenSync(this.#opening);
    else this.#openLater();
  }

  /** The person may only read from now on. */
  demoted(): void {
    this.#hubMode = 'read';
    this.#schemaTooNew = false;
    this.#remember();
    if (this.#log.size > 0) void this.#startOver(this.info.lineage);
  }

  /** The person is a member, perhaps again, and may perhaps write: the hub must be asked to open it so. */
  admitted(role: Role): void {
    if (this.#isOut()) this.retry();
    else if (role !== 'reader' && this.#hubMode === 'read' && !this.#schemaTooNew) void this.#open();
  }

  #isOut(): boolean {
    const code = this.error?.code ?? '';
    return code === 'removed' || code === 'not_member' || code === 'forbidden' || code.endsWith('not_found');
  }

  /** The person is no member any more. */
  removed(): void {
    this.#forgetConnection();
    this.#fail(new ApiError('removed', 'You are no longer a member of this thread.'));
  }

  // --- the local copy -----------------------------------------------------------------------------

  #newDoc(): void {
    const doc = new Y.Doc();
    this.#clientId = null;
    this.#hasId = false;
    doc.on('update', (update: Uint8Array, origin: unknown) => this.#changed(doc, update, origin));
    doc.on('beforeTransaction', (transaction: Y.Transaction) => {
      if (transaction.local) this.#checkId(doc);
    });
    const awareness = new Awareness(doc);
    awareness.on('update', (_: unknown, origin: unknown) => {
      if (origin !== this && awareness === this.awareness) this.#announce();
    });
    this.doc = doc;
    this.awareness = awareness;
  }

  /** Read what this browser has of the document. */
  async #prepare(): Promise<void> {
    const { store, ids } = this.#environment;
    const doc = this.doc;
    const { document, lineage } = this.info;
    const known = await store.get<Remembered>('documents', document).catch(() => undefined);
    if (known) this.#hubMode = known.mode;
    await this.#private.recall();
    this.#epoch = known?.epoch ?? 0;
    if (known && known.lineage !== lineage) await this.#salvage(known);
    await this.#openCopy(doc);
    if (this.#closed || doc !== this.doc) return;
    const left = await this.#log.adopt();
    Y.transact(doc, () => left.forEach((update) => Y.applyUpdate(doc, update, this)), this, false);
    this.#count();
    const id = await ids.takeKept(document);
    if (this.#closed || doc !== this.doc) return;
    if (id !== null) this.#assign(id);
    if (this.#hasContent()) this.#present();
  }

  async #openCopy(doc: Y.Doc): Promise<void> {
    const copy = await LocalCopy.open(this.#environment.store, this.#copyPrefix(this.info.lineage, this.#epoch), doc, this);
    if (doc === this.doc) this.#copy = copy;
    else await copy.close();
  }

  #copyPrefix(lineage: string, epoch: number): string {
    return `${this.info.document}\u0000${lineage}\u0000${epoch}\u0000`;
  }

  /** Unsent edits of a lineage that is no more become a private copy. */
  async #salvage(known: Remembered): Promise<void> {
    const { store } = this.#environment;
    const log = new UnsentLog(store, this.info.document, known.lineage);
    const updates = await log.adopt();
    const doc = new Y.Doc();
    const copy = await LocalCopy.open(store, this.#copyPrefix(known.lineage, known.epoch), doc, this);
    if (updates.length > 0) {
      for (const update of updates) Y.applyUpdate(doc, update);
      this.#private.keep('refused', updates.length, documentText(doc, this.info.kind));
      log.discard();
    }
    await copy.erase();
    doc.destroy();
    this.#remember();
  }

  #remember(): void {
    const value: Remembered = { lineage: this.info.lineage, epoch: this.#epoch, mode: this.#hubMode };
    void this.#environment.store.put('documents', this.info.document, value);
  }

  #hasContent(): boolean {
    return Y.encodeStateVector(this.doc).length > 1;
  }

  #present(): void {
    this.loaded = true;
    this.#settleReady.resolve();
  }

  /** Throw the local copy away, with `keep` leaving its words as a private copy, and load it anew. */
  async #startOver(lineage: string, keep = true): Promise<void> {
    if (this.#closed) return;
    if (keep) this.#private.keep('refused', Math.max(this.#log.size, 1), documentText(this.doc, this.info.kind));
    const old = { doc: this.doc, copy: this.#copy };
    this.#forgetConnection();
    this.#log.discard();
    this.#copy = null;
    this.#epoch++;
    this.info = { ...this.info, lineage };
    this.#log = new UnsentLog(this.#environment.store, this.info.document, lineage);
    this.#newDoc();
    this.generation++;
    this.loaded = false;
    this.#count();
    this.#remember();
    this.#prepared = this.#prepareAgain(old);
    await this.#prepared;
    await this.#open();
  }

  async #prepareAgain(old: { doc: Y.Doc; copy: LocalCopy | null }): Promise<void> {
    await old.copy?.erase();
    old.doc.destroy();
    const doc = this.doc;
    await this.#openCopy(doc);
    const id = await this.#environment.ids.takeKept(this.info.document);
    if (id !== null && !this.#closed && doc === this.doc) this.#assign(id);
  }

  // --- author ids ---------------------------------------------------------------------------------

  #assign(id: number): void {
    const { awareness, doc } = this;
    const before = awareness.clientID;
    const state = awareness.getLocalState();
    if (this.#clientId !== null) removeAwarenessStates(awareness, [before], 'local');
    awareness.states.delete(before);
    awareness.meta.delete(before);
    this.#clientId = doc.clientID = awareness.clientID = id;
    this.#hasId = true;
    this.#learnOwners({ [id]: this.#environment.uid });
    awareness.setLocalState(state ?? {});
  }

  /**
   * Yjs gives a Y.Doc a random id when it meets its own id in foreign content. The hub takes such an
   * id as a stock client's and binds it to the person, so the edit at hand is safe; then we take
   * the next leased one.
   */
  #checkId(doc: Y.Doc): void {
    if (doc !== this.doc || this.#clientId === null || doc.clientID === this.#clientId) return;
    this.#clientId = doc.clientID;
    void this.#takeId(doc);
  }

  async #takeId(doc: Y.Doc): Promise<void> {
    const { ids } = this.#environment;
    if (this.#takingId === doc) return;
    this.#takingId = doc;
    try {
      const id = await ids.take(this.info.document);
      if (doc === this.doc && !this.#closed) this.#assign(id);
      void ids.topUp(this.info.document);
    } catch {
      // Without a connection: the next one tries again.
    } finally {
      if (this.#takingId === doc) this.#takingId = null;
    }
  }

  #learnOwners(owners: Readonly<Record<string, string>>): void {
    const learned = new Map(this.owners);
    for (const [client, uid] of Object.entries(owners)) learned.set(Number(client), uid);
    this.owners = learned;
  }

  // --- opening ------------------------------------------------------------------------------------

  async #open(): Promise<void> {
    if (this.#closed || this.error || !this.#environment.isLive()) return;
    const attempt = ++this.#opening;
    this.#forgetConnection(attempt);
    this.#early = [];
    if (!this.#hasId) void this.#takeId(this.doc);
    try {
      const result = await this.#environment.command({
        cmd: 'open_document',
        document: this.info.document,
        schema_version: SCHEMA_VERSION,
        lineage: this.#hasContent() ? this.info.lineage : null,
      });
      if (attempt === this.#opening && !this.#closed) this.#welcomed(result, attempt);
    } catch (error) {
      if (attempt === this.#opening && !this.#closed) this.#notOpened(asApiError(error));
    }
  }

  #welcomed(result: OpenResult, attempt: number): void {
    const early = this.#early ?? [];
    this.#early = null;
    if (result.reset || result.lineage !== this.info.lineage) {
      this.#leaveLineage(result.lineage);
      return;
    }
    this.#opened = true;
    this.#apart = this.#log.updates;
    this.#hubMode = result.mode;
    this.#schemaTooNew = result.mode === 'read' && result.schema_version > SCHEMA_VERSION;
    this.#remember();
    this.#learnOwners(result.owners);
    if (this.#hasId) void this.#environment.ids.topUp(this.info.document);
    if (this.#hubMode === 'read' && this.#log.size > 0) {
      void this.#startOver(this.info.lineage);
      return;
    }
    for (const frame of early) this.receive(frame);
    this.#announce();
    if (result.state_bytes > FETCH_BYTES && !this.#hasContent()) void this.#fetchThenSync(attempt);
    else this.#send(STEP1, Y.encodeStateVector(this.doc));
  }

  #notOpened(error: ApiError): void {
    this.#early = null;
    if (error.code === 'offline') return; // the next connection opens it
    if (error.temporary || error.code === 'already_open') this.#openLater();
    else this.#fail(error);
  }

  #openLater(): void {
    this.#forgetConnection();
    clearTimeout(this.#reopen);
    const waitMs = Math.min(MAX_REOPEN_MS, REOPEN_MS * 2 ** this.#attempts++);
    this.#reopen = setTimeout(() => void this.#open(), waitMs * (0.5 + Math.random() / 2));
  }

  #fail(error: ApiError): void {
    this.error = error;
    this.#settleReady.reject(error);
  }

  #forgetConnection(attempt = ++this.#opening): void {
    this.#opening = attempt;
    clearTimeout(this.#reopen);
    this.#opened = this.#handed = this.#all = this.#synced = false;
    this.#early = this.#asked = null;
    this.#sent = this.#durable = 0;
    this.#receipts = [];
    this.#count();
  }

  /** The local copy belongs to another lineage: merging would double its content. */
  #leaveLineage(lineage: string): void {
    void this.#startOver(lineage, this.#log.size > 0);
  }

  async #fetchThenSync(attempt: number): Promise<void> {
    const doc = this.doc;
    const { document } = this.info;
    try {
      const state = await (this.#environment.fetchState?.(document) ?? http.bytes(`/api/documents/${document}/state`));
      if (attempt !== this.#opening || doc !== this.doc || this.#closed) return;
      this.#meet(state);
      this.#present();
      this.#send(STEP1, Y.encodeStateVector(doc));
    } catch {
      if (attempt === this.#opening && !this.#closed) this.#openLater();
    }
  }

  // --- in step ------------------------------------------------------------------------------------

  /** Everything the hub lacks goes in one frame, from then on edits as they come. */
  #handOver(stateVector: Uint8Array): void {
    const update = Y.encodeStateAsUpdate(this.doc, stateVector);
    // More than a frame holds: as it was written, if that is all of it.
    const written = this.#log.updates;
    const parts = update.length > MAX_FRAME_BYTES && covers(written, update) ? written : [update];
    this.#asked = null;
    if (parts.every((part) => this.#send(STEP2, part))) {
      this.#receipts.push({ count: this.#sent, upTo: this.#log.last, adopted: true });
      this.#handed = true;
    }
    this.#count();
  }

  /** What others wrote. Words that a deletion took which did not know of them are told. */
  #meet(update: Uint8Array): void {
    const unsent = new Set([...this.#apart, ...this.#log.updates]);
    const origin = isBy(update, this.#lent) ? REPLACED : this;
    const { mine, theirs } = meet(this.doc, update, origin, [...unsent]);
    this.#private.keep('deleted', 0, mine);
    this.#private.keep('theirs', 0, theirs);
  }

  #inStep(): void {
    this.#apart = [];
    this.#synced = true;
    if (!this.loaded) this.#present();
    this.#count();
  }

  #changed(doc: Y.Doc, update: Uint8Array, origin: unknown): void {
    if (doc !== this.doc || origin === this || origin === REPLACED) return;
    const upTo = this.#log.add(update);
    if (this.#hubMode === 'read') {
      // It must not come back for everybody when the person may write again.
      queueMicrotask(() => {
        if (doc === this.doc) void this.#startOver(this.info.lineage);
      });
      return;
    }
    if (this.#handed && this.#send(UPDATE, update)) {
      this.#receipts.push({ count: this.#sent, upTo, adopted: false });
    }
    this.#count();
  }

  /** True when it was given to the socket. Update frames are counted as the hub counts them. */
  #send(subtype: Subtype, payload: Uint8Array): boolean {
    if (!this.#opened) return false;
    if (payload.length > MAX_FRAME_BYTES) {
      queueMicrotask(() => void this.#startOver(this.info.lineage));
      return false;
    }
    const sent = this.#environment.sendBinary(encodeSync(this.info.number, subtype, payload));
    if (sent && subtype !== STEP1) this.#sent++;
    return sent;
  }

  #count(): void {
    this.unsent = this.#log.size;
    this.#saved = this.#handed && this.#all && this.#durable >= this.#sent;
    if (this.#synced && this.#saved && this.unsent === 0) for (const go of this.#waiting.splice(0)) go();
  }

  // --- presence -----------------------------------------------------------------------------------

  #others(): number[] {
    return [...this.awareness.states.keys()].filter((client) => client !== this.awareness.clientID);
  }

  /** Tell the others where our caret is, at most ten times a second, the latest last. */
  #announce(): void {
    if (!this.#opened || !this.#hasId || this.#awarenessTimer !== undefined) return;
    const waitMs = this.#awarenessAt + AWARENESS_MS - Date.now();
    if (waitMs > 0) {
      this.#awarenessTimer = setTimeout(() => {
        this.#awarenessTimer = undefined;
        this.#announce();
      }, waitMs);
      return;
    }
    if (!this.awareness.meta.has(this.awareness.clientID)) return;
    this.#awarenessAt = Date.now();
    const update = encodeAwarenessUpdate(this.awareness, [this.awareness.clientID]);
    if (update.length <= AWARENESS_BYTES) this.#environment.sendBinary(encodeAwareness(this.info.number, update));
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: ApiError) => void } {
  let resolve: () => void = () => undefined;
  let reject: (error: ApiError) => void = () => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
