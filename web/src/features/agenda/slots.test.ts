import { expect, test } from 'vitest';
import { freeDays, lengthOf, movedTo } from './slots';

const HOURS = { opens: '09:00', closes: '17:00', weekends: false };
const at = (local: string): number => new Date(local).getTime();

test('free times stand where they are within the hours', () => {
  const free: [number, number][] = [
    [at('2026-11-30T09:00:00'), at('2026-11-30T11:00:00')],
    [at('2026-11-30T13:00:00'), at('2026-11-30T17:00:00')],
  ];
  const days = freeDays({ free }, '2026-11-28', HOURS);
  expect(days.map((one) => one.day).slice(0, 2)).toEqual(['2026-11-30', '2026-12-01']); // no weekend
  expect(days).toHaveLength(10);
  expect(days[0]?.times).toEqual([
    expect.objectContaining({ from: '09:00', until: '11:00', at: 0, size: 0.25 }),
    expect.objectContaining({ from: '13:00', until: '17:00', at: 0.5, size: 0.5 }),
  ]);
  expect(days[1]?.times).toEqual([]);
});

test('hours may last until midnight', () => {
  const free: [number, number][] = [[at('2026-11-28T20:00:00'), at('2026-11-29T00:00:00')]];
  const days = freeDays({ free }, '2026-11-28', { opens: '16:00', closes: '24:00', weekends: true });
  expect(days[0]?.times).toEqual([expect.objectContaining({ from: '20:00', until: '00:00', at: 0.5, size: 0.5 })]);
});

test('a meeting is as long as it was, wherever it is moved', () => {
  const form = { day: '2026-11-30', time: '23:30', lastDay: '2026-12-01', endTime: '00:30' };
  expect(lengthOf(form)).toBe(60);
  expect(movedTo(form, '2026-12-02', '09:15')).toEqual({ day: '2026-12-02', time: '09:15', lastDay: '2026-12-02', endTime: '10:15' });
  expect(movedTo(form, '2026-12-02', '23:15')).toEqual({ day: '2026-12-02', time: '23:15', lastDay: '2026-12-03', endTime: '00:15' });
  expect(lengthOf({ ...form, lastDay: '2026-12-03' })).toBe(1440); // at most
  expect(lengthOf({ ...form, lastDay: '2026-11-30', endTime: '23:30' })).toBe(5);
});
