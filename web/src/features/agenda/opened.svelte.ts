/** The task or meeting that is being looked at or made: one dialog for all places that show some. */
import type { AgendaOccurrence, EntrySource } from '../../wire/generated';

export interface Draft {
  /** Null: it is asked for. */
  readonly thread: string | null;
  readonly kind: 'task' | 'event';
  readonly title?: string;
  /** `2026-11-27` */
  readonly day?: string;
  readonly source?: EntrySource;
}

export interface Look {
  readonly entry: string;
  /** The moment of a series that it was opened from. */
  readonly moment: AgendaOccurrence | null;
}

/** A reminder of something. */
export interface Reminding {
  readonly about: { readonly thread?: string | null; readonly seq?: number | null; readonly entry?: string | null };
  readonly note: string;
  /** It is of a meeting or a task with a day: before that, too. */
  readonly before?: boolean;
}

class Opened {
  what: Draft | Look | Reminding | null = $state.raw(null);

  show(entry: string, moment: AgendaOccurrence | null = null): void {
    this.what = { entry, moment: moment?.occurrence ? moment : null };
  }

  make(draft: Draft): void {
    this.what = draft;
  }

  remind(what: Reminding): void {
    this.what = what;
  }

  close(): void {
    this.what = null;
  }
}

export const opened = new Opened();
