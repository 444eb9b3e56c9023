/** One task or meeting, kept true by the events of its thread. */
import { api } from '../../api/client';
import type { ApiError } from '../../wire/error';
import { asApiError } from '../../wire/error';
import { entryOf } from '../../state/entries';
import type { HubState } from '../../state';
import type { Entry, EntryRemoveData, EntrySetData, TimelineEvent } from '../../wire/generated';

export class LiveEntry {
  entry: Entry | null = $state.raw(null);
  error: ApiError | null = $state.raw(null);
  gone = $state(false);
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
      if ((this.entry?.seq ?? 0) <= found.seq) this.entry = found;
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
    if (event.type === 'entry.remove') this.gone = (event.data as EntryRemoveData).entry === this.#id;
    if (event.type !== 'entry.set' || (this.entry?.seq ?? 0) >= event.seq) return;
    this.entry = entryOf(event, event.data as EntrySetData);
    this.gone = false;
  }
}
