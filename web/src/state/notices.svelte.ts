/** Reminders that are due and were not seen: as the hub has them at every connect, and as it tells. */
import { api } from '../api/client';
import type { Notice, Notices as Told } from '../wire/generated';

export class Notices {
  /** The oldest first. */
  list: readonly Notice[] = $state.raw([]);
  readonly #due: (notice: Notice) => void;
  /** Seen here: what was asked before does not bring them back. */
  readonly #seen = new Set<string>();

  /** @param due hears of one that was not known. */
  constructor(due: (notice: Notice) => void) {
    this.#due = due;
  }

  async load(): Promise<void> {
    const { notices } = await api.get<Told>('/api/notices');
    for (const one of notices) this.take(one);
  }

  take(notice: Notice): void {
    if (this.#seen.has(notice.notice) || this.list.some((one) => one.notice === notice.notice)) return;
    this.list = [...this.list, notice].sort((a, b) => a.at - b.at);
    this.#due(notice);
  }

  /** It was seen, here or elsewhere. */
  gone(notice: string): void {
    this.#seen.add(notice);
    this.list = this.list.filter((one) => one.notice !== notice);
  }
}
