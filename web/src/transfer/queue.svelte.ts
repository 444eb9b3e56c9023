/**
 * The uploads of one person in one tab: added, sent a few at a time, paused, gone on with after a
 * reload, and seen from the other tabs.
 *
 *     waiting ⇄ sending ─► done
 *        │ ▲       │
 *        ▼ │       ├─► failed ─(retry)─► waiting
 *      paused      └─► needs-file ─(offer)─► waiting
 *
 * An upload belongs to one tab, which has its file. When that tab goes, another one takes over what it
 * left. What is only in the way (no connection, a busy hub) is tried again until it works; what only a
 * person can change is `failed`, in the hub's words.
 */
import type { HttpStack } from 'tus-js-client';

import type { LocalStore } from '../lib/local-store';
import { holdLock, withLock } from '../lib/tabs';
import { ApiError } from '../wire/error';
import { newSendId } from '../wire/ids';
import { type Entry, entryOf, fromKept, settle, snapshot } from './entry';
import { changedError, FILE_CHANGED, type Item, type ItemError, neededError, type Picked } from './item';
import { type Kept, KeptUploads } from './kept';
import { next } from './order';
import { type Ask, OtherTabs } from './others';
import type { HoldLock } from './peers';
import { beginProof, extendProof } from './proof';
import { differs, readable, refusal, type WithPermission } from './same-file';
import { ONE_REQUEST_BYTES, Sending, terminate } from './sending';
import { ENDED, judge } from './verdict';

/** At once. Browsers open six connections to a hub that speaks HTTP/1.1; the page needs some, too. */
const PLACES = 4;
/** Large uploads that are begun while their bytes wait. */
const NAMING_PLACES = 2;
const SHOW_MS = 200;
const RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;

export interface QueueOptions {
  readonly uid: string;
  readonly store: LocalStore;
  readonly places?: number;
  readonly endpoint?: string;
  /**
   * An upload has its id, perhaps one that an earlier visit began, or a new one after `retry`. Called again
   * after a reload until it has resolved, so it must bear that.
   */
  known?(item: Item & { readonly upload: string }): void | Promise<void>;
  /** Those that are done stay, also over a reload, until they are dismissed. */
  readonly keepDone?: boolean;
  /** `items` changed; for those who do not read it reactively. */
  changed?(): void;
  /** The hub does not know the sign-in any more: `signedIn()` goes on. */
  signedOut?(): void;
  // What only tests bring.
  readonly httpStack?: HttpStack;
  readonly holdLock?: HoldLock;
  readonly lock?: typeof withLock;
  readonly retryMs?: number;
  readonly now?: () => number;
}

export interface Added {
  readonly id: string;
  /** Rejects with ApiError when it was refused or cancelled before. */
  readonly upload: Promise<string>;
}

export interface Offered {
  /** The item that goes on with the file; null: it fits none. */
  readonly item: Item | null;
  readonly error: ItemError | null;
}

export class UploadQueue {
  /** In the order they were added; those of other tabs, too. */
  items: readonly Item[] = $state.raw([]);

  readonly #options: QueueOptions;
  readonly #endpoint: string;
  readonly #places: number;
  readonly #now: () => number;
  readonly #lock: typeof withLock;
  readonly #tab = newSendId();
  readonly #kept: KeptUploads;
  readonly #others: OtherTabs;
  readonly #entries = new Map<string, Entry>();
  readonly #dirty = new Set<Entry>();
  /** Told nobody any more: cancelled or dismissed here. */
  readonly #gone = new Set<string>();
  readonly #loaded: Promise<void>;
  #online = globalThis.navigator?.onLine !== false;
  #signedOut = false;
  #closed = false;
  #shownAt = -Infinity;
  #show: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #lastBatch = 0;
  readonly #hearOnline = (): void => this.setOnline(true);
  readonly #hearOffline = (): void => this.setOnline(false);
  readonly #flush = (): void => void this.#kept.flush();

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#endpoint = options.endpoint ?? '/files/';
    this.#places = options.places ?? PLACES;
    this.#now = options.now ?? Date.now;
    this.#lock = options.lock ?? withLock;
    this.#kept = new KeptUploads(options.store);
    this.#others = new OtherTabs({
      name: `hub.transfer.${options.uid}`,
      tab: this.#tab,
      holdLock: options.holdLock ?? holdLock,
      watches: options.holdLock !== undefined || globalThis.navigator?.locks !== undefined,
      all: () => this.#told([...this.#entries.values()]),
      claimed: (id) => this.#claimed(id),
      asked: (id, ask) => this.#entries.has(id) && this.#do(id, ask),
      changed: () => this.#showSoon(),
      gone: (tab) => void this.#takeOver(tab),
    });
    globalThis.addEventListener?.('online', this.#hearOnline);
    globalThis.addEventListener?.('offline', this.#hearOffline);
    globalThis.addEventListener?.('pagehide', this.#flush);
    this.#loaded = this.#load();
    this.#others.greet();
  }

  /** What earlier visits left is in `items`. */
  get loaded(): Promise<void> {
    return this.#loaded;
  }

  // --- for the interface --------------------------------------------------------------------------

  /** Queue files for a thread; they are in `items` when this returns, in the order given. */
  add(files: readonly (File | Picked)[], thread: string, purpose: string | null = null): Added[] {
    if (this.#closed) throw new ApiError('closed', 'Nothing can be sent any more.');
    const addedAt = this.#now();
    const batch = (this.#lastBatch = Math.max(this.#lastBatch + 1, addedAt));
    const held: [string, Picked][] = [];
    const added = files.map((given, order) => {
      const picked: Picked = given instanceof File ? { file: given } : given;
      const { file } = picked;
      const entry = this.#enter({
        id: newSendId(), name: file.name, path: picked.path ?? null, size: file.size, type: file.type, modified: file.lastModified,
        thread, purpose, addedAt, batch, order, owner: this.#tab, state: 'waiting', upload: null, acknowledged: 0, error: null, proof: [],
        told: false, released: false,
      });
      entry.file = file;
      entry.handle = picked.handle ?? null;
      this.#kept.put(entry.kept);
      held.push([entry.kept.id, picked]);
      return { id: entry.kept.id, upload: (entry.settle = settle()).promise };
    });
    void this.#kept.hold(held);
    void this.#kept.flush();
    this.#showNow();
    this.#pump();
    return added;
  }

  /** Stop sending; what was sent counts. */
  pause(id: string): void {
    const entry = this.#mine(id, { what: 'pause' });
    if (!entry || entry.kept.state !== 'waiting') return;
    this.#set(entry, { state: 'paused' });
    this.#stopWork(entry);
    this.#showNow();
    this.#pump();
  }

  /**
   * Go on. For an item that needs its file and has a handle to it, the browser asks the person: call it in
   * the handler of a click.
   */
  resume(id: string): void {
    const entry = this.#mine(id, { what: 'resume' });
    if (!entry) return;
    if (entry.kept.state === 'needs-file') void this.#reopen(entry);
    else if (entry.kept.state === 'paused') this.#wait(entry);
  }

  /** Give it up, here and on the hub. */
  cancel(...ids: string[]): void {
    const entries = this.#allMine(ids, { what: 'cancel' });
    if (entries.length === 0) return;
    for (const entry of entries) {
      entry.settle?.reject(new ApiError('cancelled', `${entry.kept.name} is not sent.`));
      entry.settle = null;
      this.#set(entry, { state: 'cancelled' });
      entry.attempts = 0;
    }
    this.#tellGone(entries);
    for (const entry of entries) {
      this.#stopWork(entry);
      if (!entry.work && entry.kept.upload === null) this.#forget(entry);
    }
    this.#showNow();
    this.#pump();
  }

  /** Try a failed one again: as a new upload, if nothing comes of the old one. */
  retry(id: string): void {
    const entry = this.#mine(id, { what: 'retry' });
    if (!entry || !snapshot(entry).retriable) return;
    const code = entry.kept.error?.code ?? '';
    if (ENDED.has(code)) {
      const { upload } = entry.kept;
      if (upload && code === FILE_CHANGED) void terminate(this.#endpoint + upload, this.#options.httpStack).catch(() => undefined);
      this.#set(entry, { upload: null, acknowledged: 0, told: false });
      entry.sent = 0;
    }
    if (code === FILE_CHANGED) {
      entry.file = null;
      this.#set(entry, { proof: [], modified: null });
    }
    entry.settle ??= settle();
    this.#wait(entry);
  }

  /** Forget one, also for the other tabs, as soon as it is done. */
  dismiss(...ids: string[]): void {
    const entries = this.#allMine(ids, { what: 'dismiss' });
    const done = entries.filter((entry) => entry.kept.state === 'done');
    for (const entry of entries) if (entry.kept.state !== 'done') this.#set(entry, { released: true });
    for (const entry of done) {
      if (!entry.kept.told) continue;
      this.#forget(entry);
    }
    if (done.length === 0) return;
    this.#tellGone(done);
    this.#showNow();
  }

  /** Forget all that are done. */
  dismissDone(): void {
    this.dismiss(...this.items.filter(({ state }) => state === 'done').map(({ id }) => id));
  }

  /** They belong to something else than `add` was told. */
  assign(ids: readonly string[], purpose: string): void {
    for (const entry of this.#allMine(ids, { what: 'assign', purpose })) this.#set(entry, { purpose });
    void this.#kept.flush(); // what comes next may name the new purpose
    this.#showNow();
  }

  /** An item as it is now; `items` may say so a little later. */
  find(id: string): Item | null {
    const entry = this.#entries.get(id);
    if (entry) return this.#shows(entry) ? snapshot(entry) : null;
    return this.#others.get(id);
  }

  /** The id of an upload, as soon as there is one; as of `add`. */
  uploadOf(id: string): Promise<string> {
    const entry = this.#entries.get(id);
    if (!entry) return Promise.reject(new ApiError('not_here', 'This tab does not send the file.'));
    const { upload, state, error, name } = entry.kept;
    if (upload) return Promise.resolve(upload);
    if (state === 'failed' && error) return Promise.reject(new ApiError(error.code, error.detail));
    if (state === 'cancelled') return Promise.reject(new ApiError('cancelled', `${name} is not sent.`));
    return (entry.settle ??= settle()).promise;
  }

  /**
   * A file was chosen: the one of an item that needs it, or not. It goes on only with the file whose bytes
   * were sent.
   */
  async offer(given: File | Picked): Promise<Offered> {
    const picked: Picked = given instanceof File ? { file: given } : given;
    const { file } = picked;
    const needing = this.items.filter((one) => one.state === 'needs-file' && one.name === file.name);
    let error: ItemError = { code: 'no_such_item', detail: `Nothing waits for ${file.name}.` };
    for (const { id } of needing) {
      const kept = this.#entries.get(id)?.kept ?? (await this.#kept.read(id));
      if (!kept) continue;
      const refused = await refusal(kept, file);
      if (refused) {
        error = refused;
        continue;
      }
      const entry = await this.#claim(id);
      if (!entry) continue;
      entry.file = file;
      entry.handle = picked.handle ?? null;
      this.#set(entry, { size: file.size, modified: file.lastModified });
      void this.#kept.hold([[id, picked]]);
      this.#wait(entry);
      return { item: entry.item, error: null };
    }
    return { item: null, error };
  }

  /** Somebody signed in again. */
  signedIn(): void {
    this.#signedOut = false;
    this.#tryNow();
  }

  setOnline(online: boolean): void {
    this.#online = online;
    if (online) {
      this.#tryNow();
      return;
    }
    for (const entry of this.#entries.values()) this.#stopWork(entry);
  }

  /** How many are not on the hub whole. */
  get unsent(): number {
    return this.items.filter((one) => one.state !== 'done').length;
  }

  /** Whether what is on its way from this tab cannot be gone on with by itself after the page. */
  get needsPage(): boolean {
    for (const { kept, file, handle } of this.#entries.values()) {
      const moves = kept.state === 'waiting' || kept.state === 'paused';
      if (moves && file && !handle && !this.#kept.holds(kept.id)) return true;
    }
    return false;
  }

  /** Stop, and let another tab go on. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#show);
    clearTimeout(this.#again);
    globalThis.removeEventListener?.('online', this.#hearOnline);
    globalThis.removeEventListener?.('offline', this.#hearOffline);
    globalThis.removeEventListener?.('pagehide', this.#flush);
    for (const { work, settle: waiting } of this.#entries.values()) {
      if (work instanceof Sending) work.abort();
      waiting?.reject(new ApiError('closed', 'Nothing can be sent any more.'));
    }
    await this.#kept.flush();
    this.#others.close();
  }

  // --- whose turn it is ---------------------------------------------------------------------------

  #pump(): void {
    clearTimeout(this.#again);
    if (this.#closed || !this.#online || this.#signedOut) return;
    const now = this.#now();
    const ready: Kept[] = [];
    const running: number[] = [];
    const cancelled: Entry[] = [];
    let naming = 0;
    let wakeAt = Infinity;
    for (const entry of this.#entries.values()) {
      const { state } = entry.kept;
      if (entry.work) {
        if (entry.naming) naming++;
        else running.push(entry.kept.size);
      } else if (state === 'waiting' || state === 'cancelled') {
        if (entry.retryAt > now) wakeAt = Math.min(wakeAt, entry.retryAt);
        else if (state === 'waiting') ready.push(entry.kept);
        else cancelled.push(entry);
      }
    }
    for (const entry of cancelled) {
      if (naming >= NAMING_PLACES) break;
      naming++;
      void this.#terminate(entry);
    }
    for (let one = next(ready, running, this.#places); one; one = next(ready, running, this.#places)) {
      ready.splice(ready.indexOf(one), 1);
      running.push(one.size);
      this.#beginOf(one, false);
    }
    for (const one of ready) {
      if (naming >= NAMING_PLACES) break;
      if (one.upload || one.size <= ONE_REQUEST_BYTES) continue;
      naming++;
      this.#beginOf(one, true);
    }
    if (wakeAt < Infinity) this.#again = setTimeout(() => this.#pump(), Math.max(0, wakeAt - now));
  }

  #beginOf({ id }: Kept, naming: boolean): void {
    const entry = this.#entries.get(id);
    if (entry) void this.#begin(entry, naming);
  }

  #tryNow(): void {
    for (const entry of this.#entries.values()) entry.retryAt = 0;
    this.#pump();
  }

  /** To be sent as soon as it is its turn. */
  #wait(entry: Entry): void {
    entry.attempts = entry.retryAt = 0;
    entry.problem = null;
    this.#set(entry, { state: 'waiting', error: null });
    this.#showNow();
    this.#pump();
  }

  async #begin(entry: Entry, naming: boolean): Promise<void> {
    entry.work = 'preparing';
    entry.naming = naming;
    const file = await this.#prepare(entry).catch(() => null);
    if (this.#closed || entry.work !== 'preparing') return;
    if (!file || entry.kept.state !== 'waiting' || !this.#online) {
      this.#rest(entry);
      return;
    }
    const { id, thread, upload } = entry.kept;
    const { httpStack } = this.#options;
    const mine = (): boolean => this.#entries.get(id) === entry;
    entry.sent = entry.kept.acknowledged;
    entry.work = new Sending(
      file,
      { endpoint: this.#endpoint, thread, upload, nameOnly: naming, ...(httpStack ? { httpStack } : {}) },
      {
        named: (name) => mine() && this.#named(entry, name),
        progress: (sent) => mine() && this.#progressed(entry, sent),
        acknowledged: (bytes) => mine() && this.#acknowledged(entry, file, bytes),
        done: () => mine() && this.#done(entry),
        stopped: () => mine() && this.#rest(entry),
        failed: (error) => mine() && this.#failed(entry, error),
      },
    );
    this.#touch(entry);
    void entry.work.start();
  }

  /** The file, proven; null when it is not there, and the entry says so. */
  async #prepare(entry: Entry): Promise<File | null> {
    const file = entry.file ?? (await this.#open(entry));
    if (!file) return null;
    try {
      if (entry.handle && (await differs(entry.handle, entry.kept))) throw new DOMException('It was changed.', 'NotReadableError');
      if (file.size > ONE_REQUEST_BYTES && entry.kept.proof.length === 0) {
        this.#set(entry, { proof: await beginProof(file) });
        await this.#kept.flush(); // before the first byte: nothing else says later whose bytes these were
      }
    } catch {
      this.#give(entry, changedError(entry.kept.name));
      return null;
    }
    return file;
  }

  /** From what this browser keeps. */
  async #open(entry: Entry): Promise<File | null> {
    const { id, name, type, modified } = entry.kept;
    const held = entry.handle ? { handle: entry.handle } : await this.#kept.held(id);
    if (held && 'blob' in held && modified !== null) {
      entry.file = new File([held.blob], name, { type, lastModified: modified });
    } else if (held && 'handle' in held) {
      entry.handle = held.handle;
      const file = await readable(held.handle);
      const refused = file && (await refusal(entry.kept, file));
      if (refused) {
        this.#give(entry, changedError(name));
        return null;
      }
      if (file) {
        entry.file = file;
        this.#set(entry, { size: file.size, modified: file.lastModified });
      }
    }
    if (!entry.file) this.#need(entry);
    return entry.file;
  }

  #need(entry: Entry): void {
    const { name, acknowledged, size, state } = entry.kept;
    if (state === 'waiting') this.#set(entry, { state: 'needs-file', error: neededError(name, acknowledged, size) });
  }

  /** In the handler of a click: the browser asks whether this page may read the file. */
  async #reopen(entry: Entry): Promise<void> {
    const { handle } = entry;
    const asked = handle && (await (handle as WithPermission).requestPermission?.({ mode: 'read' }).catch(() => 'denied'));
    if (handle && asked !== 'denied' && (await this.#claim(entry.kept.id))) this.#wait(entry);
  }

  /** Nothing is done for it now. */
  #rest(entry: Entry): void {
    entry.work = null;
    entry.rate.stop();
    entry.sent = entry.kept.acknowledged;
    this.#touch(entry);
    if (entry.kept.state === 'cancelled' && entry.kept.upload === null) this.#forget(entry);
    this.#pump();
  }

  #stopWork(entry: Entry): void {
    if (entry.work instanceof Sending) {
      if (this.#online) entry.work.stop();
      else {
        entry.work.abort(); // no answer will come
        this.#rest(entry);
      }
    }
  }

  // --- what becomes of it -------------------------------------------------------------------------

  #named(entry: Entry, upload: string): void {
    this.#set(entry, { upload, told: false });
    // Before anything else: an upload whose id is lost would be begun twice.
    if (entry.kept.size > ONE_REQUEST_BYTES) void this.#kept.flush();
    if (entry.kept.state === 'cancelled') return;
    entry.settle?.resolve(upload);
    entry.settle = null;
    void this.#tell(entry);
  }

  async #tell(entry: Entry): Promise<void> {
    const { upload } = entry.kept;
    if (!upload) return;
    try {
      await this.#options.known?.({ ...snapshot(entry), upload });
    } catch {
      return; // again after a reload
    }
    if (this.#closed || entry.kept.upload !== upload || entry.kept.state === 'cancelled') return;
    this.#set(entry, { told: true });
    if (entry.kept.state === 'done' && !this.#options.keepDone) this.#kept.delete(entry.kept.id);
    if (!this.#gone.has(entry.kept.id)) return;
    this.#entries.delete(entry.kept.id);
    if (entry.kept.state === 'done') this.#kept.delete(entry.kept.id);
  }

  #progressed(entry: Entry, sent: number): void {
    entry.sent = Math.max(sent, entry.kept.acknowledged);
    entry.rate.note(sent, this.#now());
    this.#touch(entry);
  }

  #acknowledged(entry: Entry, file: File, bytes: number): void {
    entry.attempts = 0;
    entry.problem = null;
    entry.sent = Math.max(entry.sent, bytes);
    if (bytes === entry.kept.acknowledged) return;
    this.#set(entry, { acknowledged: bytes });
    if (bytes >= entry.kept.size) return;
    extendProof(entry.kept.proof, file, bytes).then(
      (proof) => {
        if (this.#entries.get(entry.kept.id) === entry && entry.file === file) this.#set(entry, { proof });
      },
      () => undefined, // the next request says so
    );
  }

  #done(entry: Entry): void {
    entry.work = null;
    entry.rate.stop();
    if (entry.kept.state !== 'cancelled') {
      entry.sent = entry.kept.size;
      entry.problem = null;
      entry.file = entry.handle = null;
      this.#set(entry, { state: 'done', acknowledged: entry.kept.size, error: null });
      if (entry.kept.released) this.dismiss(entry.kept.id);
      else if (entry.kept.told && !this.#options.keepDone) this.#kept.delete(entry.kept.id);
    }
    this.#pump();
  }

  #failed(entry: Entry, thrown: unknown): void {
    if (entry.kept.state === 'cancelled') {
      this.#rest(entry);
      return;
    }
    const verdict = judge(thrown, entry.kept.name);
    if (verdict.kind === 'failed') {
      this.#give(entry, verdict.error);
    } else {
      entry.problem = verdict.error;
      const waitMs = verdict.kind === 'again' && verdict.afterS ? verdict.afterS * 1000 : this.#backOff(entry.attempts++);
      entry.retryAt = this.#now() + waitMs;
      if (verdict.kind === 'signed-out' && !this.#signedOut) {
        this.#signedOut = true;
        this.#options.signedOut?.();
      }
    }
    this.#rest(entry);
  }

  /** Not without a person. */
  #give(entry: Entry, error: ItemError): void {
    if (entry.kept.state === 'cancelled') return;
    this.#set(entry, { state: 'failed', error });
    entry.settle?.reject(new ApiError(error.code, error.detail));
    entry.settle = null;
  }

  #backOff(attempts: number): number {
    return Math.min(MAX_RETRY_MS, (this.#options.retryMs ?? RETRY_MS) * 2 ** attempts) * (0.5 + Math.random() / 2);
  }

  /** The hub forgets it; until then this browser remembers that it has to. */
  async #terminate(entry: Entry): Promise<void> {
    const { upload } = entry.kept;
    if (upload) {
      entry.work = 'preparing';
      entry.naming = true;
      const failed = await terminate(this.#endpoint + upload, this.#options.httpStack).then(
        () => null,
        (error: unknown) => judge(error, entry.kept.name),
      );
      if (this.#closed) return;
      entry.work = null;
      // What is a file of a thread by now stays one.
      if (failed && failed.kind !== 'failed' && failed.error.code !== 'upload_done') {
        entry.retryAt = this.#now() + this.#backOff(entry.attempts++);
        this.#pump();
        return;
      }
    }
    this.#forget(entry);
    this.#pump();
  }

  #forget({ kept }: Entry): void {
    this.#entries.delete(kept.id);
    this.#kept.delete(kept.id);
  }

  // --- other tabs, and other visits ---------------------------------------------------------------

  async #load(): Promise<void> {
    const found = await this.#kept.load().catch(() => []);
    if (this.#closed) return;
    for (const kept of found) {
      if (kept.owner === this.#tab || this.#others.has(kept.id)) continue;
      if (kept.state !== 'cancelled') this.#others.found(kept.owner, fromKept(kept));
    }
    this.#showNow();
    for (const owner of new Set(found.map((one) => one.owner))) this.#others.watch(owner);
  }

  /** A tab is gone: what it left is ours, unless another one was faster. */
  async #takeOver(tab: string): Promise<void> {
    const taken = await this.#lock(`hub.transfer.${this.#options.uid}`, async () => {
      const left = (await this.#kept.load().catch(() => [])).filter((kept) => kept.owner === tab && !this.#closed);
      for (const kept of left) this.#kept.put({ ...kept, owner: this.#tab });
      if (left.length > 0) await this.#kept.flush();
      return left;
    });
    if (this.#closed) return;
    this.#others.deleteOf(tab);
    for (const kept of taken) {
      this.#lastBatch = Math.max(this.#lastBatch, kept.batch);
      const entry = this.#enter({ ...kept, owner: this.#tab });
      if (kept.state !== 'cancelled' && kept.upload && !kept.told) void this.#tell(entry);
      if (kept.state === 'needs-file') void this.#find(entry);
    }
    this.#showNow();
    this.#pump();
  }

  /** Perhaps it can be opened now; else a click can ask for it. */
  async #find(entry: Entry): Promise<void> {
    const held = await this.#kept.held(entry.kept.id);
    if (!held || 'blob' in held || this.#closed) return;
    entry.handle ??= held.handle;
    this.#touch(entry);
    if ((await readable(held.handle)) && entry.kept.state === 'needs-file') this.#wait(entry);
  }

  /** Make an item that needs its file ours; null when another tab was faster. */
  async #claim(id: string): Promise<Entry | null> {
    return this.#lock(`hub.transfer.${this.#options.uid}`, async () => {
      const mine = this.#entries.get(id);
      if (mine) return mine.kept.state === 'needs-file' ? mine : null;
      const kept = await this.#kept.read(id);
      if (kept?.state !== 'needs-file') return null;
      const entry = this.#enter({ ...kept, owner: this.#tab });
      this.#others.delete(id);
      this.#kept.put(entry.kept);
      await this.#kept.flush();
      this.#others.tell([entry.item]);
      return entry;
    });
  }

  /** Another tab has it: it was claimed there. */
  #claimed(id: string): boolean {
    const mine = this.#entries.get(id);
    if (!mine) return true;
    if (mine.kept.state !== 'needs-file') return false;
    this.#entries.delete(id);
    this.#kept.forget(id);
    return true;
  }

  /** The entry, if it is ours; else its tab is asked to do it. */
  #mine(id: string, ask: Ask): Entry | null {
    const entry = this.#entries.get(id);
    if (entry && !this.#gone.has(id)) return entry;
    this.#others.ask(id, ask);
    return null;
  }

  #allMine(ids: readonly string[], ask: Ask): Entry[] {
    return ids.flatMap((id) => this.#mine(id, ask) ?? []);
  }

  #do(id: string, ask: Ask): void {
    if (ask.what === 'assign') this.assign([id], ask.purpose);
    else this[ask.what](id);
  }

  // --- showing ------------------------------------------------------------------------------------

  #enter(kept: Kept): Entry {
    const entry = entryOf(kept);
    this.#entries.set(kept.id, entry);
    return entry;
  }

  #set(entry: Entry, change: Partial<Kept>): void {
    if (this.#closed) return; // another tab may have it already
    entry.kept = { ...entry.kept, ...change };
    this.#kept.put(entry.kept);
    this.#touch(entry);
  }

  #touch(entry: Entry): void {
    this.#dirty.add(entry);
    this.#showSoon();
  }

  #showSoon(): void {
    if (this.#closed || this.#show !== undefined) return;
    const waitMs = Math.max(0, this.#shownAt + SHOW_MS - this.#now());
    this.#show = setTimeout(() => this.#showNow(), waitMs);
  }

  #showNow(): void {
    clearTimeout(this.#show);
    this.#show = undefined;
    if (this.#closed) return;
    this.#shownAt = this.#now();
    const changed = [...this.#dirty].filter((entry) => this.#shows(entry));
    this.#dirty.clear();
    for (const entry of changed) entry.item = snapshot(entry);
    this.#others.tell(this.#told(changed));
    const all = this.#others.items.map((item) => ({ item, order: 0 }));
    for (const entry of this.#entries.values()) if (this.#shows(entry)) all.push({ item: entry.item, order: entry.kept.order });
    all.sort((a, b) => a.item.addedAt - b.item.addedAt || a.order - b.order);
    this.items = all.map(({ item }) => item);
    this.#options.changed?.();
  }

  #told(entries: readonly Entry[]): Item[] {
    return entries.filter((entry) => this.#shows(entry)).map((entry) => entry.item);
  }

  #shows({ kept }: Entry): boolean {
    return this.#entries.has(kept.id) && kept.state !== 'cancelled' && !this.#gone.has(kept.id);
  }

  #tellGone(entries: readonly Entry[]): void {
    const ids = entries.map(({ kept }) => kept.id);
    for (const id of ids) this.#gone.add(id);
    this.#others.tellGone(ids);
  }
}
