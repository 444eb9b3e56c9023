/**
 * Yjs client ids the hub leased to this person, per document; each Y.Doc instance burns one.
 *
 * Two tabs can never take the same id: taking is one transaction of the local store. An id is never
 * given back, because edits under it may lie in some tab's store.
 *
 * Source: DESIGN section 6, "Authorship".
 */
import type { LocalStore } from '../lib/local-store';

/** Asked for at once. */
const BLOCK = 16;
/** Topped up below this, so that some are left for working offline. */
const LOW = 8;

export class AuthorIds {
  /**
   * @param lease asks the hub; rejects when it cannot.
   * @param lock lets one tab ask at a time.
   */
  constructor(
    private readonly store: LocalStore,
    private readonly lease: (document: string, count: number) => Promise<readonly number[]>,
    private readonly lock: <T>(name: string, task: () => Promise<T>) => Promise<T>,
  ) {}

  /** An id kept here, without asking the hub; null when none is left. */
  async takeKept(document: string): Promise<number | null> {
    return this.store
      .update<readonly number[], number | null>('leases', document, (ids = []) => ({
        value: ids.slice(1),
        result: ids[0] ?? null,
      }))
      .catch(() => null); // what could not be struck off another tab may take, too
  }

  /** An id, kept or newly leased. Rejects with the hub's refusal. */
  async take(document: string): Promise<number> {
    const kept = await this.takeKept(document);
    if (kept !== null) return kept;
    await this.#refill(document, 1);
    const fresh = await this.takeKept(document);
    if (fresh !== null) return fresh;
    // Another tab took them all, or this browser keeps none: ask for this one alone.
    const [id] = await this.lease(document, 1);
    if (id === undefined) throw new Error('The hub leased no id.');
    return id;
  }

  /** Ask for more when few are left. Never rejects. */
  async topUp(document: string): Promise<void> {
    await this.#refill(document, LOW).catch(() => undefined);
  }

  async #refill(document: string, least: number): Promise<void> {
    await this.lock(`hub.lease.${document}`, async () => {
      // Written, too: what this browser does not keep would be leased for nothing, each time.
      const kept = await this.store
        .update<readonly number[], number>('leases', document, (ids = []) => ({ value: ids, result: ids.length }))
        .catch(() => null);
      if (kept === null || kept >= least) return;
      const leased = await this.lease(document, BLOCK);
      await this.store
        .update<readonly number[], void>('leases', document, (ids = []) => ({ value: [...ids, ...leased], result: undefined }))
        .catch(() => undefined); // full: those that are there are good all the same
    });
  }
}
