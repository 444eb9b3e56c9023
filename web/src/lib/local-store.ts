/**
 * What this browser keeps for one person: tables of values under string keys, in IndexedDB.
 *
 * Words are never lost to a browser that does not take them (full, forbidden) or takes them away: what
 * could not be written stays in this page, is read from there, and is written as soon as can be.
 * `keeps` says whether that is so. Copies of what the hub has may be lost, and are not held here.
 */
import { Database, deleteDatabase } from './database';

export type Table = 'outbox' | 'leases' | 'unsent' | 'documents' | 'private' | 'copies';
const TABLES: readonly Table[] = ['outbox', 'leases', 'unsent', 'documents', 'private', 'copies'];
/** What the hub does not have: held in this page too, in case the browser takes it away. */
const WORDS: ReadonlySet<Table> = new Set(['outbox', 'unsent', 'private']);
const VERSION = 2;
const RETRY_MS = 200;
const MAX_RETRY_MS = 10_000;
/** A database that was just closed may not open at once. */
const READS = 3;

interface Row {
  readonly table: Table;
  readonly key: string;
  /** undefined: to be deleted. */
  readonly value: unknown;
}

/** By person: what no browser took before its store was closed. It waits in this page for the next. */
const leftovers = new Map<string, Map<string, Row>>();

export class LocalStore {
  /** False while something is in this page only: it would be lost with the page. */
  keeps = true;
  /** So many times the browser took everything away. */
  losses = 0;

  readonly #database: Database;
  readonly #changed: () => void;
  /** On their way into the browser, or not able to get there. */
  readonly #unkept: Map<string, Row>;
  readonly #words = new Map<string, Row>();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  #closed = false;

  /** @param changed called when `keeps` changes. */
  constructor(
    private readonly uid: string,
    changed: () => void = () => undefined,
  ) {
    this.#unkept = leftovers.get(uid) ?? new Map();
    leftovers.delete(uid);
    this.#database = new Database(storeName(uid), VERSION, TABLES, () => this.#lost());
    this.#changed = changed;
    for (const row of this.#unkept.values()) this.#hold(row);
    if (this.#unkept.size > 0) void this.#write([...this.#unkept.values()]);
  }

  /** @throws DOMException when the browser does not give what may be there. */
  async get<T>(table: Table, key: string): Promise<T | undefined> {
    const unkept = this.#unkept.get(idOf(table, key));
    if (unkept) return unkept.value as T | undefined;
    const value = await this.#read<T | undefined>(undefined, table, (store) => store.get(key) as IDBRequest<T | undefined>);
    if (value !== undefined) this.#hold({ table, key, value });
    return value;
  }

  /**
   * Entries whose key begins with `prefix`, in key order.
   *
   * @throws DOMException as `get`.
   */
  async entries<T>(table: Table, prefix: string): Promise<[string, T][]> {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    const [keys, values] = await Promise.all([
      this.#read<IDBValidKey[]>([], table, (store) => store.getAllKeys(range)),
      this.#read<T[]>([], table, (store) => store.getAll(range) as IDBRequest<T[]>),
    ]);
    const found = new Map(keys.map((key, index) => [key as string, values[index] as T]));
    for (const [key, value] of found) this.#hold({ table, key, value });
    for (const one of this.#unkept.values()) {
      if (one.table !== table || !one.key.startsWith(prefix)) continue;
      if (one.value === undefined) found.delete(one.key);
      else found.set(one.key, one.value as T);
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Resolves when the value is kept, or could not be: then it is held here. Never rejects. */
  put(table: Table, key: string, value: unknown): Promise<void> {
    return this.#keep([{ table, key, value }]);
  }

  /** As `put`. */
  delete(table: Table, keys: readonly string[]): Promise<void> {
    return this.#keep(keys.map((key) => ({ table, key, value: undefined })));
  }

  /** Read and write in one transaction; `change` is called once and must not await. Never rejects. */
  async update<T, R>(table: Table, key: string, change: (value: T | undefined) => { value: T | undefined; result: R }): Promise<R> {
    const unkept = this.#unkept.get(idOf(table, key));
    let changed: { value: T | undefined; result: R } | undefined;
    if (!unkept) {
      try {
        await this.#database.write([table], (transaction) => {
          const store = transaction.objectStore(table);
          const request = store.get(key) as IDBRequest<T | undefined>;
          request.onsuccess = () => {
            changed ??= change(request.result);
            apply(store, { table, key, value: changed.value });
          };
        });
        if (changed) return changed.result;
      } catch {
        // Held here, below.
      }
    }
    changed ??= change(unkept?.value as T | undefined);
    await this.#keep([{ table, key, value: changed.value }]);
    return changed.result;
  }

  /**
   * Write what may be lost, and remove what it replaces, in one transaction.
   *
   * @throws DOMException when it is not kept; nothing is held here.
   */
  replaceCopies(key: string, value: Uint8Array, replaced: readonly string[]): Promise<void> {
    return this.#database.write(['copies'], (transaction) => {
      const store = transaction.objectStore('copies');
      store.put(value, key);
      for (const one of replaced) store.delete(one);
      transaction.commit?.();
    });
  }

  /** Forget copies. @throws DOMException as `replaceCopies`. */
  deleteCopies(prefix: string): Promise<void> {
    return this.#database.write(['copies'], (transaction) => {
      transaction.objectStore('copies').delete(IDBKeyRange.bound(prefix, `${prefix}\uffff`));
    });
  }

  /** Let go, after a last attempt to write what is only here. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    if (this.#unkept.size > 0) await this.#write([...this.#unkept.values()]);
    if (this.#unkept.size > 0) leftovers.set(this.uid, this.#unkept);
    this.#database.close();
  }

  /** Remove everything of this person from the browser. */
  async erase(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#unkept.clear();
    this.#words.clear();
    await this.#database.erase();
  }

  async #read<T>(nothing: T, table: Table, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#database.read(table, ask);
      } catch (error) {
        const forbidden = !(error instanceof DOMException) || error.name === 'SecurityError';
        if (!forbidden && attempt < READS) {
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS * attempt));
          continue;
        }
        if (this.#database.opened) throw error;
        return nothing;
      }
    }
  }

  async #keep(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    for (const row of rows) {
      this.#unkept.set(idOf(row.table, row.key), row);
      this.#hold(row);
    }
    await this.#write(rows);
  }

  #hold(row: Row): void {
    if (!WORDS.has(row.table)) return;
    const id = idOf(row.table, row.key);
    if (row.value === undefined) this.#words.delete(id);
    else this.#words.set(id, row);
  }

  #lost(): void {
    if (this.#closed) return;
    this.losses++;
    for (const [id, row] of this.#words) if (!this.#unkept.has(id)) this.#unkept.set(id, row);
    if (this.#unkept.size > 0) void this.#write([...this.#unkept.values()]);
  }

  async #write(rows: readonly Row[]): Promise<void> {
    try {
      await this.#database.write([...new Set(rows.map((row) => row.table))], (transaction) => {
        for (const row of rows) apply(transaction.objectStore(row.table), row);
        transaction.commit?.(); // complete also when the page goes now
      });
    } catch {
      this.#setKeeps(false);
      this.#tryLater();
      return;
    }
    for (const row of rows) {
      const id = idOf(row.table, row.key);
      if (this.#unkept.get(id) === row) this.#unkept.delete(id);
    }
    this.#attempts = 0;
    if (this.#unkept.size === 0) this.#setKeeps(true);
  }

  #tryLater(): void {
    if (this.#closed) return;
    clearTimeout(this.#retry);
    const waitMs = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** this.#attempts++);
    this.#retry = setTimeout(() => void this.#write([...this.#unkept.values()]), waitMs);
  }

  #setKeeps(keeps: boolean): void {
    if (this.keeps === keeps) return;
    this.keeps = keeps;
    this.#changed();
  }
}

/** Earlier versions kept each document in a database of its own; the hub has what is in them. */
export async function dropOldCopies(uid: string): Promise<void> {
  const names = (await indexedDB.databases?.().catch(() => [])) ?? [];
  const old = names.flatMap((one) => (one.name?.startsWith(`hub-document:${uid}:`) ? one.name : []));
  await Promise.all(old.map((name) => deleteDatabase(name)));
}

export function storeName(uid: string): string {
  return `hub:${uid}`;
}

function idOf(table: Table, key: string): string {
  return `${table}\u0000${key}`;
}

function apply(store: IDBObjectStore, { key, value }: Row): void {
  if (value === undefined) store.delete(key);
  else store.put(value, key);
}
