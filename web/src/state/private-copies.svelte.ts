/**
 * Words of a document that are in nobody's document any more: kept in this browser, and shown, until
 * the person takes or dismisses them.
 */
import type { LocalStore } from '../lib/local-store';
import type { PrivateCopy, PrivateKind } from './types';

interface Row {
  /** Rows of before had none. */
  readonly kind?: PrivateKind;
  readonly count: number;
  readonly text: string;
}

export class PrivateCopies {
  /** One of each kind, the oldest first. */
  shown: readonly PrivateCopy[] = $state.raw([]);

  /** By key of the store, which is in order of time. */
  readonly #rows = new Map<string, Required<Row>>();

  readonly #keys = new WeakMap<PrivateCopy, string[]>();

  constructor(
    private readonly store: LocalStore,
    private readonly document: string,
  ) {}

  /** What earlier visits and other tabs kept. */
  async recall(): Promise<void> {
    const { store, document } = this;
    const rows = await store.entries<Row>('private', `${document}\u0000`).catch(() => []);
    // Of a version that kept one for each document.
    const old = await store.get<Row>('private', document).catch(() => undefined);
    for (const [key, row] of old ? [[document, old] as const, ...rows] : rows) {
      this.#rows.set(key, { kind: row.count === 0 ? 'deleted' : 'refused', ...row });
    }
    this.#show();
  }

  keep(kind: PrivateKind, count: number, text: string): void {
    if (text === '' || [...this.#rows.values()].some((row) => row.kind === kind && row.text === text)) return;
    const key = `${this.document}\u0000${Date.now().toString().padStart(15, '0')}-${crypto.randomUUID?.() ?? String(Math.random())}`;
    const row = { kind, count, text };
    this.#rows.set(key, row);
    void this.store.put('private', key, row);
    this.#show();
  }

  /** What was shown so goes, and not what came since. */
  dismiss(copy: PrivateCopy): void {
    const keys = this.#keys.get(copy) ?? [];
    for (const key of keys) this.#rows.delete(key);
    void this.store.delete('private', keys);
    this.#show();
  }

  #show(): void {
    const byKind = new Map<PrivateKind, [string, PrivateCopy][]>();
    for (const [key, row] of [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1))) {
      byKind.set(row.kind, [...(byKind.get(row.kind) ?? []), [key, row]]);
    }
    this.shown = [...byKind].map(([kind, rows]) => {
      const count = rows.reduce((sum, [, row]) => sum + row.count, 0);
      const copy = { kind, count, text: rows.map(([, row]) => row.text).join('\n\n') };
      this.#keys.set(copy, rows.map(([key]) => key));
      return copy;
    });
  }
}
