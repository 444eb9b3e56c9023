import { describe, expect, test } from 'vitest';

import type { AgendaOccurrence, Entry, When } from '../../wire/generated';
import { daysOf, happeningsOf, onDay, placed, stepped, weekOf, weeksOf } from './calendar';

const at = (local: string): When => (local.length === 10 ? { local } : { local, zone: 'X', at: new Date(local).getTime() });

let count = 0;
function happening(starts: string | null, ends: string | null, kind: Entry['kind'] = 'event') {
  const id = `e_${++count}`;
  const entry = { entry: id, kind, title: `T${count}` } as Entry;
  const occurrence: AgendaOccurrence = { entry: id, state: 'confirmed', ...(starts ? { starts: at(starts) } : {}), ...(ends ? { ends: at(ends) } : {}) };
  const [one] = happeningsOf([occurrence], [entry]);
  if (!one) throw new Error('nothing happens');
  return one;
}

describe('days', () => {
  test('a week begins where it does', () => {
    expect(weekOf('2026-11-27', 1)[0]).toBe('2026-11-23');
    expect(weekOf('2026-11-27', 7)[0]).toBe('2026-11-22');
    expect(weekOf('2026-11-23', 1)[0]).toBe('2026-11-23');
  });

  test.each([['2026-02-10', 5, '2026-01-26'], ['2026-11-10', 6, '2026-10-26'], ['2026-08-31', 6, '2026-07-27'], ['2027-02-01', 4, '2027-02-01']])('the month of %s', (day, weeks, first) => {
    const found = weeksOf(day, 1);
    expect([found.length, found[0]?.[0]]).toEqual([weeks, first]);
    const last = new Date(Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)), 0)).toISOString().slice(0, 10);
    expect(found.at(-1)).toContain(last);
    expect(new Set(found.flat()).size).toBe(7 * found.length);
  });

  test('steps keep the day, or the last of a shorter month', () => {
    expect(stepped('month', '2026-01-31', 1)).toBe('2026-02-28');
    expect(stepped('month', '2026-01-15', -1)).toBe('2025-12-15');
    expect(stepped('week', '2026-10-23', 1)).toBe('2026-10-30');
    expect(daysOf('list', '2026-11-27', 1)).toHaveLength(30);
  });
});

describe('what is on a day', () => {
  const trip = happening('2026-11-28', '2026-12-01');
  const late = happening('2026-11-28T23:00:00', '2026-11-29T00:00:00');
  const night = happening('2026-11-28T23:00:00', '2026-11-29T01:00:00');
  const early = happening('2026-11-28T08:00:00', '2026-11-28T09:00:00');
  const due = happening(null, '2026-11-28', 'task');

  test('whole days first, then by time; what ends at midnight is not on the next day', () => {
    const all = [night, late, early, due, trip];
    expect(onDay(all, '2026-11-28')).toEqual([trip, due, early, late, night]);
    expect(onDay(all, '2026-11-29')).toEqual([trip, night]);
    expect(onDay(all, '2026-12-01')).toEqual([]);
  });

  test('side by side where they overlap, and only there', () => {
    const a = happening('2026-11-28T09:00:00', '2026-11-28T11:00:00');
    const b = happening('2026-11-28T10:00:00', '2026-11-28T10:10:00');
    const c = happening('2026-11-28T10:30:00', '2026-11-28T12:00:00');
    const d = happening('2026-11-28T14:00:00', '2026-11-28T15:00:00');
    const found = placed([d, c, b, a], '2026-11-28').map(({ from, to, lane, lanes }) => [from, to, lane, lanes]);
    expect(found).toEqual([[540, 660, 0, 2], [600, 630, 1, 2], [630, 720, 1, 2], [840, 900, 0, 1]]);
  });

  test('over midnight there is a part on both days', () => {
    expect(placed([night], '2026-11-28')[0]).toMatchObject({ from: 1380, to: 1440 });
    expect(placed([night], '2026-11-29')[0]).toMatchObject({ from: 0, to: 60 });
  });
});
