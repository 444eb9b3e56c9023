/**
 * The copy of a document that this browser keeps, so that it is there at once and offline.
 *
 * Rows of updates, made one from time to time. It may be lost at any time: the hub has it all, and
 * what it has not is in the unsent log. A row that could not be written would leave a gap, so the
 * next one that can be is the whole document.
 */
import * as Y from 'yjs';

import type { LocalStore } from '../lib/local-store';

const WRITE_MS = 500;
const MAX_ROWS = 200;
/** Rows of fewer bytes than this are not made one for their size. */
const FEW_BYTES = 256 * 1024;
/** After a failure the whole document is not tried more often than this. */
const BROKEN_MS = 10_000;

export class LocalCopy {
  readonly #instance = crypto.randomUUID?.() ?? String(Math.random());
  #made = 0;
  /** Keys of the rows that are in `doc`. */
  #rows: string[] = [];
  #wholeBytes = 0;
  #bytes = 0;
  #updates: Uint8Array[] = [];
  #behind = false;
  #reading = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #losses: number;
  #triedAt = 0;
  readonly #hear = (update: Uint8Array): void => this.#add(update);

  private constructor(
    private readonly store: LocalStore,
    private readonly prefix: string,
    private readonly doc: Y.Doc,
  ) {
    this.#losses = store.losses;
  }

  /** Put what is kept into `doc` (with `origin`), and keep what it becomes. Never rejects. */
  static async open(store: LocalStore, prefix: string, doc: Y.Doc, origin: unknown): Promise<LocalCopy> {
    const copy = new LocalCopy(store, prefix, doc);
    // What was written before, and is while the rows are read, is kept as well.
    if (doc.store.clients.size > 0) copy.#add(Y.encodeStateAsUpdate(doc));
    doc.on('update', copy.#hear);
    const rows = await store.entries<Uint8Array>('copies', prefix).catch(() => []);
    copy.#reading = true;
    try {
      Y.transact(doc, () => rows.forEach(([, update]) => Y.applyUpdate(doc, update, origin)), origin, false);
    } catch (error) {
      console.warn('The copy of a document in this browser cannot be read; the hub has it.', error);
      copy.#behind = true;
    }
    copy.#reading = false;
    copy.#rows = rows.map(([key]) => key);
    copy.#bytes = rows.reduce((sum, [, update]) => sum + update.length, 0);
    return copy;
  }

  /** Write now what is not written yet. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async close(): Promise<void> {
    this.doc.off('update', this.#hear);
    await this.flush();
    clearTimeout(this.#timer);
  }

  /** Close and forget it. */
  async erase(): Promise<void> {
    this.doc.off('update', this.#hear);
    clearTimeout(this.#timer);
    await this.#writing;
    await this.store.deleteCopies(this.prefix).catch(() => undefined);
  }

  #add(update: Uint8Array): void {
    if (this.#reading) return;
    this.#updates.push(update);
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_MS);
  }

  async #write(): Promise<void> {
    if (this.#updates.length === 0 && !this.#behind) return;
    const updates = this.#updates;
    this.#updates = [];
    if (this.#behind && Date.now() - this.#triedAt < BROKEN_MS) return;
    const gap = this.#behind || this.#losses !== this.store.losses;
    const many = this.#rows.length >= MAX_ROWS || this.#bytes > Math.max(FEW_BYTES, this.#wholeBytes);
    const whole = gap || many;
    this.#triedAt = Date.now();
    this.#losses = this.store.losses;
    const row = whole ? Y.encodeStateAsUpdate(this.doc) : Y.mergeUpdates(updates);
    const key = `${this.prefix}${this.#instance}\u0000${String(this.#made++).padStart(9, '0')}`;
    try {
      await this.store.replaceCopies(key, row, whole ? this.#rows : []);
    } catch {
      this.#behind = true;
      return;
    }
    this.#behind = false;
    this.#rows = whole ? [key] : [...this.#rows, key];
    this.#bytes = whole ? 0 : this.#bytes + row.length;
    if (whole) this.#wholeBytes = row.length;
  }
}
