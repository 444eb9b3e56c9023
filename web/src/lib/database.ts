/**
 * One IndexedDB database: opened when it is needed, and opened again after the browser closed it
 * (evicted, cleared by the person, replaced by another tab).
 *
 * A write counts when its transaction is complete: a full disk shows itself there, after the
 * requests succeeded.
 */

/** Opening can wait forever for a tab that does not let go. */
const OPEN_MS = 5_000;

export class Database {
  /** It was open once in this page: a failure from now on hides something that may be there. */
  opened = false;
  #opening: Promise<IDBDatabase> | null = null;

  /** @param lost the browser took it away: what was in it may be gone. */
  constructor(
    readonly name: string,
    private readonly version: number,
    private readonly tables: readonly string[],
    private readonly lost: () => void,
  ) {}

  /** @throws DOMException when the browser does not let it be read. */
  read<T>(table: string, ask: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    return this.#attempt(async (database) => ask(database.transaction(table, 'readonly').objectStore(table)));
  }

  /**
   * Resolves when everything `change` asked for is kept.
   *
   * @throws DOMException `QuotaExceededError` and others: nothing of it is kept.
   */
  write(tables: readonly string[], change: (transaction: IDBTransaction) => void): Promise<void> {
    return this.#attempt(
      (database) =>
        new Promise<void>((resolve, reject) => {
          const transaction = database.transaction(tables, 'readwrite');
          transaction.oncomplete = () => resolve();
          transaction.onabort = () => reject(transaction.error ?? new DOMException('The write was given up.', 'AbortError'));
          change(transaction);
        }),
    );
  }

  close(): void {
    const opening = this.#opening;
    this.#opening = null;
    opening?.then((database) => database.close()).catch(() => undefined);
  }

  async erase(): Promise<void> {
    const opening = this.#opening;
    this.#opening = null;
    await opening?.then((database) => database.close()).catch(() => undefined);
    await deleteDatabase(this.name);
  }

  async #attempt<T>(task: (database: IDBDatabase) => Promise<T>): Promise<T> {
    const opening = (this.#opening ??= this.#open());
    let database: IDBDatabase;
    try {
      database = await opening;
    } catch (error) {
      this.#forget(opening);
      throw error;
    }
    try {
      return await task(database);
    } catch (error) {
      // Closing already, though nobody has said so yet: once more with a new connection.
      if (!(error instanceof DOMException) || error.name !== 'InvalidStateError' || this.#opening !== opening) throw error;
      this.#forget(opening);
      return task(await (this.#opening ??= this.#open()));
    }
  }

  #forget(opening: Promise<IDBDatabase>): void {
    if (this.#opening === opening) this.#opening = null;
  }

  #open(): Promise<IDBDatabase> {
    const opening = new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(this.name, this.version);
      const late = setTimeout(() => reject(new DOMException('The database did not open in time.', 'TimeoutError')), OPEN_MS);
      request.onupgradeneeded = () => {
        for (const table of this.tables) {
          if (!request.result.objectStoreNames.contains(table)) request.result.createObjectStore(table);
        }
      };
      request.onsuccess = () => {
        clearTimeout(late);
        const database = request.result;
        // Another tab erases or upgrades: let it.
        database.onversionchange = (event) => {
          database.close();
          this.#forget(opening);
          if (event.newVersion === null) this.lost();
        };
        // The browser took it away.
        database.onclose = () => {
          this.#forget(opening);
          this.lost();
        };
        // It may have, and not have said so yet.
        if (this.opened) this.lost();
        this.opened = true;
        resolve(database);
      };
      request.onerror = () => {
        clearTimeout(late);
        reject(request.error);
      };
    });
    return opening;
  }
}

/** What a request gives. */
export function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Remove a database; resolves also when another tab still holds it (it goes when that lets go). */
export function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = request.onerror = request.onblocked = () => resolve();
  });
}
