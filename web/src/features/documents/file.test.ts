import { expect, test } from 'vitest';

import { FileRefused, readTextFile } from './file';

const file = (...parts: BlobPart[]) => new File(parts, 'main.py');

test.each([
  ['a\nb\n', 'a\nb\n', 'lf'],
  ['a\r\nb\r\nc\n', 'a\nb\nc\n', 'crlf'],
  ['a\rb\rc\r\n', 'a\nb\nc\n', 'lf'],
  ['\ufeffone line', 'one line', 'lf'],
  ['', '', 'lf'],
])('%j begins with %j, and ends its lines with %s', async (given, text, lineEnds) => {
  expect(await readTextFile(file(given))).toEqual({ name: 'main.py', text, lineEnds });
});

test('what is no text, or too long, is refused in words', async () => {
  for (const bad of [new Uint8Array([0xff, 0xfe, 0x61]), 'a\u0000b', 'x'.repeat(1024 * 1024 + 1)]) {
    await expect(readTextFile(file(bad))).rejects.toThrow(FileRefused);
  }
});
