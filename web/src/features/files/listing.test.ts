import { expect, test } from 'vitest';

import type { Attachment, Version } from '../../wire/generated';
import { archivable, archiveOf, chosenWords, listed, shownOf } from './listing';

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

test('an archive names what can be downloaded, and says what it leaves out', () => {
  const clean = file('a', {}, { verdict: 'clean' });
  const unseen = file('b');
  const mixed = [
    clean, unseen, file('c', {}, { verdict: 'blocked' }), file('d', { number: null, count: 0 }, { state: 'arriving', number: null }), file('e', { number: null }, { state: 'failed', number: null }),
  ];
  expect(archivable(mixed, 'off')).toEqual({ named: [clean.attachment, unseen.attachment], left: 3, over: 0 });
  expect(archivable(mixed, 'hold')).toEqual({ named: [clean.attachment], left: 4, over: 0 });
  expect(chosenWords(5, archivable(mixed, 'hold'))).toBe('5 selected, 4 cannot be downloaded');
  const many = Array.from({ length: 400 }, (_, index) => file('f', { attachment: `a_${String(index).padStart(22, '0')}` }));
  const archive = archivable(many, 'off');
  expect(archive).toMatchObject({ left: 0, over: 250 });
  expect(archiveOf(`r_${'x'.repeat(22)}`, archive.named).length).toBeLessThan(8000);
  expect(chosenWords(400, archive)).toBe('400 selected, the first 150 go into one ZIP');
  expect(chosenWords(2, archivable(many.slice(0, 2), 'off'))).toBe('2 selected');
  expect(chosenWords(0, archivable([], 'off'))).toBe('Choose files');
});
