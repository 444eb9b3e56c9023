import { afterEach, expect, test, vi } from 'vitest';
import cases from '../../../tests/data/cases/time.json';
import { dayName } from './time';

afterEach(() => vi.unstubAllEnvs());

for (const { zone, now, then, want } of cases.cases) {
  test(`${then} at ${now} is ${want}`, () => {
    vi.stubEnv('TZ', zone);
    const name = dayName(Date.parse(then), Date.parse(now));
    expect(name === 'Yesterday').toBe(want === 'Yesterday');
    expect(name).not.toBe('Today');
  });
}

test('the day before the first of a year', () => {
  vi.stubEnv('TZ', 'Pacific/Apia'); // it had no 30 December 2011
  expect(dayName(Date.parse('2025-12-31T23:59:00+13:00'), Date.parse('2026-01-01T00:01:00+13:00'))).toBe('Yesterday');
});
