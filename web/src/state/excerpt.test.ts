import { expect, test } from 'vitest';

import { slowTexts } from '../lib/hostile';
import { excerpt, plain } from './excerpt';

test.each([
  ['**bold** and _it_ and `code`', 'bold and it and code'],
  ['# Title\n\n- one\n- two\n3. three', 'Title one two three'],
  ['> quoted\nplain', 'quoted plain'],
  ['![a picture](x.png)![b](y.png)', 'a pictureb'],
  ['[not] [a (link)] [x](y', '[not] [a (link)] [x](y'],
  ['[[a](b)](c)', '[a](c)'],
  ['\n\n  ~~~\ncode\n~~~', 'code'],
  ['-\nalone\n\n1.\n#', 'alone #'],
  ['-dash #tag 12.5 ####### seven', '-dash #tag 12.5 ####### seven'],
  ['> - one mark a line', '- one mark a line'],
  ['a\r\n\r\n- b\r\n', 'a b'],
  [' \n\t', ''],
  ['see [the page](https://example.org/a_b) now', 'see the page now'],
  ['```js\nlet a_b = 1\n```', 'let a_b = 1'],
  ['snake_case stays, ümlaut_too', 'snake_case stays, ümlaut_too'],
])('plain words of %j', (text, words) => {
  expect(plain(text)).toBe(words);
});

test('a long text is cut at a word', () => {
  const cut = excerpt('word '.repeat(100));
  expect(cut).toBe(`${'word '.repeat(27)}word…`);
  expect([...excerpt('x'.repeat(500))]).toHaveLength(140);
});

test('a cut never splits a character', () => {
  expect(excerpt('🙂'.repeat(200))).toBe(`${'🙂'.repeat(139)}…`);
});

test('time grows in proportion to the text', () => {
  expect(slowTexts(plain)).toEqual([]);
  expect(slowTexts((text) => excerpt(text))).toEqual([]);
}, 60_000);
