import { describe, expect, it } from 'vitest';

import { slowTexts } from '../../lib/hostile';
import type { PendingMessage } from '../../state';
import type { Item } from '../../wire/generated';
import {
  blockedWords,
  fileOf,
  firstUnread,
  isPrepended,
  matching,
  mentionQuery,
  mentionsIn,
  namedIn,
  reactionWords,
  replyTarget,
  rowsOf,
  systemWords,
  typingWords,
  withMention,
} from './model';

const NOON = new Date(2025, 4, 5, 12).getTime();

function item(seq: number, sender: string, more: Partial<Item> = {}): Item {
  return {
    seq,
    type: 'message',
    sender,
    at: NOON + seq * 1000,
    version: seq,
    data: null,
    text: `message ${seq}`,
    reply_to: null,
    mentions: [],
    mention_names: [],
    references: [],
    files: [],
    reminder: false,
    reactions: [],
    edited_at: null,
    deleted: false,
    deleted_by: null,
    undo_until: null,
    ...more,
  };
}

function pending(sendId: string): PendingMessage {
  return { sendId, text: sendId, replyTo: null, mentions: [], files: [], status: 'sending', error: null, at: NOON };
}

const heads = (items: Item[], line: number | null = null): string =>
  rowsOf(items, [], 'me', line)
    .map((row) => (row.kind === 'item' ? `${row.day ? 'D' : ''}${row.fresh ? 'N' : ''}${row.head ? 'h' : '.'}` : 'p'))
    .join(' ');

describe('rowsOf', () => {
  it('groups what one person says in a row', () => {
    expect(heads([item(1, 'a'), item(2, 'a'), item(3, 'b'), item(4, 'a')])).toBe('Dh . h h');
  });

  it('does not group over a pause, a reply, a system line or a deleted message', () => {
    expect(heads([item(1, 'a'), item(2, 'a', { at: NOON + 400_000 })])).toBe('Dh h');
    expect(heads([item(1, 'a'), item(2, 'a', { reply_to: 1 })])).toBe('Dh h');
    expect(heads([item(1, 'a'), item(2, 'a', { type: 'thread.rename' }), item(3, 'a')])).toBe('Dh h h');
    expect(heads([item(1, 'a'), item(2, 'a', { deleted: true }), item(3, 'a')])).toBe('Dh h h');
  });

  it('begins each day with its name', () => {
    expect(heads([item(1, 'a'), item(2, 'a', { at: NOON + 86_400_000 })])).toBe('Dh Dh');
  });

  it('draws the line above the first unread message of others', () => {
    expect(heads([item(1, 'a'), item(2, 'me'), item(3, 'a', { deleted: true }), item(4, 'a'), item(5, 'a')], 1)).toBe('Dh h h Nh .');
    expect(heads([item(1, 'a'), item(2, 'me')], 1)).toBe('Dh h');
  });

  it('puts pending messages last, grouped with my own', () => {
    const rows = rowsOf([item(1, 'a')], [pending('x'), pending('y')], 'me', null);
    expect(rows.map((row) => [row.key, row.head])).toEqual([
      ['i1', true],
      ['px', true],
      ['py', false],
    ]);
    expect(rowsOf([item(1, 'me')], [pending('x')], 'me', null)[1]?.head).toBe(false);
  });

  it('keeps the objects of rows that did not change', () => {
    const items = [item(1, 'a'), item(2, 'a')];
    const before = rowsOf(items, [], 'me', null);
    const after = rowsOf([...items, item(3, 'b')], [], 'me', null, before);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    const edited = rowsOf([items[0] as Item, item(2, 'a', { text: 'new' })], [], 'me', null, before);
    expect(edited[1]).not.toBe(before[1]);
  });
});

describe('isPrepended', () => {
  const rows = (from: number, to: number) =>
    rowsOf(
      Array.from({ length: to - from + 1 }, (_, n) => item(from + n, 'a')),
      [],
      'me',
      null,
    );

  it('tells rows in front from rows behind and from another window', () => {
    expect(isPrepended(rows(5, 9), rows(1, 9))).toBe(true);
    expect(isPrepended(rows(5, 9), rows(5, 12))).toBe(false);
    expect(isPrepended(rows(5, 9), rows(20, 40))).toBe(false);
    expect(isPrepended([], rows(1, 2))).toBe(false);
  });
});

describe('firstUnread', () => {
  it('skips my own, deleted and system rows', () => {
    const items = [item(1, 'a'), item(2, 'me'), item(3, 'a', { type: 'member.set' }), item(4, 'a')];
    expect(firstUnread(items, 1, 'me')).toBe(4);
    expect(firstUnread(items, 4, 'me')).toBeNull();
  });
});

describe('replies', () => {
  it('are of depth one', () => {
    expect(replyTarget(item(9, 'a'))).toBe(9);
    expect(replyTarget(item(9, 'a', { reply_to: 3 }))).toBe(3);
  });
});

describe('mentions', () => {
  const people = [
    { uid: 'u1', name: 'Ada Okafor' },
    { uid: 'u2', name: 'Ada' },
    { uid: 'u3', name: 'Mei Tanaka' },
  ];

  it.each([
    ['@', 1, ''],
    ['hi @ad', 6, 'ad'],
    ['(@Ada Ok', 8, 'Ada Ok'],
  ])('finds the query in %j', (text, caret, query) => {
    expect(mentionQuery(text, caret)).toEqual({ start: caret - query.length - 1, end: caret, query });
  });

  it.each([['mail a@b'], ['@one two three'], ['@ada\n'], ['none'], ['@ad  x']])('finds none in %j', (text) => {
    expect(mentionQuery(text, text.length)).toBeNull();
  });

  it('offers names that begin so before words that do', () => {
    expect(matching(people, 'a').map((one) => one.uid)).toEqual(['u2', 'u1']);
    expect(matching(people, 'tan').map((one) => one.uid)).toEqual(['u3']);
    expect(matching(people, 'zz')).toEqual([]);
  });

  it('puts the name where the query was', () => {
    const query = mentionQuery('hi @ad there', 6);
    expect(query && withMention('hi @ad there', query, 'Ada')).toEqual({ text: 'hi @Ada there', caret: 8 });
    const last = mentionQuery('@ad', 3);
    expect(last && withMention('@ad', last, 'Ada')).toEqual({ text: '@Ada ', caret: 5 });
  });

  it('reads who is named, the longest name first', () => {
    expect(mentionsIn('@Ada Okafor and @Mei Tanaka!', people)).toEqual(['u1', 'u3']);
    expect(mentionsIn('@Ada and x@Ada and @Adam', people)).toEqual(['u2']);
  });

  it('stay what they are after somebody is called otherwise', () => {
    const renamed = (uid: string): string => (uid === 'u3' ? 'Mei T.' : 'Ada');
    expect(namedIn({ mentions: ['u3', 'u2'], mention_names: ['Mei Tanaka', 'Ada'] }, renamed)).toEqual([
      { uid: 'u3', name: 'Mei Tanaka' },
      { uid: 'u3', name: 'Mei T.' },
      { uid: 'u2', name: 'Ada' },
    ]);
    expect(namedIn({ mentions: ['u3'], mention_names: [] }, renamed)).toEqual([{ uid: 'u3', name: 'Mei T.' }]);
  });
});

describe('words', () => {
  const name = (uid: string): string => ({ a: 'Ada', b: 'Grace' })[uid] ?? uid;
  const since = (uid: string): number | undefined => ({ b: 5 })[uid];
  const member = (seq: number, sender: string, uid: string, role: string | null) =>
    systemWords(item(seq, sender, { type: 'member.set', data: { uid, role } }), name, since);

  it('tell joining from a change of role', () => {
    expect(member(5, 'a', 'b', 'editor')).toBe('Ada added Grace as editor');
    expect(member(7, 'a', 'b', 'owner')).toBe('Ada made Grace an owner');
    expect(member(8, 'a', 'b', 'reader')).toBe('Ada made Grace a reader');
    expect(member(8, 'a', 'b', null)).toBe('Ada removed Grace');
    expect(member(8, 'b', 'b', null)).toBe('Grace left');
  });

  it('never change because somebody left or came back', () => {
    const line = (was: string | null, role: string | null): string =>
      systemWords(item(5, 'a', { type: 'member.set', data: { uid: 'b', role, was } }), name, () => 99);
    expect(line(null, 'editor')).toBe('Ada added Grace as editor');
    expect(line('reader', 'editor')).toBe('Ada made Grace an editor');
    expect(line('editor', null)).toBe('Ada removed Grace');
  });

  it('name what happened to the thread', () => {
    expect(systemWords(item(1, 'a', { type: 'thread.create', data: { subject: 'X' } }), name, since)).toBe('Ada began the thread “X”');
    expect(systemWords(item(1, 'a', { type: 'document.create', data: { title: 'T' } }), name, since)).toBe('Ada created the document “T”');
    expect(systemWords(item(1, 'a', { type: 'document.create', data: { title: 'a.txt', file: { attachment: 'a_1' } } }), name, since)).toBe('Ada opened “a.txt” to edit it together');
    const saved = (authors: string[]): string => systemWords(item(1, 'a', { type: 'version.add', data: { name: 'a.txt', number: 3, authors } }), name, since);
    expect(saved(['a'])).toBe('Ada saved version 3 of “a.txt”');
    expect(saved(['b'])).toBe('Ada saved version 3 of “a.txt”, with changes by Grace');
    expect(saved(['a', 'b'])).toBe('Ada saved version 3 of “a.txt”, also with changes by Grace');
    const attached = (authors: string[]): string => systemWords(item(1, 'a', { type: 'attachment.add', data: { name: 'a.pdf', made: { document: 'd', saved: 1, authors } } }), name, since);
    expect(attached(['a'])).toBe('Ada saved a document as “a.pdf”');
    expect(attached(['a', 'b'])).toBe('Ada saved a document as “a.pdf”, also with words by Grace');
    const again = { type: 'version.add' as const, data: { name: 'a.pdf', number: 2, made: { document: 'd', saved: 1, authors: ['b'] } } };
    expect(systemWords(item(1, 'a', again), name, since)).toBe('Ada saved version 2 of “a.pdf”, with changes by Grace');
    expect(systemWords(item(1, 'a', { type: 'thread.rename', data: null }), name, since)).toContain('renamed');
  });

  it('tell that a file was read anew', () => {
    const merged = (more: object): string => systemWords(item(1, 'a', { type: 'document.merge', data: { document: 'd', attachment: 'a_1', version: 2, number: 2, take: 'ours', changes: 3, saved: 1, ...more } }), name, since);
    expect(merged({ encoding: 'cp1250' })).toBe('Ada had the file read in another encoding');
    expect(merged({ encoding: 'cp1250', base: 1 })).toContain('3 changes came into the document from version 2');
  });

  it('name the file they tell of', () => {
    const told = (type: Item['type'], data: unknown): unknown => fileOf(item(1, 'a', { type, data }));
    expect(told('version.add', { attachment: 'a_1', name: 'a.txt', number: 3 })).toEqual({ attachment: 'a_1', name: 'a.txt', version: 3 });
    expect(told('attachment.add', { attachment: 'a_1', name: 'a.pdf' })).toEqual({ attachment: 'a_1', name: 'a.pdf', version: null });
    expect(told('attachment.rename', { attachment: 'a_1', name: 'a.txt' })).toBeNull();
    expect(told('version.add', null)).toBeNull();
  });

  it('say who types and who reacted', () => {
    expect(typingWords([])).toBe('');
    expect(typingWords(['Ada'])).toBe('Ada is typing…');
    expect(typingWords(['Ada', 'Mei'])).toBe('Ada and Mei are typing…');
    expect(typingWords(['a', 'b', 'c'])).toBe('3 people are typing…');
    expect(reactionWords('👍', ['Ada', 'Mei', 'you'])).toBe('Ada, Mei and you reacted with 👍');
  });

  it('say why writing is not possible', () => {
    expect(blockedWords('reader', 'ready')).toContain('may read');
    expect(blockedWords('owner', 'removed')).toContain('no longer');
    expect(blockedWords('editor', 'ready')).toBeNull();
  });
});

describe('texts of strangers', () => {
  const people = [{ uid: 'u1', name: 'Ada' }, { uid: 'u2', name: '@@@@' }];

  it('are looked through for names in time in proportion to their length', () => {
    expect(slowTexts((text) => mentionsIn(text, people))).toEqual([]);
    expect(slowTexts((text) => mentionQuery(text, text.length))).toEqual([]);
  }, 60_000);
});
