import { expect, test } from 'vitest';

import { bytesInWords, percent } from './bytes';

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1000, '1 kB'],
  [1234, '1.23 kB'],
  [12_345, '12.3 kB'],
  [999_499, '999 kB'],
  [999_500, '1 MB'],
  [20 * 2 ** 30, '21.5 GB'],
  [9_996_000, '10 MB'],
])('%d bytes are %s', (bytes, words) => {
  expect(bytesInWords(bytes)).toBe(words);
});

test('a part is never all before it is', () => {
  expect([percent(0, 10), percent(1, 10_000), percent(9_999, 10_000), percent(10, 10), percent(0, 0)]).toEqual([0, 1, 99, 100, 100]);
});
