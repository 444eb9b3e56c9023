import { expect, test } from 'vitest';

import type { Item as Upload } from '../../transfer';
import type { Attachment, Version } from '../../wire/generated';
import { allWords, pressing, shown, suffix } from './model';

const version = (more: Partial<Version>): Version => ({ key: 'f_1', seq: 5, author: 'u', at: 1, name: 'a', type: 't', size: 2_000_000, state: 'ready', number: 1, ...more });
const file = (more: Partial<Attachment>, ...versions: Version[]): Attachment => ({
  attachment: 'a_1', thread: 'r', name: 'a.txt', seq: 5, added_by: 'u', added_at: 1, number: 1, count: 1, versions, ...more,
});

test.each([
  [file({}, version({ state: 'arriving', number: null, received: 500_000 })), { words: 'Arriving: 500 kB of 2 MB', progress: 25, number: null, tone: 'arriving' }],
  [file({}, version({})), { words: '2 MB', progress: null, number: 1, tone: 'calm' }],
  [file({ count: 3 }, version({ number: 2 })), { words: '2 MB, version 2', progress: null, number: 2, tone: 'calm' }],
  [file({}, version({ state: 'same' })), { words: '2 MB, same bytes as version 1', progress: null, number: 1, tone: 'calm' }],
  [file({}, version({ state: 'failed', reason: 'expired' })), { words: 'The upload was not finished in time', progress: null, number: null, tone: 'bad' }],
  [file({ removed_by: 'u' }, version({})), { words: 'Removed', progress: null, number: null, tone: 'gone' }],
  [undefined, { words: 'No longer here', progress: null, number: null, tone: 'gone' }],
])('a file in words', (one, words) => {
  expect(shown(one, 'f_1', 'off')).toEqual(words);
});

test.each([
  [{}, 'on', '2 MB, not scanned yet', 1],
  [{}, 'hold', '2 MB, not scanned yet', null],
  [{ verdict: 'clean' }, 'hold', '2 MB', 1],
  [{ verdict: 'unscannable', finding: 'encrypted' }, 'hold', '2 MB, could not be scanned', 1],
  [{ verdict: 'blocked', finding: 'Eicar' }, 'off', 'Malware: Eicar', null],
] as const)('what a scanner said: %j, %s', (more, scanning, words, number) => {
  expect(shown(file({}, version(more)), 'f_1', scanning)).toMatchObject({ words, number });
});

test.each([['a.pdf', 'PDF'], ['archive.tar.gz', 'GZ'], ['README', ''], ['x.longer', ''], ['.env', 'ENV']])('the sign of %s', (name, sign) => {
  expect(suffix(name)).toBe(sign);
});

const upload = (state: Upload['state'], size = 1000, acknowledged = state === 'done' ? size : 0) => ({ state, size, acknowledged });

test('of very many uploads those that need a person come first', () => {
  const many = [...Array.from({ length: 5 }, () => upload('done')), upload('waiting'), upload('failed')];
  expect(pressing(many, 7)).toBe(many);
  expect(pressing(many, 3).map((one) => one.state)).toEqual(['failed', 'waiting', 'done']);
});

test.each([
  [[upload('done'), upload('done')], '2 files, 2 kB'],
  [[upload('done'), upload('sending', 3000, 500)], '1 of 2 files sent, 1.5 kB of 4 kB'],
  [Array.from({ length: 101 }, () => upload('done', 10)), '101 files, 1.01 kB, in 2 messages'],
])('uploads as a whole in words', (items, words) => {
  expect(allWords(items)).toBe(words);
});
