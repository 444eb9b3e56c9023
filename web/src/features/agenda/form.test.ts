import { expect, test } from 'vitest';

import type { Entry } from '../../wire/generated';
import { blankForm, changeOf, formOf, isChanged, problemOf, spanOf, wishOf } from './form';

const NOW = new Date('2026-11-27T12:10:00').getTime();
const ABOUT = { entry: 'e_1', thread: 'r_1', seq: 1, target: 1, created_by: 'u_1', created_at: 1, set_by: 'u_1', set_at: 1 };
const time = (local: string) => ({ local, zone: 'Europe/Prague', at: 0 });
const MEETING: Entry = { ...ABOUT, kind: 'event', state: 'confirmed', title: 'Kick-off', starts: time('2026-12-01T09:00:00'), ends: time('2026-12-01T10:00:00'), people: [{ name: 'Ada', uid: 'u_1' }] };
const TASK: Entry = { ...ABOUT, kind: 'task', state: 'open', title: 'Send', ends: { local: '2026-12-01' } };

test('a meeting begins with the next full hour', () => {
  expect(blankForm('event', {}, NOW)).toMatchObject({ day: '2026-11-27', time: '13:00', lastDay: '2026-11-27', endTime: '14:00' });
  expect(blankForm('event', {}, new Date('2026-11-27T22:30:00').getTime())).toMatchObject({ day: '2026-11-27', time: '23:00', lastDay: '2026-11-28', endTime: '00:00' });
  expect(blankForm('task', {}, NOW)).toMatchObject({ day: '', time: '' });
});

test('a meeting of days ends with the day after its last', () => {
  const days = formOf({ ...MEETING, starts: { local: '2026-12-24' }, ends: { local: '2026-12-27' } });
  expect(days).toMatchObject({ day: '2026-12-24', lastDay: '2026-12-26', time: '' });
  expect(spanOf(days)).toEqual({ starts: { local: '2026-12-24' }, ends: { local: '2026-12-27' } });
});

test('only what was changed is told', () => {
  const before = formOf(MEETING);
  expect(isChanged(changeOf(before, before))).toBe(false);
  expect(changeOf(before, { ...before, title: 'Start' })).toEqual({ title: 'Start' });
  expect(changeOf(before, { ...before, time: '08:00' })).toEqual({
    starts: { local: '2026-12-01T08:00:00', zone: 'Europe/Prague' }, ends: { local: '2026-12-01T10:00:00', zone: 'Europe/Prague' },
  });
  expect(changeOf(before, { ...before, repeat: 'weekly' })).toEqual({ rule: 'FREQ=WEEKLY' });
  expect(changeOf(before, { ...before, people: [] })).toEqual({ people: [] });
  expect(changeOf(before, { ...before, title: 'Start', people: [] }, '2026-12-01T09:00:00')).toEqual({ occurrence: '2026-12-01T09:00:00', title: 'Start' });
});

test('a task loses its day', () => {
  const before = formOf(TASK);
  expect(changeOf(before, { ...before, day: '' })).toEqual({ starts: null, ends: null });
  expect(wishOf({ ...blankForm('task'), title: 'x' })).toMatchObject({ ends: null, rule: null });
});

test('a rule that a program wrote stays as it is', () => {
  const before = formOf({ ...MEETING, series: true, rule: 'FREQ=MONTHLY;BYDAY=1MO' });
  expect(before.repeat).toBe('other');
  expect(changeOf(before, { ...before, title: 'Board' })).toEqual({ title: 'Board' });
});

test.each([
  [{ title: ' ' }, 'few words'],
  [{ kind: 'event', day: '' }, 'on a day'],
  [{ kind: 'task', time: '09:00', day: '' }, 'the day'],
  [{ kind: 'task', time: '', repeat: 'daily', day: '' }, 'begins on'],
  [{ kind: 'event', endTime: '' }, 'until when'],
  [{ kind: 'event', endTime: '08:00' }, 'ends before'],
  [{ repeat: 'daily', until: '2026-11-01' }, 'before it begins'],
] as const)('what cannot be is said: %j', (more, words) => {
  expect(problemOf({ ...formOf(MEETING), ...more })).toContain(words);
  expect(problemOf(formOf(MEETING))).toBeNull();
});
