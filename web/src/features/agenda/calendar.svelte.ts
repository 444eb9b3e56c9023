/** What is for this person in the days that are shown, kept true by events. */
import { api } from '../../api/client';
import type { HubState } from '../../state';
import { type ApiError, asApiError } from '../../wire/error';
import type { Agenda } from '../../wire/generated';
import { type Happening, happeningsOf } from './calendar';
import { addDays, here } from './when';

const GATHER_MS = 250;

export class CalendarStore {
  happenings: readonly Happening[] = $state.raw([]);
  status: 'loading' | 'ready' | 'error' = $state('loading');
  error: ApiError | null = $state.raw(null);
  /** There is more than fits; series are known from when until when (Unix ms). */
  more = $state(false);
  kept: readonly [number, number] | null = $state.raw(null);
  readonly #stop: () => void;
  #range: { first: string; last: string } | null = null;
  #soon: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  #shown: { first: string; last: string } | null = null;

  constructor(hub: Pick<HubState, 'onEvent'>) {
    this.#stop = hub.onEvent((event) => {
      if (event === null || event.type.startsWith('entry.') || event.type === 'member.set') this.#later();
    });
  }

  /** Show these days, the last of them among them. */
  show(first: string, last: string): void {
    if (this.#range?.first === first && this.#range.last === last) return;
    this.#range = { first, last };
    void this.load();
  }

  async load(): Promise<void> {
    if (!this.#range) return;
    const asked = ++this.#asked;
    const [first, last] = [new Date(`${this.#range.first}T00:00:00`), new Date(`${addDays(this.#range.last, 1)}T00:00:00`)];
    try {
      const found = await api.get<Agenda>(`/api/agenda?first=${first.getTime()}&last=${last.getTime()}&zone=${encodeURIComponent(here())}`);
      if (asked !== this.#asked) return;
      this.happenings = happeningsOf(found.occurrences, found.entries);
      this.more = found.more;
      this.kept = found.kept;
      this.status = 'ready';
      this.#shown = this.#range;
      this.error = null;
    } catch (thrown) {
      if (asked !== this.#asked) return;
      this.error = asApiError(thrown);
      // What is shown stays, unless other days are asked for.
      if (this.#shown !== this.#range) this.status = 'error';
    }
  }

  end(): void {
    this.#stop();
    clearTimeout(this.#soon);
  }

  #later(): void {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void this.load(), GATHER_MS);
  }
}
