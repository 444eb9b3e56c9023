/** One task or meeting, kept true by the events of its thread. */
import { api } from '../../api/client';
import type { ApiError } from '../../wire/error';
import { asApiError } from '../../wire/error';
import { entryOf } from '../../state/entries';
import type { HubState } from '../../state';
import type { Agenda, AgendaOccurrence, Entry, EntryRemoveData, EntrySetData, TimelineEvent } from '../../wire/generated';
import { here, instantOf } from './when';

const YEAR_MS = 366 * 86_400_000;

/** One moment of a series as it is now, from what it was; that again while the hub cannot be asked. */
export async function momentOf(entry: string, was: AgendaOccurrence): Promise<AgendaOccurrence> {
  const when = was.starts ?? was.ends;
  if (!when) return was;
  const middle = instantOf(when);
  try {
    const query = `first=${Math.max(0, middle - YEAR_MS / 2)}&last=${middle + YEAR_MS / 2}&zone=${encodeURIComponent(here())}`;
    const found = await api.get<Agenda>(`/api/agenda?${query}`);
    return found.occurrences.find((one) => one.entry === entry && one.occurrence === was.occurrence) ?? was;
  } catch {
    return was;
  }
}

export class LiveEntry {
  entry: Entry | null = $state.raw(null);
  error: ApiError | null = $state.raw(null);
  gone = $state(false);
  /** The seq of its removal, if it was heard. */
  #removedAt = 0;
  readonly #id: string;
  readonly #stop: () => void;

  constructor(hub: Pick<HubState, 'onEvent'>, id: string) {
    this.#id = id;
    this.#stop = hub.onEvent((event) => (event === null ? void this.load() : this.#take(event)));
    void this.load();
  }

  async load(): Promise<void> {
    this.error = null;
    try {
      const found = await api.get<Entry>(`/api/entries/${encodeURIComponent(this.#id)}`);
      if ((this.entry?.seq ?? 0) > found.seq || this.#removedAt > found.seq) return;
      this.entry = found;
      this.gone = false;
    } catch (thrown) {
      const error = asApiError(thrown);
      if (error.status === 404) this.gone = true;
      else if (!this.entry) this.error = error;
    }
  }

  end(): void {
    this.#stop();
  }

  #take(event: TimelineEvent): void {
    if (event.data == null || (event.data as { entry?: string }).entry !== this.#id) return;
    if (event.type === 'entry.remove' && (event.data as EntryRemoveData).entry === this.#id) {
      this.gone = true;
      this.#removedAt = event.seq;
    }
    if (event.type !== 'entry.set' || (this.entry?.seq ?? 0) >= event.seq) return;
    this.entry = entryOf(event, event.data as EntrySetData);
    this.gone = false;
  }
}
