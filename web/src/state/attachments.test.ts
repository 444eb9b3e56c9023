import { describe, expect, test } from 'vitest';

import type { Attachment, EventType, TimelineEvent, Version } from '../wire/generated';
import { attachmentId, applyToFiles, type Files, lacksNotes, learn, NO_FILES, noted, progressed, withoutErased } from './attachments';

let seq = 0;
function event(type: EventType, data: object, sender = 'u_ada'): TimelineEvent {
  seq += 1;
  return { t: 'event', thread: 'r', seq, type, sender, at: seq * 1000, data };
}

const add = (key: string, more: object = {}): TimelineEvent => event('attachment.add', { attachment: 'a', key, name: 'a.txt', size: 10, type: 'text/plain', ...more });
const version = (key: string, more: object = {}): TimelineEvent => event('version.add', { attachment: 'a', key, name: 'a.txt', size: 20, type: 'text/plain', ...more });
const ready = (key: string, number: number, same = false): TimelineEvent => event('version.ready', { attachment: 'a', key, target: 1, number, blob: `b_${key}`, size: 10, same });

function after(...events: TimelineEvent[]): Attachment {
  const files = events.reduce((known: Files, one) => applyToFiles(known, one).files, NO_FILES);
  return files.get('a') as Attachment;
}

const brief = (one: Attachment): unknown => [one.number, one.count, one.versions.map(({ key, state, number }) => `${key} ${state} ${number}`)];

describe('a file of a thread', () => {
  test('arrives, is ready, gets versions', () => {
    expect(brief(after(add('f1')))).toEqual([null, 0, ['f1 arriving null']]);
    expect(brief(after(add('f1'), ready('f1', 1)))).toEqual([1, 1, ['f1 ready 1']]);
    const two = [add('f1'), ready('f1', 1), version('f2'), ready('f2', 2)];
    expect(brief(after(...two))).toEqual([2, 2, ['f2 ready 2', 'f1 ready 1']]);
    expect(brief(after(...two, version('f3'), ready('f3', 1, true)))).toEqual([1, 2, ['f3 same 1', 'f2 ready 2', 'f1 ready 1']]);
    expect(brief(after(...two, event('attachment.restore', { attachment: 'a', target: 1, number: 1 })))).toEqual([1, 2, ['f2 ready 2', 'f1 ready 1']]);
  });

  test('fails', () => {
    const one = after(add('f1'), event('version.failed', { attachment: 'a', key: 'f1', target: 1, reason: 'expired' }));
    expect(brief(one)).toEqual([null, 0, ['f1 failed null']]);
    expect(one.versions[0]?.reason).toBe('expired');
  });

  test('that was sent on is here at once', () => {
    expect(brief(after(add('f1', { blob: 'b_1' })))).toEqual([1, 1, ['f1 ready 1']]);
    expect(brief(after(add('f1', { blob: 'b_1' }), version('f2', { blob: 'b_2', number: 2 })))).toEqual([2, 2, ['f2 ready 2', 'f1 ready 1']]);
  });

  test('is renamed, removed and brought back by who removed it', () => {
    const named = after(add('f1'), event('attachment.rename', { attachment: 'a', target: 1, name: 'b.txt' }));
    expect(named.name).toBe('b.txt');
    const remove = event('attachment.remove', { attachment: 'a', target: 1, undo_s: 60 }, 'u_ben');
    expect(after(add('f1'), remove)).toMatchObject({ removed_by: 'u_ben', undo_until: remove.at + 60_000 });
    expect(after(add('f1'), remove, event('attachment.unremove', { attachment: 'a', target: 1 })).removed_by).toBe('u_ben');
    expect(after(add('f1'), remove, event('attachment.unremove', { attachment: 'a', target: 1 }, 'u_ben')).removed_by).toBeNull();
  });
});

test('an event that is known already changes nothing', () => {
  const events = [add('f1'), ready('f1', 1), version('f2'), ready('f2', 2)];
  const files = events.reduce((known: Files, one) => applyToFiles(known, one).files, NO_FILES);
  for (const one of events) expect(applyToFiles(files, one).files.get('a')).toEqual(files.get('a'));
});

test('a new version of a file that is not known is asked for', () => {
  expect(applyToFiles(NO_FILES, version('f2'))).toEqual({ files: NO_FILES, missing: 'a' });
  expect(applyToFiles(NO_FILES, ready('f2', 2))).toEqual({ files: NO_FILES, missing: null });
  const asked = learn(NO_FILES, [after(add('f1'), version('f2'))]);
  expect(asked.get('a')?.versions).toHaveLength(2);
});

test('an answer of the list is newer than the missed events that follow it', () => {
  const before = [add('f1'), ready('f1', 1)];
  const missed = [version('f2'), ready('f2', 2), event('attachment.rename', { attachment: 'a', target: 1, name: 'b.txt' }), version('f3'), ready('f3', 3), event('attachment.rename', { attachment: 'a', target: 1, name: 'c.txt' })];
  const now = after(...before, ...missed);
  const answer = { ...now, versions: now.versions.slice(0, 1) };
  const follow = (files: Files, events: TimelineEvent[]): Files => events.reduce((known: Files, one) => applyToFiles(known, one).files, files);
  const known: Files = new Map([['a', after(...before)]]);
  // The versions that the list leaves out come with the events: messages speak of them.
  for (const events of [missed.slice(0, 2), missed]) {
    const caughtUp = follow(learn(known, [answer], [], seq), events).get('a') as Attachment;
    expect(brief(caughtUp)).toEqual([3, 3, ['f3 ready 3', 'f2 ready 2', 'f1 ready 1']]);
    expect(caughtUp.name).toBe('c.txt');
  }
  const later = [version('f4'), ready('f4', 4)];
  expect(brief(follow(learn(known, [answer], [], seq - 2), [...missed, ...later]).get('a') as Attachment)).toEqual([4, 4, ['f4 ready 4', 'f3 ready 3', 'f2 ready 2', 'f1 ready 1']]);
});

test('an answer that was overtaken by a newer one changes nothing but what that left out', () => {
  const [first, second] = [[add('f1'), ready('f1', 1)], [version('f2'), ready('f2', 2)]];
  const old = after(...first);
  const now = after(...first, ...second);
  const known = learn(NO_FILES, [{ ...now, versions: now.versions.slice(0, 1) }], [], seq);
  expect(brief(learn(known, [old], [], seq - 2).get('a') as Attachment)).toEqual([2, 2, ['f2 ready 2', 'f1 ready 1']]);
});

test('what came meanwhile of another file is not counted twice', () => {
  const other = { ...after(add('f1'), ready('f1', 1)), attachment: 'b' };
  const one = after(add('f1'), ready('f1', 1));
  const late = ready('f2', 2); // of a version that is not known here
  const files = applyToFiles(new Map([['a', one]]), late).files;
  expect(learn(files, [other], [late]).get('a')?.count).toBe(2);
});

test('a preview and a verdict that came while the answer was on its way stay', () => {
  const asked = after(add('f1'), ready('f1', 1));
  const preview = { kind: 'image', parts: ['thumb'] } as unknown as NonNullable<Version['preview']>;
  let files: Files = noted(new Map([['a', asked]]), 'f1', { preview });
  files = noted(files, 'f1', { verdict: 'unscannable', finding: 'encrypted' });
  const [only] = learn(files, [asked], [], seq).get('a')?.versions ?? [];
  expect(only).toMatchObject({ preview, verdict: 'unscannable', finding: 'encrypted' });
  // What the hub says is newer than what is known.
  const scanned = { ...asked, versions: asked.versions.map((one) => ({ ...one, verdict: 'clean' as const })) };
  expect(learn(files, [scanned], [], seq).get('a')?.versions[0]).toMatchObject({ preview, verdict: 'clean', finding: null });
});

test('what may have been told while nobody listened', () => {
  const bare = after(add('f1'), ready('f1', 1));
  const with_ = (more: Partial<Version>): Attachment => ({ ...bare, versions: bare.versions.map((one) => ({ ...one, ...more })) });
  const preview = { kind: 'image', parts: [] } as unknown as NonNullable<Version['preview']>;
  expect(lacksNotes(bare, false)).toBe(true);
  expect(lacksNotes(with_({ preview }), false)).toBe(false);
  expect(lacksNotes(with_({ preview }), true)).toBe(true);
  expect(lacksNotes(with_({ preview, verdict: 'clean' }), true)).toBe(false);
  expect(lacksNotes(with_({ state: 'failed' }), true)).toBe(false);
  expect(lacksNotes({ ...bare, removed_by: 'u_ada' }, true)).toBe(false);
});

test('what is in no page of the whole list was erased', () => {
  const one = (attachment: string, at: number, more: Partial<Attachment> = {}): [string, Attachment] => [attachment, { ...after(add('f1')), attachment, seq: at, ...more }];
  const files: Files = new Map([one('listed', 1), one('erased', 2), one('picture', 3, { document: 'd_1' }), one('new', 11)]);
  expect([...withoutErased(files, new Set(['listed']), 10).keys()]).toEqual(['listed', 'picture', 'new']);
  expect(withoutErased(files, new Set(['listed', 'erased']), 10)).toBe(files);
});

test('progress goes forward only, and only while it arrives', () => {
  const files: Files = new Map([['a', after(add('f1'))]]);
  const half = progressed(files, 'f1', 5);
  expect(half.get('a')?.versions[0]?.received).toBe(5);
  expect(progressed(half, 'f1', 4)).toBe(half);
  expect(progressed(half, 'f9', 9)).toBe(half);
  const done = applyToFiles(half, ready('f1', 1)).files;
  expect(progressed(done, 'f1', 9)).toBe(done);
});

test('the id of an attachment is what the hub will call it', async () => {
  // Computed by the hub's own code.
  expect(await attachmentId('r_room', 'u_ada', 'send-1')).toBe('a_5LpcVittrqqdvWzj2CLyHQ');
});

test('a property has one value under each key, whoever writes it how', () => {
  const said = (key: string, value: string | null): TimelineEvent =>
    event('attachment.property', { attachment: 'a', target: 1, key, property: value === null ? null : { type: 'text', value } }, 'u_ben');
  const words = (...events: TimelineEvent[]) => after(add('f1'), ...events).properties?.map((one) => (one.property.type === 'text' ? `${one.key}=${one.property.value}` : ''));
  expect(words(said('Total', '1'), said('Due', '2'))).toEqual(['Due=2', 'Total=1']);
  expect(words(said('Total', '1'), said('TOTAL', '3'))).toEqual(['TOTAL=3']);
  expect(words(said('Stra\u00dfe', '1'), said('STRASSE', null))).toEqual([]);
  expect(words(said('STRA\u1e9eE', '1'), said('strasse', '2'))).toEqual(['strasse=2']);
  expect(words(said('\u0131', '1'), said('I', '2'))).toEqual(['I=2', '\u0131=1']); // as the hub
  expect(after(add('f1'), said('Total', '1')).properties?.[0]).toMatchObject({ set_by: 'u_ben', source: { by: 'person' } });
});
