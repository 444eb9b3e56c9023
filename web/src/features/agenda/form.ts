/** What stands in the form of a task or a meeting, and what of it is told to the hub. Pure. */
import type { EntryChange, EntryWish } from './planning';
import type { AgendaOccurrence, Entry, When } from '../../wire/generated';
import { type Repeat, repeatOf, ruleOf } from './rules';
import { addDays, dayOf, here, isDay, momentOf } from './when';

export interface Form {
  kind: 'task' | 'event';
  title: string;
  notes: string;
  place: string;
  /** `2026-11-27`, or empty: of a task when it is due, of a meeting its first day. */
  day: string;
  /** `09:00`, or empty for all of the day. */
  time: string;
  /** The last day of a meeting. */
  lastDay: string;
  endTime: string;
  zone: string;
  endZone: string;
  repeat: Repeat;
  until: string;
  people: string[];
}

const HOUR_MS = 3_600_000;

export function blankForm(kind: 'task' | 'event', { title = '', day = '', people = [] as readonly string[] } = {}, now = Date.now()): Form {
  const next = new Date(Math.ceil(now / HOUR_MS) * HOUR_MS);
  const start = kind === 'event' ? { day: day || dayOf(next.getTime()), time: clockOf(next.getTime()), endTime: clockOf(next.getTime() + HOUR_MS) } : { day, time: '', endTime: '' };
  const late = start.endTime !== '' && start.endTime <= start.time; // an hour before midnight
  return { kind, title, notes: '', place: '', ...start, lastDay: late ? addDays(start.day, 1) : start.day, zone: here(), endZone: here(), repeat: 'never', until: '', people: [...people] };
}

/** @param moment of a series, if it alone is to be changed. */
export function formOf(entry: Entry, moment: Pick<AgendaOccurrence, 'starts' | 'ends' | 'title' | 'place'> | null = null): Form {
  const starts = moment ? moment.starts : entry.starts;
  const ends = moment ? moment.ends : entry.ends;
  const first = entry.kind === 'task' ? (ends ?? starts ?? null) : (starts ?? null);
  const last = entry.kind === 'task' ? null : (ends ?? starts ?? null);
  const { repeat, until } = repeatOf(entry.rule);
  return {
    kind: entry.kind,
    title: moment?.title || entry.title,
    notes: entry.notes ?? '',
    place: moment?.place || (entry.place ?? ''),
    day: first?.local.slice(0, 10) ?? '',
    time: timeOf(first),
    lastDay: last ? (isDay(last) ? addDays(last.local, -1) : last.local.slice(0, 10)) : '',
    endTime: timeOf(last),
    zone: first?.zone ?? here(),
    endZone: last?.zone ?? first?.zone ?? here(),
    repeat: entry.rule === null || entry.rule === undefined ? (entry.series ? 'other' : 'never') : repeat,
    until,
    people: (entry.people ?? []).flatMap((one) => (one.uid ? [one.uid] : [])),
  };
}

/** What stands against it, in words; null: nothing. */
export function problemOf(form: Form): string | null {
  if (form.title.trim() === '') return 'Say in a few words what it is.';
  if (form.kind === 'event' && form.day === '') return 'A meeting is on a day.';
  if (form.time !== '' && form.day === '') return 'Choose the day of the time.';
  if (form.repeat !== 'never' && form.day === '') return 'What comes back begins on a day.';
  if (form.kind === 'event' && form.time !== '' && form.endTime === '') return 'Say until when.';
  const [first, last] = [`${form.day}T${form.time}`, `${form.lastDay || form.day}T${form.endTime}`];
  if (form.kind === 'event' && form.zone === form.endZone && last < first) return 'It ends before it begins.';
  if (form.until !== '' && form.until < form.day) return 'It comes back until a day before it begins.';
  return null;
}

type Span = Pick<EntryWish, 'starts' | 'ends'>;

export function spanOf(form: Form): Span {
  if (form.kind === 'task') return { ends: form.day === '' ? null : momentOf(form.day, form.time, form.zone) };
  const starts = momentOf(form.day, form.time, form.zone);
  const last = form.lastDay || form.day;
  return { starts, ends: form.time === '' ? { local: addDays(last, 1) } : momentOf(last, form.endTime, form.endZone) };
}

export function wishOf(form: Form): EntryWish {
  const rule = form.repeat === 'other' ? null : ruleOf(form.repeat, form.until);
  return { kind: form.kind, title: form.title, notes: form.notes, place: form.place, ...spanOf(form), rule, people: form.people };
}

/** What was changed, and nothing else: what others change meanwhile stays. */
export function changeOf(before: Form, after: Form, moment: string | null = null): EntryChange {
  const change: EntryChange = moment === null ? {} : { occurrence: moment };
  for (const name of ['title', 'notes', 'place'] as const) if (before[name] !== after[name]) change[name] = after[name];
  const [was, is] = [spanOf(before), spanOf(after)];
  if (JSON.stringify(was) !== JSON.stringify(is)) {
    if (after.kind === 'event') change.starts = is.starts ?? null;
    else if (is.ends == null) change.starts = null;
    change.ends = is.ends ?? null;
  }
  if (moment !== null) return change;
  if ((before.repeat !== after.repeat || before.until !== after.until) && after.repeat !== 'other') change.rule = ruleOf(after.repeat, after.until);
  if (before.people.toSorted().join() !== after.people.toSorted().join()) change.people = after.people;
  return change;
}

export function isChanged({ occurrence: _, ...change }: EntryChange): boolean {
  return Object.keys(change).length > 0;
}

function timeOf(when: When | null | undefined): string {
  return when && !isDay(when) ? when.local.slice(11, 16) : '';
}

function clockOf(at: number): string {
  const date = new Date(at);
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}
