/**
 * What this browser keeps for one person: tables of values under string keys, in IndexedDB.
 *
 * Where IndexedDB is forbidden (some private windows) the same tables live in memory and `durable`
 * is false. Never holds document content; y-indexeddb does.
 */

export type Table = 'outbox' | 'leases' | 'unsent' | 'documents';
const TABLES: readonly Table[] = ['outbox', 'leases', 'unsent', 'documents'];
const VERSION = 1;

export interface LocalStore {
  /** False: everything is forgotten with the page. */
  readonly durable: boolean;
  get<T>(table: Table, key: string): Promise<T | undefined>;
  put(table: Table, key: string, value: unknown): Promise<void>;
  delete(table: Table, keys: readonly string[]): Promise<void>;
  /** Entries whose key begins with `prefix`, in key order. */
  entries<T>(table: Table, prefix: string): Promise<[string, T][]>;
  /** Read and write in one transaction; `change` is called once and must not await. */
  update<T, R>(table: Table, key: string, change: (value: T | undefined) => { value: T | undefined; result: R }): Promise<R>;
  close(): void;
  /** Remove everything of this person from the browser. */
  erase(): Promise<void>;
}

/** Open the store of a person; never rejects. */
export async function openLocalStore(uid: string): Promise<LocalStore> {
  try {
    return new IndexedDbStore(storeName(uid), await openDatabase(storeName(uid)));
  } catch {
    return new MemoryStore();
  }
}

export function storeName(uid: string): string {
  return `hub:${uid}`;
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, VERSION);
    request.onupgradeneeded = () => {
      for (const table of TABLES) {
        if (!request.result.objectStoreNames.contains(table)) request.result.createObjectStore(table);
      }
    };
    request.onsuccess = () => {
      // Another tab erases or upgrades: let it.
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('blocked'));
  });
}

class IndexedDbStore implements LocalStore {
  readonly durable = true;

  constructor(
    private readonly name: string,
    private readonly database: IDBDatabase,
  ) {}

  get<T>(table: Table, key: string): Promise<T | undefined> {
    return settle(this.#table(table, 'readonly').get(key) as IDBRequest<T | undefined>);
  }

  async put(table: Table, key: string, value: unknown): Promise<void> {
    await settle(this.#table(table, 'readwrite').put(value, key));
  }

  async delete(table: Table, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const store = this.#table(table, 'readwrite');
    await Promise.all(keys.map((key) => settle(store.delete(key))));
  }

  async entries<T>(table: Table, prefix: string): Promise<[string, T][]> {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    const store = this.#table(table, 'readonly');
    const [keys, values] = await Promise.all([
      settle(store.getAllKeys(range)),
      settle(store.getAll(range) as IDBRequest<T[]>),
    ]);
    return keys.map((key, index) => [key as string, values[index] as T]);
  }

  update<T, R>(table: Table, key: string, change: (value: T | undefined) => { value: T | undefined; result: R }): Promise<R> {
    return new Promise((resolve, reject) => {
      const store = this.#table(table, 'readwrite');
      let result: R;
      const request = store.get(key) as IDBRequest<T | undefined>;
      request.onsuccess = () => {
        const changed = change(request.result);
        result = changed.result;
        if (changed.value === undefined) store.delete(key);
        else store.put(changed.value, key);
      };
      store.transaction.oncomplete = () => resolve(result);
      store.transaction.onabort = () => reject(store.transaction.error);
      store.transaction.onerror = () => reject(store.transaction.error);
    });
  }

  close(): void {
    this.database.close();
  }

  async erase(): Promise<void> {
    this.database.close();
    await deleteDatabase(this.name);
  }

  #table(table: Table, mode: IDBTransactionMode): IDBObjectStore {
    return this.database.transaction(table, mode).objectStore(table);
  }
}

/** Remove a database; resolves also when another tab still holds it (it goes when that lets go). */
export function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = request.onerror = request.onblocked = () => resolve();
  });
}

function settle<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** The same tables without a disk. */
export class MemoryStore implements LocalStore {
  readonly durable = false;
  readonly #tables = new Map<Table, Map<string, unknown>>(TABLES.map((table) => [table, new Map()]));

  async get<T>(table: Table, key: string): Promise<T | undefined> {
    return this.#tables.get(table)?.get(key) as T | undefined;
  }

  async put(table: Table, key: string, value: unknown): Promise<void> {
    this.#tables.get(table)?.set(key, structuredClone(value));
  }

  async delete(table: Table, keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#tables.get(table)?.delete(key);
  }

  async entries<T>(table: Table, prefix: string): Promise<[string, T][]> {
    return [...(this.#tables.get(table) ?? [])]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1)) as [string, T][];
  }

  async update<T, R>(table: Table, key: string, change: (value: T | undefined) => { value: T | undefined; result: R }): Promise<R> {
    const { value, result } = change(this.#tables.get(table)?.get(key) as T | undefined);
    if (value === undefined) this.#tables.get(table)?.delete(key);
    else this.#tables.get(table)?.set(key, value);
    return result;
  }

  close(): void {}

  async erase(): Promise<void> {
    for (const table of this.#tables.values()) table.clear();
  }
}
