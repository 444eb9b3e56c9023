/** What is for this person today and soon, kept true by events while it is shown. */
import { api } from '../../api/client';
import { applyToEntries, type Entries, learnEntries, NO_ENTRIES } from '../../state/entries';
import type { HubState } from '../../state';
import { type ApiError, asApiError } from '../../wire/error';
import type { Agenda, AgendaOccurrence, Entry, Tasks, TimelineEvent } from '../../wire/generated';
import { here } from './when';

const DAYS = 8;
const GATHER_MS = 300;
/** Series and days go on without an event. */
const AGAIN_MS = 10 * 60_000;

export interface Meeting {
  readonly entry: Entry;
  readonly occurrence: AgendaOccurrence;
}

export class DayStore {
  tasks: Entries = $state.raw(NO_ENTRIES);
  meetings: readonly Meeting[] = $state.raw([]);
  status: 'loading' | 'ready' | 'error' = $state('loading');
  error: ApiError | null = $state.raw(null);
  more = $state(false);
  readonly #me: string;
  readonly #stop: () => void;
  readonly #again: ReturnType<typeof setInterval>;
  #soon: ReturnType<typeof setTimeout> | undefined;
  #asking = 0;
  #asked = 0;
  #meanwhile: TimelineEvent[] = [];

  constructor(hub: Pick<HubState, 'onEvent' | 'me'>) {
    this.#me = hub.me.uid;
    this.#stop = hub.onEvent((event) => (event === null ? this.#later() : this.#take(event)));
    this.#again = setInterval(() => this.#later(), AGAIN_MS);
    void this.load();
  }

  async load(): Promise<void> {
    if (this.#asking++ === 0) this.#meanwhile = [];
    const number = ++this.#asked;
    const midnight = new Date();
    midnight.setHours(0, 0, 0, 0);
    const last = new Date(midnight.getFullYear(), midnight.getMonth(), midnight.getDate() + DAYS);
    try {
      const [tasks, agenda] = await Promise.all([
        api.get<Tasks>('/api/tasks'),
        api.get<Agenda>(`/api/agenda?first=${midnight.getTime()}&last=${last.getTime()}&zone=${encodeURIComponent(here())}`),
      ]);
      if (number !== this.#asked) return;
      this.tasks = this.#mine(learnEntries(NO_ENTRIES, tasks.entries, this.#meanwhile));
      this.more = tasks.more || agenda.more;
      this.meetings = meetingsOf(agenda);
      this.status = 'ready';
      this.error = null;
    } catch (thrown) {
      this.error = asApiError(thrown);
      if (this.status === 'loading') this.status = 'error';
    } finally {
      this.#asking--;
    }
  }

  end(): void {
    this.#stop();
    clearInterval(this.#again);
    clearTimeout(this.#soon);
  }

  #take(event: TimelineEvent): void {
    if (event.type === 'member.set') this.#later();
    if (!event.type.startsWith('entry.') || event.data == null) return;
    if (this.#asking > 0) this.#meanwhile.push(event);
    if ((event.data as Entry).kind === 'task') this.tasks = this.#mine(applyToEntries(this.tasks, event));
    else this.#later();
  }

  /** Soon, once for many. */
  #later(): void {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void this.load(), GATHER_MS);
  }

  #mine(entries: Entries): Entries {
    return new Map([...entries].filter(([, one]) => one.kind === 'task' && one.state !== 'cancelled' && isFor(one, this.#me)));
  }
}

function meetingsOf({ occurrences, entries }: Agenda): Meeting[] {
  const known = new Map(entries.map((one) => [one.entry, one]));
  return occurrences.flatMap((occurrence) => {
    const entry = known.get(occurrence.entry);
    return entry?.kind === 'event' && occurrence.state !== 'cancelled' && entry.state !== 'cancelled' ? [{ entry, occurrence }] : [];
  });
}

/** Asked of somebody; what is asked of nobody is its maker's. */
export function isFor(entry: Entry, uid: string): boolean {
  const asked = (entry.people ?? []).filter((one) => one.uid != null);
  return asked.length > 0 ? asked.some((one) => one.uid === uid) : entry.created_by === uid;
}
