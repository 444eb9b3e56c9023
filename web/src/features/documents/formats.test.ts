import { expect, test } from 'vitest';

import type { Attachment, DocumentInfo, Version } from '../../wire/generated';
import { choicesOf, fileName, madeBefore, suggestedName } from './formats';

const info = (more: Partial<DocumentInfo> = {}): DocumentInfo => ({ document: 'd_1', kind: 'rich', title: 'Plan', file: null, ...more }) as DocumentInfo;

function file(name: string, document: string | null, more: Partial<Attachment> = {}): Attachment {
  const type = /pdf$/i.test(name) ? 'application/pdf' : /docx$/.test(name) ? 'application/vnd.openxmlformats-officedocument.wordprocessingml.document' : 'text/plain';
  const version = { number: 1, document, type } as Version;
  return { attachment: `a_${name}`, name, seq: 1, number: 1, document: null, removed_by: null, versions: [version], ...more } as Attachment;
}

test('a name is the title without the extension of another format', () => {
  expect(suggestedName(info({ title: 'Plan 2.0' }), 'pdf')).toBe('Plan 2.0');
  expect(suggestedName(info({ title: 'Plan.docx' }), 'pdf')).toBe('Plan');
  expect(suggestedName(info({ title: 'main.py', kind: 'text' }), 'txt')).toBe('main.py');
  expect(suggestedName(info({ title: 'notes.txt', kind: 'text' }), 'txt')).toBe('notes.txt');
});

test('a download has the extension of its format', () => {
  expect(fileName(info(), 'pdf', ' Our plan ')).toBe('Our plan.pdf');
  expect(fileName(info(), 'pdf', 'plan.PDF')).toBe('plan.PDF');
  expect(fileName(info({ title: 'Plan.docx' }), 'odt', '')).toBe('Plan.odt');
  expect(fileName(info({ title: 'main.py', kind: 'text' }), 'txt', '')).toBe('main.py');
  expect(fileName(info({ title: 'main.py', kind: 'text' }), 'txt', 'notes')).toBe('notes.txt');
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
  const texts = [file('page.html', 'd_1'), file('page.pdf', 'd_1')]; // the first is the text itself
  expect(madeBefore(texts, info({ kind: 'text' }), 'txt')?.name).toBe('page.html');
  expect(madeBefore(texts, info({ kind: 'text' }), 'html')).toBeNull();
});
