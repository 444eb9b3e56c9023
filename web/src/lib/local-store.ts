/**
 * What this browser keeps for one person: tables of values under string keys, in IndexedDB.
 *
 * Words are never lost to a browser that does not take them (full, forbidden) or takes them away: what
 * could not be written stays in this page, is read from there, and is written as soon as can be.
 * `keeps` says whether that is so. Copies of what the hub has may be lost, and are not held here.
 */
import { Database, deleteDatabase, settled } from './database';

/**
 * What a sign-out removes from the browser, but for drafts: `all`, or `copies` of what the hub has,
 * which leaves the words that another tab may have.
 */
export type Erases = 'all' | 'copies';

export type Table = 'outbox' | 'ticks' | 'leases' | 'unsent' | 'documents' | 'private' | 'copies' | 'uploads' | 'files';
const TABLES: readonly Table[] = ['outbox', 'ticks', 'leases', 'unsent', 'documents', 'private', 'copies', 'uploads', 'files'];
/** What the hub does not have: held in this page too, in case the browser takes it away. */
const WORDS: ReadonlySet<Table> = new Set(['outbox', 'ticks', 'unsent', 'private', 'uploads']);
/** What may go when no words are left: not `files`, whose `uploads` another tab may have. */
const COPIES: readonly Table[] = TABLES.filter((table) => !WORDS.has(table) && table !== 'files');
const VERSION = 4;
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
globalThis.addEventListener?.('beforeunload', (event) => {
  if (leftovers.size > 0) event.preventDefault(); // the browser asks whether to go
});

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
  /** What is still written: all of it, words only, or nothing. */
  #takes: 'all' | 'words' | 'nothing' = 'all';

  /** @param changed called when `keeps` changes. */
  constructor(
    private readonly uid: string,
    changed: () => void = () => undefined,
  ) {
    this.#unkept = leftovers.get(uid) ?? new Map();
    leftovers.delete(uid);
    this.keeps = this.#unkept.size === 0;
    this.#database = new Database(storeName(uid), VERSION, TABLES, () => this.#lost());
    this.#changed = changed;
    for (const row of this.#unkept.values()) this.#hold(row);
    void this.#writeRows([...this.#unkept.values()]);
  }

  /** @throws DOMException when the browser does not give what may be there. */
  async get<T>(table: Table, key: string): Promise<T | undefined> {
    const unkept = this.#unkept.get(idOf(table, key));
    if (unkept) return unkept.value as T | undefined;
    const value = await this.#read<T | undefined>(undefined, table, (store) => settled(store.get(key) as IDBRequest<T | undefined>));
    if (value !== undefined) this.#hold({ table, key, value });
    // The browser may have taken everything away just now.
    return value ?? (this.#unkept.get(idOf(table, key))?.value as T | undefined);
  }

  /**
   * Entries whose key begins with `prefix`, in key order.
   *
   * @throws DOMException as `get`.
   */
  async entries<T>(table: Table, prefix: string): Promise<[string, T][]> {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    const rows = await this.#read<[string, T][]>([], table, (store) => rowsOf<T>(store, range));
    const found = new Map(rows);
    for (const row of this.#words.values()) {
      // Another tab may have removed it since.
      if (row.table === table && row.key.startsWith(prefix) && !found.has(row.key)) this.#words.delete(idOf(table, row.key));
    }
    for (const [key, value] of found) if (!this.#unkept.has(idOf(table, key))) this.#hold({ table, key, value });
    for (const one of this.#unkept.values()) {
      if (one.table !== table || !one.key.startsWith(prefix)) continue;
      this.#hold(one);
      if (one.value === undefined) found.delete(one.key);
      else found.set(one.key, one.value as T);
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Resolves when the value is kept, or could not be: then it is held here. Never rejects. */
  put(table: Table, key: string, value: unknown): Promise<void> {
    return this.#keep([{ table, key, value }]);
  }

  /** As `put`, of several in one transaction. */
  putAll(table: Table, entries: readonly (readonly [string, unknown])[]): Promise<void> {
    return this.#keep(entries.map(([key, value]) => ({ table, key, value })));
  }

  /**
   * Keep bytes of files, or handles to them, in one transaction. They are large, so that they must not
   * stand in the way of words where the browser has no room.
   *
   * @throws DOMException when it is not kept; nothing is held here.
   */
  putFiles(entries: readonly (readonly [string, unknown])[]): Promise<void> {
    return this.#write(['files'], (transaction) => {
      const store = transaction.objectStore('files');
      for (const [key, value] of entries) store.put(value, key);
      transaction.commit?.();
    });
  }

  /** As `put`. */
  delete(table: Table, keys: readonly string[]): Promise<void> {
    return this.#keep(keys.map((key) => ({ table, key, value: undefined })));
  }

  /**
   * Read and write in one transaction, which no other tab comes between; `change` must not await.
   *
   * @throws DOMException when it is not kept: then nothing has changed.
   */
  async update<T, R>(table: Table, key: string, change: (value: T | undefined) => { value: T | undefined; result: R }): Promise<R> {
    let result: { is: R } | undefined;
    await this.#write([table], (transaction) => {
      const store = transaction.objectStore(table);
      const request = store.get(key) as IDBRequest<T | undefined>;
      request.onsuccess = () => {
        const changed = change(request.result);
        result = { is: changed.result };
        apply(store, { table, key, value: changed.value });
      };
    });
    if (!result) throw new DOMException('Nothing was read.', 'AbortError');
    return result.is;
  }

  /**
   * Write what may be lost, and remove what it replaces, in one transaction.
   *
   * @throws DOMException when it is not kept; nothing is held here.
   */
  replaceCopies(key: string, value: Uint8Array, replaced: readonly string[]): Promise<void> {
    return this.#write(['copies'], (transaction) => {
      const store = transaction.objectStore('copies');
      store.put(value, key);
      for (const one of replaced) store.delete(one);
      transaction.commit?.();
    });
  }

  /** Forget copies. @throws DOMException as `replaceCopies`. */
  deleteCopies(prefix: string): Promise<void> {
    return this.#write(['copies'], (transaction) => {
      transaction.objectStore('copies').delete(IDBKeyRange.bound(prefix, `${prefix}\uffff`));
    });
  }

  /** Let go, after a last attempt to write what is only here. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#writeRows([...this.#unkept.values()]);
    if (this.#unkept.size > 0) leftovers.set(this.uid, this.#unkept);
    this.#database.close();
  }

  /** Remove this from the browser for the person; what comes later is not written. */
  async erase(what: Erases): Promise<void> {
    this.#letGo();
    if (what === 'all') {
      await this.#database.erase();
      return;
    }
    // Another tab may have words, and be writing them just now.
    await this.#database
      .write(COPIES, (transaction) => COPIES.forEach((table) => transaction.objectStore(table).clear()))
      .catch(() => undefined);
    this.#database.close();
  }

  /**
   * Another tab removed this. That is not done again: the person may be back, and have written since.
   * After `copies` only words are written from now on.
   */
  async forget(what: Erases): Promise<void> {
    if (what === 'copies') {
      if (this.#takes === 'all') this.#takes = 'words';
      return;
    }
    const mine = [...this.#words.values()].map((row) => ({ ...row, value: undefined }));
    const tables = [...new Set(mine.map((row) => row.table))];
    this.#letGo();
    if (mine.length > 0) {
      await this.#database
        .write(tables, (transaction) => mine.forEach((row) => apply(transaction.objectStore(row.table), row)))
        .catch(() => undefined);
    }
    this.#database.close();
  }

  #letGo(): void {
    this.#closed = true;
    this.#takes = 'nothing';
    clearTimeout(this.#retry);
    this.#unkept.clear();
    this.#words.clear();
  }

  async #read<T>(nothing: T, table: Table, ask: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    // Who believed that nothing was there would drop what they have.
    if (this.#takes === 'nothing') throw new DOMException('This store was erased.', 'InvalidStateError');
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

  async #write(tables: readonly Table[], change: (transaction: IDBTransaction) => void): Promise<void> {
    if (this.#takes === 'nothing' || (this.#takes === 'words' && !tables.every((table) => WORDS.has(table)))) {
      throw new DOMException('This store was erased.', 'InvalidStateError');
    }
    await this.#database.write(tables, change);
  }

  async #keep(given: readonly Row[]): Promise<void> {
    if (this.#takes === 'nothing') {
      if (given.some((row) => row.value !== undefined && WORDS.has(row.table))) this.#setKeeps(false);
      return;
    }
    const rows = this.#takes === 'words' ? given.filter((row) => WORDS.has(row.table)) : given;
    if (rows.length === 0) return;
    for (const row of rows) {
      this.#unkept.set(idOf(row.table, row.key), row);
      this.#hold(row);
    }
    await this.#writeRows(rows);
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
    void this.#writeRows([...this.#unkept.values()]);
  }

  async #writeRows(rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    try {
      await this.#write([...new Set(rows.map((row) => row.table))], (transaction) => {
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
    if (this.#unkept.size > 0) return;
    clearTimeout(this.#retry);
    this.#setKeeps(true);
  }

  #tryLater(): void {
    if (this.#closed) return;
    clearTimeout(this.#retry);
    const waitMs = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** this.#attempts++);
    this.#retry = setTimeout(() => void this.#writeRows([...this.#unkept.values()]), waitMs);
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

async function rowsOf<T>(store: IDBObjectStore, range: IDBKeyRange): Promise<[string, T][]> {
  const [keys, values] = await Promise.all([settled(store.getAllKeys(range)), settled(store.getAll(range) as IDBRequest<T[]>)]);
  return keys.map((key, index) => [key as string, values[index] as T]);
}

function apply(store: IDBObjectStore, { key, value }: Row): void {
  if (value === undefined) store.delete(key);
  else store.put(value, key);
}
