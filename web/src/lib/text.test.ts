import { expect, test } from 'vitest';
import cases from '../../../tests/data/cases/names.json';
import { isolated, isVisible, wellFormed } from './text';

for (const { field, text, want } of cases.cases) {
  if (field === 'name') continue;
  test(`a ${field} of ${JSON.stringify(text)} is ${want}`, () => expect(isVisible(text)).toBe(want === 'accepted'));
}

test('what turns the direction is isolated, and cannot end that itself', () => {
  expect(isolated('Ada')).toBe('Ada');
  expect(isolated('שלום')).toBe('\u2068שלום\u2069');
  expect(isolated('a\u2069\u202eb')).toBe('\u2068a\u202eb\u2069');
});

test('half a character is replaced, a whole one is not', () => {
  expect(JSON.stringify({ text: ['a\ud83d', '\ude00b', '😀'], n: 1 }, wellFormed)).toBe('{"text":["a\ufffd","\ufffdb","😀"],"n":1}');
});
