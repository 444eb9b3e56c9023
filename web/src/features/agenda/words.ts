/** Days and times within a line of words. Pure, but for the parser it uses (`chrono-node`). */
import { parse } from 'chrono-node/en';

export interface Due {
  /** `2026-11-27` */
  readonly day: string;
  /** `09:00`, or empty. */
  readonly time: string;
}

export interface Understood {
  readonly title: string;
  readonly due: Due | null;
  /** RRULE. */
  readonly rule: string | null;
}

const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'] as const;
const NAMES = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
const EVERY = /\bevery\s+(day|weekday|week|month|year|sunday|monday|tuesday|wednesday|thursday|friday|saturday)s?\b/i;
const UNITS: Record<string, string> = { day: 'DAILY', week: 'WEEKLY', month: 'MONTHLY', year: 'YEARLY' };

const HOUR = /\b(today|tomorrow|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\s+(\d{1,2})$/i;
const NTH = /\b(first|second|third|fourth)\s+(sunday|monday|tuesday|wednesday|thursday|friday|saturday)(\s+of\s+(?:the|next)\s+month)?\b/i;
const COUNTED = ['first', 'second', 'third', 'fourth'];

/** “tomorrow 9” with the word that the parser wants, “first Monday” as the day that it is. */
function plain(text: string, now: Date): string {
  const timed = text.replace(HOUR, '$1 at $2');
  const found = NTH.exec(timed);
  if (!found) return timed;
  const nth = COUNTED.indexOf((found[1] ?? '').toLowerCase());
  const weekday = NAMES.indexOf((found[2] ?? '').toLowerCase() as (typeof NAMES)[number]);
  const nextMonth = /next/i.test(found[3] ?? '') ? 1 : 0;
  for (let month = nextMonth; ; month++) {
    const first = new Date(now.getFullYear(), now.getMonth() + month, 1);
    const day = new Date(first.getFullYear(), first.getMonth(), 1 + ((weekday - first.getDay() + 7) % 7) + 7 * nth);
    if (dayOf(day) >= dayOf(now)) return timed.replace(found[0], dayOf(day));
  }
}

/**
 * What a line says. Only a day or time at its beginning or end is one: “Discuss the May budget” is all title.
 *
 * @param now from which “tomorrow” is counted.
 */
export function understood(text: string, now: Date): Understood {
  const line = text.trim().replace(/\s+/g, ' ');
  const { rest: said, rule, first } = series(line, now);
  const rest = plain(said, now);
  const found = parse(rest, now, { forwardDate: true }).findLast((one) => isMeant(one) && isAtEdge(rest, one));
  if (!found) {
    const title = tidy(rest);
    return title === '' ? { title: line, due: null, rule: null } : { title, due: first === null ? null : { day: first, time: '' }, rule };
  }
  const title = tidy(rest.slice(0, found.index) + rest.slice(found.index + found.text.length));
  if (title === '') return { title: line, due: null, rule: null };
  const { start } = found;
  const hasTime = start.isCertain('hour');
  const hasDay = start.isCertain('day') || start.isCertain('weekday');
  const day = first !== null && !hasDay ? first : dayOf(start.date());
  return { title, due: { day, time: hasTime ? timeOf(start.date()) : '' }, rule };
}

/** A day or a time that stands by itself; not in words of something else. */
export function moment(text: string, now: Date): Due | null {
  const [found] = parse(plain(text.trim(), now), now, { forwardDate: true });
  if (!found || !isMeant(found)) return null;
  return { day: dayOf(found.start.date()), time: found.start.isCertain('hour') ? timeOf(found.start.date()) : '' };
}

type Found = ReturnType<typeof parse>[number];

function isMeant({ start }: Found): boolean {
  return start.isCertain('day') || start.isCertain('weekday') || start.isCertain('hour');
}

function isAtEdge(text: string, { index, text: found }: Found): boolean {
  const before = text.slice(0, index).replace(/\b(?:by|on|until|due|at|before)(?:\s+the)?\s*$/i, '');
  return tidy(before) === '' || tidy(text.slice(index + found.length)) === '';
}

function series(text: string, now: Date): { rest: string; rule: string | null; first: string | null } {
  const found = EVERY.exec(text);
  if (!found) return { rest: text, rule: null, first: null };
  const unit = (found[1] ?? '').toLowerCase();
  const rest = (text.slice(0, found.index) + text.slice(found.index + found[0].length)).replace(/\s+/g, ' ').trim();
  const weekday = NAMES.indexOf(unit as (typeof NAMES)[number]);
  if (weekday >= 0) {
    const first = new Date(now.getFullYear(), now.getMonth(), now.getDate() + ((weekday - now.getDay() + 7) % 7));
    return { rest, rule: `FREQ=WEEKLY;BYDAY=${WEEKDAYS[weekday]}`, first: dayOf(first) };
  }
  if (unit === 'weekday') {
    const ahead = now.getDay() === 6 ? 2 : now.getDay() === 0 ? 1 : 0;
    return { rest, rule: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', first: dayOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() + ahead)) };
  }
  return { rest, rule: `FREQ=${UNITS[unit]}`, first: dayOf(now) };
}

/** Without what only leads to the day that was taken out. */
function tidy(text: string): string {
  return text.replace(/\s+(?:by|on|until|due|at|before)(?:\s+the)?\s*$/i, '').replace(/^[\s,.:;–-]+|[\s,:;–-]+$/g, '').replace(/\s+/g, ' ');
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

function dayOf(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function timeOf(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}
