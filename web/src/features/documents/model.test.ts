import { describe, expect, it } from 'vitest';

import { slowTexts } from '../../lib/hostile';
import type { DocumentInfo, FileState, PresenceEntry } from '../../wire/generated';
import { encodingName } from './encodings';
import { authorWords, standingWords, caretColour, documentToShow, imageAddress, isEditing, languageName, linkAddress, noticeWords, privateCopyWords, readersOf, readWords, syncWords,  } from './model';

function luminance(colour: string): number {
  const channel = (at: number): number => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

describe('caretColour', () => {
  it('is #rrggbb and lets white be read', () => {
    for (let hue = 0; hue < 8; hue++) {
      expect(caretColour(hue)).toMatch(/^#[0-9a-f]{6}$/);
      expect(1.05 / (luminance(caretColour(hue)) + 0.05)).toBeGreaterThan(4.5);
    }
  });
});

describe('words', () => {
  it('name the state of a document', () => {
    expect(syncWords('saved', 0)).toBe('Saved');
    expect(syncWords('sending', 3)).toBe('Sending 3');
    expect(syncWords('sending', 0)).toBe('Syncing');
    expect(syncWords('offline', 3)).toBe('Offline, 3 kept here');
    expect(syncWords('error', 0)).toBe('Not in step');
    expect(privateCopyWords({ kind: 'refused', count: 1, text: '' })).toContain('1 unsent change ');
    expect(privateCopyWords({ kind: 'refused', count: 3, text: '' })).toContain('3 unsent changes');
    expect(readWords('schema')).toContain('newer');
    expect(readWords(null)).toBeNull();
    expect(languageName('cpp', 'x.py')).toBe('C++');
    expect(languageName(null, 'Notes')).toBe('Plain text');
    expect(languageName(null, 'main.py')).toBe('Python');
    expect(languageName('cobol', 'x')).toBe('cobol');
  });
});

describe('isEditing', () => {
  it('needs the hub, the role and the wish', () => {
    expect(isEditing({ mode: 'edit' }, true, 'edit')).toBe(true);
    expect(isEditing({ mode: 'edit' }, true, 'read')).toBe(false);
    expect(isEditing({ mode: 'edit' }, false, 'edit')).toBe(false);
    expect(isEditing({ mode: 'read' }, true, 'edit')).toBe(false);
  });
});

describe('readersOf', () => {
  it('names each other person once', () => {
    const at = (uid: string, document: string | null): PresenceEntry => ({ session: `${uid}${Math.random()}`, uid, state: 'active', document });
    expect(readersOf([at('a', 'd'), at('a', 'd'), at('me', 'd'), at('b', null), at('c', 'e')], 'd', 'me')).toEqual(['a']);
  });
});

describe('files', () => {
  it('says what is not in the file', () => {
    const state: FileState = { attachment: 'a_1', name: 'a.txt', number: 1, shown: 1, format: 'text', encoding: 'utf-8', unsaved: true, authors: [], waits: false, merging: false, merged: null, autosave: null, notices: [] };
    expect(standingWords(null, false)).toBe('');
    expect(standingWords(state, true)).toBe('Unsaved changes');
    expect(standingWords(state, false)).toBe('As in the file');
    expect(standingWords({ ...state, shown: null }, true)).toBe('Its file is gone');
    expect(authorWords(['Ada', 'Ben', 'Cay'])).toBe('Changed since by Ada, Ben and Cay');
  });

  it.each([['cp1250', 'Windows-1250'], ['cp852', 'code page 852'], ['iso8859_2', 'ISO-8859-2'], ['utf-16-le', 'UTF-16'], ['koi8_r', 'KOI8-r'], ['gb18030', 'GB18030']])('calls %s %s', (codec, name) => {
    expect(encodingName(codec)).toBe(name);
  });
});

describe('documentToShow', () => {
  const of = (document: string) => ({ document }) as DocumentInfo;

  it('prefers the asked one, then the last one, then the first', () => {
    const all = [of('a'), of('b'), of('c')];
    expect(documentToShow(all, 'b', 'c')?.document).toBe('b');
    expect(documentToShow(all, 'x', 'c')?.document).toBe('c');
    expect(documentToShow(all, null, null)?.document).toBe('a');
    expect(documentToShow([], 'a', 'a')).toBeNull();
  });
});

describe('addresses', () => {
  it.each([
    ['x.example/a', 'https://x.example/a'],
    ['a@x.example', 'mailto:a@x.example'],
    ['http://x.example', 'http://x.example/'],
    ['javascript:alert(1)', null],
    ['data:text/html,x', null],
    ['  ', null],
  ])('links %j', (written, expected) => {
    expect(linkAddress(written)).toBe(expected);
  });

  it.each([
    ['https://x.example/a.png', 'https://x.example/a.png'],
    ['data:image/png;base64,AAAA', 'data:image/png;base64,AAAA'],
    ['data:image/svg+xml;base64,AAAA', null],
    ['http://x.example/a.png', null],
    ['javascript:1', null],
  ])('shows %j', (written, expected) => {
    expect(imageAddress(written)).toBe(expected);
  });
});

describe('addresses of strangers', () => {
  it('are read in time in proportion to their length', () => {
    expect(slowTexts(linkAddress)).toEqual([]);
    expect(slowTexts(imageAddress)).toEqual([]);
    expect(slowTexts((text) => imageAddress(`https://${text}`))).toEqual([]);
    expect(slowTexts((text) => imageAddress(`data:image/png;base64,${text}`))).toEqual([]);
  }, 60_000);
});

describe('noticeWords', () => {
  it('names what stays in the file, and what does not', () => {
    expect(noticeWords([])).toBeNull();
    expect(noticeWords(['of the future'])).toBeNull();
    expect(noticeWords(['comments', 'macros'])).toBe('Kept in the file as they are: comments, macros.');
    expect(noticeWords(['signature'])).toBe('The file is signed; a version that is saved here is not.');
  });
});
