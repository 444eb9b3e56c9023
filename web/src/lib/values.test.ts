import { expect, test } from 'vitest';

import { valueWords } from './values';

test('values in words', () => {
  expect(valueWords({ type: 'date', value: '2026-11-30' })).toBe('Nov 30, 2026');
  expect(valueWords({ type: 'money', amount: '1234.50', currency: 'EUR' })).toBe('€1,234.50');
  expect(valueWords({ type: 'money', amount: '0.125', currency: 'CZK' })).toBe('CZK\u00a00.125');
  expect(valueWords({ type: 'status', value: 'paid' })).toBe('paid');
});
