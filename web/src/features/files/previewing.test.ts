import { expect, test } from 'vitest';

import type { Preview, Version } from '../../wire/generated';
import { asLines, pictureOf, showing } from './previewing';

const version = (preview: Partial<Preview> | null, more: Partial<Version> = {}): Version => ({
  key: 'f_1', seq: 1, author: 'u', at: 1, name: 'a', type: '', size: 1, state: 'ready', number: 2,
  preview: preview ? { kind: 'none', parts: [], truncated: false, ...preview } : null, ...more,
});
const BASE = '/api/attachments/a_1/versions/2';

test.each([
  [version(null, { state: 'arriving', number: null }), { as: 'waiting' }],
  [version(null), { as: 'waiting' }],
  [version({ kind: 'image', parts: ['thumb'] }), { as: 'image', src: BASE }],
  [version({ kind: 'image', parts: ['thumb', 'view'] }), { as: 'image', src: `${BASE}/preview/view` }],
  [version({ kind: 'image', reason: 'too_large' }), { as: 'nothing', words: 'It is too large for a preview.' }],
  [version({ kind: 'pdf', pages: 3, parts: ['thumb', 'text'] }), { as: 'pages', count: 3 }],
  [version({ kind: 'office', pages: 3, parts: ['thumb', 'text', 'pdf'] }), { as: 'pages', count: 3 }],
  [version({ kind: 'office', parts: ['text'] }), { as: 'text', src: `${BASE}/preview/text` }],
  [version({ kind: 'markdown', parts: ['text'] }), { as: 'markdown' }],
  [version({ kind: 'video' }), { as: 'video', src: BASE }],
  [version({ kind: 'none' }), { as: 'nothing' }],
])('%#', (one, shows) => {
  expect(showing('a_1', one)).toMatchObject(shows);
});

test('a picture in a message has its size before it is there', () => {
  const picture = (width: number, height: number) => pictureOf('a_1', version({ kind: 'image', parts: ['thumb'], width, height }));
  expect(picture(1600, 1200)).toEqual({ src: `${BASE}/preview/thumb`, width: 320, height: 240 });
  expect(picture(100, 80)).toMatchObject({ width: 100, height: 80 });
  expect(picture(5000, 20)).toBeNull();
  expect(pictureOf('a_1', version({ kind: 'pdf', parts: ['thumb'], width: 10, height: 10 }))).toBeNull();
});

test('lines are compared only with lines', () => {
  const lines = showing('a_1', version({ kind: 'code', parts: ['text'] }));
  expect(asLines(lines, lines)).toBe(true);
  expect(asLines(lines, showing('a_1', version({ kind: 'image', parts: [] })))).toBe(false);
});
