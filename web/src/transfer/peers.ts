/**
 * The other tabs of this person: which of them are alive. Each holds a lock of its own as long as it is
 * there; whoever gets that lock knows that it is gone.
 *
 * Without Web Locks (no secure context, which the hub does not serve) each tab is on its own: it takes
 * over what it finds when it begins.
 */

/** `holdLock` of lib/tabs. */
export type HoldLock = (name: string, held: () => void) => () => void;

export class Peers {
  readonly #watched = new Map<string, () => void>();
  readonly #release: () => void;
  #closed = false;

  /** @param gone a tab that was watched is no more; once for each. */
  constructor(
    private readonly prefix: string,
    private readonly holdLock: HoldLock,
    readonly me: string,
    private readonly gone: (tab: string) => void,
  ) {
    this.#release = holdLock(prefix + me, () => undefined);
  }

  watch(tab: string): void {
    if (tab === this.me || this.#watched.has(tab) || this.#closed) return;
    let release: (() => void) | null = null;
    let dead = false;
    this.#watched.set(tab, () => release?.());
    release = this.holdLock(this.prefix + tab, () => {
      if (this.#closed) return;
      dead = true;
      this.gone(tab);
      release?.();
    });
    if (dead) release(); // it was free, and nobody keeps it
  }

  close(): void {
    this.#closed = true;
    for (const release of this.#watched.values()) release();
    this.#release();
  }
}
