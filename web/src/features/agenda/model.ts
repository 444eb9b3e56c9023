/** Tasks and meetings as they are shown, without drawing them. Pure. */
import { isOpen } from '../../state/entries';
import type { Answer, Entry, When } from '../../wire/generated';
import { daysBetween, dayHere, dayOf, instantOf, isDay, isPast, spanWords, whenWords } from './when';

/** When a task is to be done, of one that comes back the next time. */
export function dueOf(entry: Entry): When | null {
  if (entry.series) return entry.current?.ends ?? entry.current?.starts ?? null;
  return entry.ends ?? entry.starts ?? null;
}

export type Tone = 'done' | 'cancelled' | 'late' | 'today' | 'calm';

export function toneOf(entry: Entry, now: number): Tone {
  if (entry.state === 'done' || entry.state === 'cancelled') return entry.state;
  const due = entry.kind === 'task' ? dueOf(entry) : null;
  if (due && isPast(due, now)) return 'late';
  return due && dayHere(due) === dayOf(now) ? 'today' : 'calm';
}

/** The task as somebody ticked it, before it says so itself; of a series, the moment that it is at. */
export function standingOf(entry: Entry, done: boolean): Entry {
  return { ...entry, state: done ? 'done' : entry.state === 'done' ? 'open' : entry.state };
}

/** A second line: when, blocked, done. */
export function entryWords(entry: Entry, now: number): string {
  if (entry.state === 'cancelled') return 'cancelled';
  if (entry.kind === 'event') return entry.starts ? spanWords(entry.starts, entry.ends, now) : '';
  if (entry.state === 'done') return 'done';
  const due = dueOf(entry);
  const words = [due ? whenWords(due, now) : '', entry.blocked != null ? 'blocked' : ''];
  return words.filter(Boolean).join(', ');
}

export const ANSWERS: readonly { readonly answer: Answer; readonly label: string }[] = [
  { answer: 'accepted', label: 'Coming' },
  { answer: 'tentative', label: 'Maybe' },
  { answer: 'declined', label: 'Not coming' },
];

export const ANSWER_WORDS: Record<Answer, string> = { none: 'not answered', accepted: 'comes', tentative: 'may come', declined: 'does not come' };

export function answerOf(entry: Entry, uid: string): Answer | null {
  const one = entry.people?.find((person) => person.uid === uid);
  return one ? (one.answer ?? 'none') : null;
}

/** What is due first, before what is due never; of the same moment what was made first. */
export function byDue(one: Entry, other: Entry): number {
  const [a, b] = [momentOf(one), momentOf(other)];
  return a - b || one.created_at - other.created_at || (one.entry < other.entry ? -1 : 1);
}

function momentOf(entry: Entry): number {
  const when = entry.kind === 'task' ? dueOf(entry) : (entry.starts ?? null);
  // A task of a day is due with its end.
  return when === null ? Infinity : instantOf(when) + (entry.kind === 'task' && isDay(when) ? 86_399_000 : 0);
}

/** What stands above the history: what is to be done, and what is still to come. */
export function planOf(entries: ReadonlyMap<string, Entry>, now: number): Entry[] {
  return [...entries.values()].filter((one) => isOpen(one) && !isOver(one, now)).sort(byDue);
}

function isOver({ kind, series, starts, ends }: Entry, now: number): boolean {
  const last = ends ?? starts;
  return kind === 'event' && !series && last != null && (isDay(last) ? daysBetween(dayOf(now), last.local) <= 0 : instantOf(last) <= now);
}

/** Those that came from a message. */
export function ofMessage(entries: ReadonlyMap<string, Entry>, seq: number): Entry[] {
  return [...entries.values()].filter((one) => one.source?.seq === seq).sort((one, other) => one.target - other.target);
}

export interface Day {
  readonly late: readonly Entry[];
  readonly today: readonly Entry[];
  readonly soon: readonly Entry[];
  readonly later: readonly Entry[];
  readonly undated: readonly Entry[];
  readonly done: readonly Entry[];
}

const SOON_DAYS = 7;

/** Tasks of somebody by when they are due. */
export function dayFrom(tasks: Iterable<Entry>, now: number): Day {
  const day: Record<keyof Day, Entry[]> = { late: [], today: [], soon: [], later: [], undated: [], done: [] };
  for (const one of tasks) day[placeOf(one, now)]?.push(one);
  for (const list of Object.values(day)) list.sort(byDue);
  day.done.sort((one, other) => other.set_at - one.set_at);
  return day;
}

function placeOf(entry: Entry, now: number): keyof Day {
  if (entry.state === 'done') return 'done';
  const due = dueOf(entry);
  if (!due) return 'undated';
  const away = daysBetween(dayOf(now), dayHere(due));
  if (isPast(due, now)) return 'late';
  if (away <= 0) return 'today';
  return away <= SOON_DAYS ? 'soon' : 'later';
}
