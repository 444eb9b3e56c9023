/** Days and times of tasks and meetings as people read them: on the clocks of whoever looks. Pure. */
import type { When } from '../../wire/generated';

const DAY_MS = 86_400_000;
const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long' });
const near = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });
const far = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

/** The zone of this browser. */
export const here = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function isDay({ local }: When): boolean {
  return local.length === 10;
}

/** Unix ms; of a day its first moment here. */
export function instantOf(when: When): number {
  return when.at ?? new Date(isDay(when) ? `${when.local}T00:00:00` : when.local).getTime();
}

/** `2026-11-27` of a moment, here. */
export function dayOf(at: number): string {
  const date = new Date(at);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The day it is on, here. */
export function dayHere(when: When): string {
  return isDay(when) ? when.local : dayOf(instantOf(when));
}

/** Whole days from one day to another: calendar days, whatever the clocks do. */
export function daysBetween(one: string, other: string): number {
  return Math.round((Date.parse(`${other}T00:00:00Z`) - Date.parse(`${one}T00:00:00Z`)) / DAY_MS);
}

export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS).toISOString().slice(0, 10);
}

/** today, tomorrow, Monday, Mon 7 Dec, 3 Feb 2028 */
export function dayWords(day: string, now: number): string {
  const today = dayOf(now);
  const away = daysBetween(today, day);
  if (away === 0) return 'today';
  if (away === 1) return 'tomorrow';
  if (away === -1) return 'yesterday';
  const noon = new Date(`${day}T12:00:00`);
  if (away > 1 && away < 7) return weekday.format(noon);
  return day.slice(0, 4) === today.slice(0, 4) ? near.format(noon) : far.format(noon);
}

/** 09:00, or 9:00 AM */
export function clockWords(at: number): string {
  return clock.format(at);
}

/** tomorrow 09:00 */
export function whenWords(when: When, now: number): string {
  const day = dayWords(dayHere(when), now);
  return isDay(when) ? day : `${day} ${clock.format(instantOf(when))}`;
}

/** tomorrow 09:00–10:00; Mon 7 Dec – Wed 9 Dec; the last day of days is not theirs any more. */
export function spanWords(starts: When, ends: When | null | undefined, now: number): string {
  if (isDay(starts)) {
    const last = ends ? addDays(ends.local, -1) : starts.local;
    return last <= starts.local ? dayWords(starts.local, now) : `${dayWords(starts.local, now)} – ${dayWords(last, now)}`;
  }
  const first = whenWords(starts, now);
  if (!ends || instantOf(ends) === instantOf(starts)) return first;
  if (dayHere(ends) === dayHere(starts)) return `${first}–${clock.format(instantOf(ends))}`;
  return `${first} – ${whenWords(ends, now)}`;
}

/** Whether it is over: a day with its end, a time when it comes. */
export function isPast(when: When, now: number): boolean {
  return isDay(when) ? when.local < dayOf(now) : instantOf(when) < now;
}

/** How a moment is told to the hub: a day, or a time on the clocks of a zone. */
export function momentOf(day: string, time: string, zone: string): { local: string; zone?: string } {
  return time === '' ? { local: day } : { local: `${day}T${time.length === 5 ? `${time}:00` : time}`, zone };
}
