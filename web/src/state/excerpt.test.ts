import { expect, test } from 'vitest';

import { excerpt, plain } from './excerpt';

test.each([
  ['**bold** and _it_ and `code`', 'bold and it and code'],
  ['# Title\n\n- one\n- two\n3. three', 'Title one two three'],
  ['> quoted\nplain', 'quoted plain'],
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
