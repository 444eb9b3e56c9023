import { expect, test } from 'vitest';

import { amountOf, meant, propertyText, sourceWords } from './properties';

test.each([
  ['1234.5', '1234.5'],
  ['1234,5', '1234.5'],
  ['1 234,50', '1234.50'],
  ['1\u00a0234,50', '1234.50'],
  ['1,234.50', '1234.50'],
  ['1.234,50', '1234.50'],
  ['1,234', '1234'],
  ['0,125', '0.125'],
  ['1.234.567', '1234567'],
  ["1'234.50", '1234.50'],
  ['\u2212 5', '-5'],
  ['abc', 'abc'],
])('an amount written as %s is %s', (text, amount) => {
  expect(amountOf(text)).toBe(amount);
});

test('where it comes from', () => {
  expect(sourceWords({ by: 'person' }, 'Ada', 'today')).toBe('Ada, today');
  expect(sourceWords({ by: 'document', number: 2, page: 3, quote: 'Total' }, 'Ada', 'today')).toBe('Ada, today: from version 2, page 3: “Total”');
});

test('a form that is empty means nothing', () => {
  expect(meant({ kind: 'date', value: ' ', currency: '' })).toBeNull();
  expect(meant({ kind: 'money', value: '1,5', currency: ' eur' })).toEqual({ type: 'money', amount: '1.5', currency: 'EUR' });
  expect(meant({ kind: 'reference', value: ' VS 1 ', currency: '' })).toEqual({ type: 'reference', value: 'VS 1' });
});

test('the list is looked through for what is seen and for what was written', () => {
  const said = { set_by: 'u', set_at: 1, source: { by: 'person' } } as const;
  const text = propertyText([
    { key: 'Due', property: { type: 'date', value: '2026-11-30' }, ...said },
    { key: 'Total', property: { type: 'money', amount: '10', currency: 'EUR' }, ...said },
  ]);
  for (const part of ['Due', 'Nov 30', '2026-11-30', 'Total', '€10']) expect(text).toContain(part);
});
