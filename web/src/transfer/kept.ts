/**
 * What outlives the page: a record of each upload, and the bytes of small files or a handle to large
 * ones. Records are written together, a little later; never for a step of progress.
 */
import type { LocalStore } from '../lib/local-store';
import { type ItemError, type Picked } from './item';
import { SMALL_BYTES } from './order';
import type { Proof } from './proof';
import { UNREADABLE } from './verdict';

/** Bytes of small files that are kept, in all. */
const MOST_HELD_BYTES = 64 * 2 ** 20;
const WRITE_MS = 250;

/** `cancelled`: the hub has not heard of it yet. `done`: nobody was told yet. */
export type KeptState = 'waiting' | 'paused' | 'needs-file' | 'failed' | 'done' | 'cancelled';

export interface Kept {
  readonly id: string;
  readonly name: string;
  readonly path: string | null;
  readonly size: number;
  readonly type: string;
  /** When the file was last changed; null: whichever of this name is chosen. */
  readonly modified: number | null;
  readonly thread: string;
  readonly purpose: string | null;
  readonly addedAt: number;
  readonly batch: number;
  readonly order: number;
  /** The tab that has it. */
  readonly owner: string;
  readonly state: KeptState;
  readonly upload: string | null;
  readonly acknowledged: number;
  readonly error: ItemError | null;
  readonly proof: Proof;
  /** Whoever wants to know was told of `upload`. */
  readonly told: boolean;
  /** Forgotten as soon as it is done. */
  readonly released: boolean;
}

/** The bytes, or the way to them. */
export type Held = { readonly blob: Blob } | { readonly handle: FileSystemFileHandle };

export class KeptUploads {
  readonly #unwritten = new Map<string, Kept | null>();
  readonly #held = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<unknown> = Promise.resolve();
  #holding: Promise<unknown> = Promise.resolve();

  constructor(private readonly store: LocalStore) {}

  /** All of them, of every tab. @throws DOMException the browser does not say. */
  async load(): Promise<Kept[]> {
    const rows = await this.store.entries<Kept>('uploads', '');
    for (const [id, { size }] of rows) if (size <= SMALL_BYTES && !this.#held.has(id)) this.#held.set(id, size);
    return rows.map(([, kept]) => kept);
  }

  /** As it is written now. */
  async read(id: string): Promise<Kept | undefined> {
    return this.store.get<Kept>('uploads', id).catch(() => undefined);
  }

  /** Written soon. */
  put(kept: Kept): void {
    this.#unwritten.set(kept.id, kept);
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_MS);
  }

  delete(id: string): void {
    this.#held.delete(id);
    this.#unwritten.set(id, null);
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_MS);
  }

  /** Another tab has it now: what was not written must not be. */
  forget(id: string): void {
    this.#unwritten.delete(id);
    this.#held.delete(id);
  }

  /** Resolves when everything is written, or cannot be. Never rejects. */
  flush(): Promise<unknown> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const puts: [string, Kept][] = [];
    const gone: string[] = [];
    for (const [id, kept] of this.#unwritten) {
      if (kept) puts.push([id, kept]);
      else gone.push(id);
    }
    this.#unwritten.clear();
    // One after the other: what is written later must not be overtaken, nor a file come after its end.
    this.#writing = Promise.all([this.#writing, gone.length > 0 ? this.#holding : null]).then(() =>
      Promise.all([
        puts.length > 0 ? this.store.putAll('uploads', puts) : null,
        gone.length > 0 ? this.store.delete('uploads', gone) : null,
        gone.length > 0 ? this.store.delete('files', gone) : null,
      ]),
    );
    return this.#writing;
  }

  /** Keep what can be kept of the files themselves. Never rejects: what is not kept is asked for. */
  async hold(files: readonly (readonly [string, Picked])[]): Promise<void> {
    let held = [...this.#held.values()].reduce((sum, size) => sum + size, 0);
    const entries: [string, Held][] = [];
    for (const [id, { file, handle }] of files) {
      if (file.size <= SMALL_BYTES && held + file.size <= MOST_HELD_BYTES) {
        held += file.size;
        this.#held.set(id, file.size);
        entries.push([id, { blob: file }]);
      } else if (handle) entries.push([id, { handle }]);
    }
    const holding = this.#putFiles(entries);
    this.#holding = Promise.all([this.#holding, holding]);
    await holding;
  }

  /** A file that cannot be read takes the whole transaction with it, but not those of the others. */
  async #putFiles(entries: readonly [string, Held][]): Promise<void> {
    if (entries.length === 0) return;
    try {
      await this.store.putFiles(entries);
    } catch (error) {
      for (const [id] of entries) this.#held.delete(id);
      const unreadable = error instanceof DOMException && (UNREADABLE.has(error.name) || error.name === 'DataError');
      if (!unreadable || entries.length < 2) return;
      const half = entries.length >> 1;
      await this.#putFiles(entries.slice(0, half));
      await this.#putFiles(entries.slice(half));
    }
  }

  /** Whether the bytes are kept, or soon will be. */
  holds(id: string): boolean {
    return this.#held.has(id);
  }

  async held(id: string): Promise<Held | undefined> {
    return this.store.get<Held>('files', id).catch(() => undefined);
  }
}
