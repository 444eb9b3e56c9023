import { expect, test } from 'vitest';

import type { Attachment, Version } from '../../wire/generated';
import { lookOf } from './pictures';

const version = (seq: number, more: Partial<Version> = {}): Version => ({ key: `f_${seq}`, seq, author: 'u', at: seq, name: 'a.png', type: 'image/png', size: 1, state: 'ready', number: seq, ...more });
const file = (...versions: Version[]): Attachment => ({ attachment: 'a_1', thread: 'r', name: 'a.png', seq: 1, added_by: 'u', added_at: 1, number: 1, count: 1, versions, document: 'd_1' });

test('a document shows the first version of a picture, whatever came later', () => {
  const there = { src: '/api/attachments/a_1/versions/1', words: '' };
  const blocked = version(3, { number: 2, verdict: 'blocked' });
  for (const versions of [[version(1), blocked], [blocked, version(1)]]) expect(lookOf('a_1', file(...versions), null)).toEqual(there);
  const first = version(1, { state: 'arriving', number: null });
  const second = version(2, { state: 'failed', number: null });
  for (const versions of [[first, second], [second, first]]) expect(lookOf('a_1', file(...versions), null).words).toContain('is arriving');
});
