import { describe, expect, test } from 'vitest';

import type { Entry, When } from '../../wire/generated';
import { byDue, dayFrom, entryWords, ofMessage, planOf, toneOf } from './model';
import { repeatOf, ruleOf, ruleWords } from './rules';
import { addDays, dayOf, dayWords, daysBetween, momentOf, spanWords, whenWords } from './when';

/** Friday, noon. */
const NOW = new Date('2026-11-27T12:00:00').getTime();

function at(local: string): When {
  return local.length === 10 ? { local } : { local, zone: 'X', at: new Date(local).getTime() };
}

let count = 0;
function entry(more: Partial<Entry>): Entry {
  count++;
  return {
    entry: `e_${count}`, thread: 'r_1', kind: 'task', title: `T${count}`, state: 'open', seq: count, target: count,
    created_by: 'u_1', created_at: count, set_by: 'u_1', set_at: count, ...more,
  };
}

describe('days and times', () => {
  test('are said from today', () => {
    expect(['2026-11-26', '2026-11-27', '2026-11-28', '2026-12-02'].map((day) => dayWords(day, NOW))).toEqual(['yesterday', 'today', 'tomorrow', 'Wednesday']);
    expect(dayWords('2027-02-03', NOW)).toContain('2027');
    expect(whenWords(at('2026-11-28'), NOW)).toBe('tomorrow');
    expect(whenWords(at('2026-11-28T09:05:00'), NOW)).toMatch(/^tomorrow 0?9:05/);
  });

  test('a span of days ends the day before', () => {
    expect(spanWords(at('2026-11-28'), at('2026-11-29'), NOW)).toBe('tomorrow');
    expect(spanWords(at('2026-11-28'), at('2026-12-01'), NOW)).toBe('tomorrow – Monday');
    expect(spanWords(at('2026-11-28T09:00:00'), at('2026-11-28T10:00:00'), NOW)).toMatch(/^tomorrow 0?9:00.*–.*10:00/);
  });

  test('are counted by the calendar, also over a change of clocks', () => {
    expect(daysBetween('2026-03-28', '2026-03-30')).toBe(2);
    expect(addDays('2026-10-24', 2)).toBe('2026-10-26');
    expect(dayOf(NOW)).toBe('2026-11-27');
  });

  test('are told to the hub with a zone', () => {
    expect(momentOf('2026-11-28', '', 'Europe/Prague')).toEqual({ local: '2026-11-28' });
    expect(momentOf('2026-11-28', '09:05', 'Europe/Prague')).toEqual({ local: '2026-11-28T09:05:00', zone: 'Europe/Prague' });
  });
});

describe('rules', () => {
  test.each(['daily', 'weekdays', 'weekly', 'fortnightly', 'monthly', 'yearly'] as const)('%s there and back', (repeat) => {
    for (const until of ['', '2026-12-31']) {
      expect(repeatOf(ruleOf(repeat, until))).toEqual({ repeat, until });
      const told = new Date(`${until || '2026-12-31'}T23:59:59`).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
      expect(repeatOf(`${ruleOf(repeat, '')};UNTIL=${told}Z`)).toEqual({ repeat, until: until || '2026-12-31' });
    }
  });

  test('what a program wrote is said in words, and stays', () => {
    expect(repeatOf('FREQ=MONTHLY;BYDAY=1MO').repeat).toBe('other');
    expect(ruleWords('FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,FR;COUNT=4')).toBe('every 3 weeks on Monday and Friday, 4 times');
    expect(ruleWords('FREQ=MONTHLY;BYDAY=1MO')).toBe('every month');
    expect(ruleWords('FREQ=DAILY;UNTIL=20261231')).toBe('every day until 2026-12-31');
    expect(repeatOf('FREQ=WEEKLY;INTERVAL=1;WKST=MO').repeat).toBe('weekly');
  });
});

describe('tasks', () => {
  const late = entry({ ends: at('2026-11-26') });
  const past = entry({ ends: at('2026-11-27T11:00:00') });
  const today = entry({ ends: at('2026-11-27') });
  const soon = entry({ ends: at('2026-12-03') });
  const later = entry({ ends: at('2026-12-24') });
  const undated = entry({});
  const done = entry({ state: 'done', ends: at('2026-11-20') });
  const again = entry({ series: true, rule: 'FREQ=DAILY', ends: at('2020-01-01'), current: { id: '2026-11-28', ends: at('2026-11-28') } });

  test('stand by when they are due', () => {
    const day = dayFrom([done, undated, later, soon, today, past, late, again], NOW);
    expect(day.late).toEqual([late, past]);
    expect(day.today).toEqual([today]);
    expect(day.soon).toEqual([again, soon]);
    expect([day.later, day.undated, day.done]).toEqual([[later], [undated], [done]]);
  });

  test('say when, and how it stands', () => {
    expect([late, today, again, undated, done].map((one) => toneOf(one, NOW))).toEqual(['late', 'today', 'calm', 'calm', 'done']);
    expect(entryWords({ ...today, blocked: 'No price' }, NOW)).toBe('today, blocked');
    expect(entryWords(undated, NOW)).toBe('');
  });

  test('what is due never comes last', () => {
    expect([undated, later, late].toSorted(byDue)).toEqual([late, later, undated]);
  });
});

test('above the history stands what is to be done and to come', () => {
  const over = entry({ kind: 'event', state: 'confirmed', starts: at('2026-11-27T09:00:00'), ends: at('2026-11-27T10:00:00') });
  const series = entry({ ...over, entry: 'e_series', series: true });
  const next = entry({ kind: 'event', state: 'confirmed', starts: at('2026-11-27T13:00:00'), ends: at('2026-11-27T14:00:00') });
  const task = entry({ ends: at('2026-11-27') });
  const done = entry({ state: 'done' });
  const all = new Map([over, series, next, task, done].map((one) => [one.entry, one]));
  expect(planOf(all, NOW)).toEqual([series, next, task]);
});

test('a message knows what came from it', () => {
  const mine = entry({ source: { seq: 7 } });
  const all = new Map([mine, entry({ source: { document: 'd_1' } }), entry({})].map((one) => [one.entry, one]));
  expect(ofMessage(all, 7)).toEqual([mine]);
});
