/**
 * Local edits of one document that the hub has not called durable: counted, and kept in the browser
 * so that neither a reload nor a crash loses them or their number.
 *
 * What is acknowledged within a tenth of a second (the usual case) is never written.
 */
import type { LocalStore } from '../lib/local-store';

const WRITE_MS = 100;

interface Row {
  readonly update: Uint8Array;
  key: string | null;
}

export class UnsentLog {
  /** The number of the last local edit. */
  last = 0;

  readonly #rows = new Map<number, Row>();
  readonly #prefix: string;
  readonly #instance = crypto.randomUUID?.() ?? String(Math.random());
  #adopted: [string, Uint8Array][] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(
    private readonly store: LocalStore,
    document: string,
    lineage: string,
  ) {
    this.#prefix = prefixOf(document, lineage);
  }

  get size(): number {
    return this.#rows.size + this.#adopted.length;
  }

  /** Edits that earlier visits or other tabs left behind; from now on they count as ours. */
  async adopt(): Promise<Uint8Array[]> {
    this.#adopted = await this.store.entries<Uint8Array>('unsent', this.#prefix).catch(() => []);
    return this.#adopted.map(([, update]) => update);
  }

  /** What is not on the hub's disk, as far as known. */
  get updates(): Uint8Array[] {
    return [...this.#adopted.map(([, update]) => update), ...[...this.#rows.values()].map(({ update }) => update)];
  }

  /** Note a local edit; returns its number. */
  add(update: Uint8Array): number {
    this.#rows.set(++this.last, { update, key: null });
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_MS);
    return this.last;
  }

  /** Edits up to number `upTo` are on the hub's disk; with `adopted`, those of earlier visits too. */
  acknowledge(upTo: number, adopted: boolean): void {
    const written: string[] = [];
    for (const [number, row] of this.#rows) {
      if (number > upTo) break;
      if (row.key !== null) written.push(row.key);
      this.#rows.delete(number);
    }
    if (adopted) {
      written.push(...this.#adopted.map(([key]) => key));
      this.#adopted = [];
    }
    this.#erase(written);
  }

  /** Write now what is not written yet (before the page goes). */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const writes: Promise<void>[] = [];
    for (const [number, row] of this.#rows) {
      if (row.key !== null) continue;
      row.key = `${this.#prefix}${this.#instance}\u0000${String(number).padStart(12, '0')}`;
      writes.push(this.store.put('unsent', row.key, row.update));
    }
    await Promise.all(writes);
  }

  /** Forget everything: the hub refused it, or it became a private copy. */
  discard(): void {
    const keys = [...this.#rows.values()].flatMap((row) => row.key ?? []);
    this.#erase([...keys, ...this.#adopted.map(([key]) => key)]);
    this.#rows.clear();
    this.#adopted = [];
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.flush();
  }

  #erase(keys: readonly string[]): void {
    if (keys.length > 0) void this.store.delete('unsent', keys);
  }
}

function prefixOf(document: string, lineage: string): string {
  return `${document}\u0000${lineage}\u0000`;
}
