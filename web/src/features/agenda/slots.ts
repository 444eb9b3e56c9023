/** When people are free together, as it is shown. Pure but for the asking. */
import { api } from '../../api/client';
import type { FindSlots, Slots } from '../../wire/generated';
import type { Form } from './form';
import { addDays, clockWords, dayOf, daysBetween, here } from './when';

/** So many days are looked at. */
export const DAYS = 14;

export interface Hours {
  readonly opens: string;
  readonly closes: string;
  readonly weekends: boolean;
}

export interface FreeTime {
  /** `09:00` */
  readonly from: string;
  readonly until: string;
  /** As this person's clocks are read. */
  readonly words: string;
  /** Where it is within the hours, in parts of them. */
  readonly at: number;
  readonly size: number;
}

export interface FreeDay {
  readonly day: string;
  readonly times: readonly FreeTime[];
}

/** @throws ApiError */
export function findSlots(people: readonly string[], first: string, minutes: number, hours: Hours): Promise<Slots> {
  const now = Date.now();
  const from = Math.max(now, midnight(first));
  const asked: FindSlots = { people, first: from, last: midnight(addDays(dayOf(from), DAYS)), zone: here(), minutes, ...hours };
  return api.post<Slots>('/api/busy/slots', asked);
}

/** Day by day, those without a free time among them. */
export function freeDays(slots: Pick<Slots, 'free'>, first: string, hours: Hours): FreeDay[] {
  const [opens, closes] = [minuteOf(hours.opens), minuteOf(hours.closes) || 1440];
  const days = new Map<string, FreeTime[]>();
  for (let index = 0; index < DAYS; index++) {
    const day = addDays(first, index);
    if (hours.weekends || !isWeekend(day)) days.set(day, []);
  }
  for (const [begin, end] of slots.free) {
    const day = dayOf(begin);
    const [from, until] = [clockOf(begin), clockOf(end)];
    const last = daysBetween(day, dayOf(end)) > 0 ? 1440 : minuteOf(until);
    const size = (last - minuteOf(from)) / (closes - opens);
    days.get(day)?.push({ from, until, words: `${clockWords(begin)}–${clockWords(end)}`, at: (minuteOf(from) - opens) / (closes - opens), size });
  }
  return [...days].map(([day, times]) => ({ day, times }));
}

/** `10:30`, so many minutes after a time; past midnight it begins anew. */
function later(time: string, minutes: number): string {
  const all = (minuteOf(time) + minutes) % 1440;
  return `${String(Math.floor(all / 60)).padStart(2, '0')}:${String(all % 60).padStart(2, '0')}`;
}

type Times = Pick<Form, 'day' | 'time' | 'lastDay' | 'endTime'>;

/** How long a meeting is; the hub looks for times of five minutes to a day. */
export function lengthOf(form: Times): number {
  const days = form.lastDay ? daysBetween(form.day, form.lastDay) : 0;
  const all = days * 1440 + minuteOf(form.endTime) - minuteOf(form.time);
  return Math.min(Math.max(all, 5), 1440);
}

/** At another time, as long as it was. */
export function movedTo(form: Times, day: string, time: string): Times {
  const end = minuteOf(time) + lengthOf(form);
  return { day, time, lastDay: addDays(day, Math.floor(end / 1440)), endTime: later(time, lengthOf(form)) };
}

function minuteOf(time: string): number {
  const [hour, minute] = time.split(':').map(Number);
  return (hour ?? 0) * 60 + (minute ?? 0);
}

function clockOf(at: number): string {
  const date = new Date(at);
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}

function isWeekend(day: string): boolean {
  return [0, 6].includes(new Date(`${day}T12:00:00`).getDay());
}

function midnight(day: string): number {
  return new Date(`${day}T00:00:00`).getTime();
}
