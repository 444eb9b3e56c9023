import { expect, test } from 'vitest';

import type { Attachment, DocumentInfo, Version } from '../../wire/generated';
import { choicesOf, madeBefore, suggestedName } from './formats';

const info = (more: Partial<DocumentInfo> = {}): DocumentInfo => ({ document: 'd_1', kind: 'rich', title: 'Plan', file: null, ...more }) as DocumentInfo;

function file(name: string, document: string | null, more: Partial<Attachment> = {}): Attachment {
  const version = { number: 1, document } as Version;
  return { attachment: `a_${name}`, name, seq: 1, number: 1, document: null, removed_by: null, versions: [version], ...more } as Attachment;
}

test('a name is the title without the extension of another format', () => {
  expect(suggestedName('Plan 2.0', 'pdf', 'rich')).toBe('Plan 2.0');
  expect(suggestedName('Plan.docx', 'pdf', 'rich')).toBe('Plan');
  expect(suggestedName('main.py', 'txt', 'text')).toBe('main.py');
  expect(suggestedName('notes.txt', 'txt', 'text')).toBe('notes.txt');
});

test('a text is no document of a word processor', () => {
  expect(choicesOf('text').map((one) => one.format)).toEqual(['txt', 'pdf', 'html']);
  expect(choicesOf('rich').map((one) => one.format)).toEqual(['docx', 'odt', 'md', 'pdf', 'html', 'txt']);
});

test('the file that was made before is found: the latest of the format, and not the one that the document is', () => {
  const files = [
    file('Plan.pdf', 'd_1'),
    file('Offer.PDF', 'd_1', { seq: 3 }),
    file('Other.pdf', 'd_2', { seq: 9 }),
    file('Gone.pdf', 'd_1', { seq: 9, removed_by: 'u_1' }),
    file('Replaced.pdf', 'd_1', { seq: 9, number: 2 }),
    file('Plan.docx', 'd_1', { seq: 4 }),
  ];
  expect(madeBefore(files, info(), 'pdf')?.name).toBe('Offer.PDF');
  expect(madeBefore(files, info(), 'html')).toBeNull();
  const own = info({ file: { attachment: 'a_Plan.docx', number: 1, format: 'docx', encoding: null } });
  expect(madeBefore(files, info(), 'docx')?.name).toBe('Plan.docx');
  expect(madeBefore(files, own, 'docx')).toBeNull();
  expect(madeBefore([file('main.py', 'd_1'), file('main.pdf', 'd_1')], info({ kind: 'text' }), 'txt')?.name).toBe('main.py');
});
