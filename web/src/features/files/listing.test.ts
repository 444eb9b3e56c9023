import { expect, test } from 'vitest';

import type { Attachment, Version } from '../../wire/generated';
import { archiveOf, listed, shownOf } from './listing';

let seq = 1;
function file(name: string, more: Partial<Attachment> = {}, version: Partial<Version> = {}): Attachment {
  seq += 1;
  const only: Version = { key: `f_${seq}`, seq, author: 'u', at: seq, name, type: '', size: 1, state: 'ready', number: 1, ...version };
  return { attachment: `a_${seq}`, thread: 'r', name, seq, added_by: 'u_ada', added_at: seq, number: 1, count: 1, versions: [only], ...more };
}
const NAMES: Record<string, string> = { u_ada: 'Ada Žáková', u_ben: 'Ben' };
const nameOf = (uid: string): string => NAMES[uid] ?? uid;

const files = [
  file('Angebot 10.pdf', {}, { size: 5 }),
  file('angebot 2.pdf', { added_by: 'u_ben' }, { size: 7 }),
  file('Änderung.txt', {}, { size: 6 }),
  file('gone.txt', { removed_by: 'u_ben' }),
  file('picture.png', { document: 'd_1' }),
];

test.each([
  ['', 'latest', ['Änderung.txt', 'angebot 2.pdf', 'Angebot 10.pdf']],
  ['', 'name', ['Änderung.txt', 'angebot 2.pdf', 'Angebot 10.pdf']],
  ['', 'size', ['angebot 2.pdf', 'Änderung.txt', 'Angebot 10.pdf']],
  ['', 'sender', ['Änderung.txt', 'Angebot 10.pdf', 'angebot 2.pdf']],
  ['ANDER', 'latest', ['Änderung.txt']],
  ['zakova pdf', 'latest', ['Angebot 10.pdf']],
  ['gone', 'latest', []],
] as const)('"%s" by %s', (question, sort, names) => {
  expect(listed(files, question, sort, nameOf).map((one) => one.name)).toEqual(names);
});

test('what is shown is the chosen version; the latest while there is none', () => {
  const two = file('a', { number: 1, count: 2 });
  const newer: Version = { ...two.versions[0]!, key: 'f_new', number: 2, seq: 99 };
  expect(shownOf({ ...two, versions: [newer, ...two.versions] })?.number).toBe(1);
  expect(shownOf({ ...two, number: null, versions: [{ ...newer, state: 'arriving', number: null }] })?.key).toBe('f_new');
});

test('an archive of some, and of all', () => {
  expect(archiveOf('r_1', ['a_1', 'a_2'])).toBe('/api/threads/r_1/files.zip?attachment=a_1&attachment=a_2');
  expect(archiveOf('r_1', null)).toBe('/api/threads/r_1/files.zip');
});
