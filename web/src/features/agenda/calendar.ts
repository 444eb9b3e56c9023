/** A month, a week and a list of days, and what is on each; without drawing them. Pure. */
import type { AgendaOccurrence, Entry } from '../../wire/generated';
import { addDays, dayHere, dayOf, instantOf, isDay } from './when';

/** One moment of a task or a meeting. */
export interface Happening {
  readonly key: string;
  readonly entry: Entry;
  readonly occurrence: AgendaOccurrence;
  readonly title: string;
  /** The days it is on, the first and the last of them. */
  readonly first: string;
  readonly last: string;
  /** All of its days; not at a time of one. */
  readonly whole: boolean;
}

export type View = 'month' | 'week' | 'list';
export const VIEWS: readonly View[] = ['month', 'week', 'list'];
const LIST_DAYS = 30;
const MINUTES = 24 * 60;
/** As high as this, so that its words can be read. */
const LEAST_MINUTES = 30;

export function happeningsOf(occurrences: readonly AgendaOccurrence[], entries: readonly Entry[]): Happening[] {
  const known = new Map(entries.map((one) => [one.entry, one]));
  return occurrences.flatMap((occurrence) => {
    const entry = known.get(occurrence.entry);
    const starts = occurrence.starts ?? occurrence.ends;
    if (!entry || !starts) return [];
    const ends = occurrence.ends ?? starts;
    const first = dayHere(entry.kind === 'task' ? ends : starts);
    return [{
      key: `${occurrence.entry}:${occurrence.occurrence ?? ''}`,
      entry,
      occurrence,
      title: occurrence.title || entry.title,
      first,
      last: entry.kind === 'task' ? first : lastDay(first, ends),
      whole: isDay(entry.kind === 'task' ? ends : starts),
    }];
  });
}

/** The last day that something is on: not that on which it only ends, as its first moment. */
function lastDay(first: string, ends: NonNullable<AgendaOccurrence['ends']>): string {
  const last = isDay(ends) ? addDays(ends.local, -1) : dayOf(instantOf(ends) - 1);
  return last < first ? first : last;
}

/** What is on a day: whole days before times, in order. */
export function onDay(all: readonly Happening[], day: string): Happening[] {
  return all.filter((one) => one.first <= day && day <= one.last).sort((one, other) => Number(other.whole) - Number(one.whole) || momentOf(one) - momentOf(other) || (one.title < other.title ? -1 : 1));
}

function momentOf({ occurrence }: Happening): number {
  const when = occurrence.starts ?? occurrence.ends;
  return when ? instantOf(when) : 0;
}

/** The first day of the week here: 1 is Monday, 7 Sunday. */
export function firstWeekday(locale: string = navigator.language): number {
  try {
    const info = new Intl.Locale(locale) as Intl.Locale & { getWeekInfo?: () => { firstDay: number }; weekInfo?: { firstDay: number } };
    return info.getWeekInfo?.().firstDay ?? info.weekInfo?.firstDay ?? 1;
  } catch {
    return 1;
  }
}

function weekdayOf(day: string): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay() || 7;
}

export function weekOf(day: string, first: number): string[] {
  const begin = addDays(day, -((weekdayOf(day) - first + 7) % 7));
  return [...Array(7).keys()].map((index) => addDays(begin, index));
}

/** The weeks of a day's month, with the days of its neighbours that fill them. */
export function weeksOf(day: string, first: number): string[][] {
  const month = day.slice(0, 7);
  const weeks = [];
  for (let week = weekOf(`${month}-01`, first); weeks.length === 0 || (week[0] as string).slice(0, 7) === month; week = weekOf(addDays(week[6] as string, 1), first)) weeks.push(week);
  return weeks;
}

/** The days that a view shows. */
export function daysOf(view: View, day: string, first: number): string[] {
  if (view === 'week') return weekOf(day, first);
  if (view === 'month') return weeksOf(day, first).flat();
  return [...Array(LIST_DAYS).keys()].map((index) => addDays(day, index));
}

/** Where a view goes from a day, one step on or back. */
export function stepped(view: View, day: string, step: 1 | -1): string {
  if (view === 'week') return addDays(day, 7 * step);
  if (view === 'list') return addDays(day, LIST_DAYS * step);
  const [year = 0, month = 1] = day.split('-').map(Number);
  const first = new Date(Date.UTC(year, month - 1 + step, 1)).toISOString().slice(0, 8);
  const length = new Date(Date.UTC(year, month + step, 0)).getUTCDate();
  return `${first}${String(Math.min(Number(day.slice(8)), length)).padStart(2, '0')}`;
}

export interface Placed {
  readonly happening: Happening;
  /** Minutes of the day. */
  readonly from: number;
  readonly to: number;
  /** Beside others at the same time: the how-manieth of how many. */
  readonly lane: number;
  readonly lanes: number;
}

/** Where those at times stand in a day, side by side where they overlap. */
export function placed(all: readonly Happening[], day: string): Placed[] {
  const begin = new Date(`${day}T00:00:00`).getTime();
  const timed = onDay(all, day).filter((one) => !one.whole).map((happening) => {
    const { starts, ends } = happening.occurrence;
    const first = happening.entry.kind === 'task' ? (ends ?? starts) : (starts ?? ends);
    const from = clampMinutes(first ? (instantOf(first) - begin) / 60_000 : 0, MINUTES - LEAST_MINUTES);
    const to = clampMinutes(ends ? (instantOf(ends) - begin) / 60_000 : from, MINUTES);
    return { happening, from, to: Math.max(to, from + LEAST_MINUTES) };
  });
  timed.sort((one, other) => one.from - other.from || other.to - one.to);
  const found: Placed[] = [];
  let group: { happening: Happening; from: number; to: number; lane: number }[] = [];
  const settle = (): void => {
    const lanes = Math.max(0, ...group.map((one) => one.lane + 1));
    found.push(...group.map((one) => ({ ...one, lanes })));
    group = [];
  };
  for (const one of timed) {
    if (group.every((other) => other.to <= one.from)) settle();
    const taken = new Set(group.filter((other) => other.to > one.from).map((other) => other.lane));
    let lane = 0;
    while (taken.has(lane)) lane++;
    group.push({ ...one, lane });
  }
  settle();
  return found;
}

function clampMinutes(minutes: number, most: number): number {
  return Math.max(0, Math.min(most, Math.round(minutes)));
}

/** November 2026, of the month or week that is shown. */
export function titleOf(view: View, day: string, first: number): string {
  const month = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric' });
  if (view === 'month') return month.format(new Date(`${day}T12:00:00`));
  const days = daysOf(view, day, first);
  const range = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
  return range.formatRange(new Date(`${days[0]}T12:00:00`), new Date(`${days.at(-1)}T12:00:00`));
}
