import { expect, test } from 'vitest';

import type { Call, CallPerson } from '../wire/generated';
import { callWords, participants, spanWords } from './words';

const call = (people: Record<string, Partial<CallPerson>>, change: Partial<Call> = {}): Call => ({
  call: 'k', seq: 4, head: 9, by: 'ada', started: 60_000, ended: 1_140_000, ...change,
  people: Object.fromEntries(Object.entries(people).map(([uid, one]) => [uid, { state: 'left', since: 60_000, ...one }])),
});
const name = (uid: string): string => uid.toUpperCase();

test.each([
  [{ ada: { stayed: 1_080_000 }, ben: { stayed: 900_000 } }, {}, 'ben', 'Call, 18 min, 2 people'],
  [{ ada: { stayed: 1_080_000 }, eva: { stayed: 900_000 }, ben: { state: 'missed' } }, {}, 'ben', 'Call, 18 min, 2 people, missed by you'],
  [{ ada: { stayed: 45_000 }, ben: { state: 'missed' } }, {}, 'ben', 'You missed a call from ADA'],
  [{ ada: { stayed: 45_000 }, ben: { state: 'declined' } }, {}, 'ben', 'You declined a call from ADA'],
  [{ ada: { stayed: 45_000 }, ben: { state: 'declined' } }, {}, 'ada', 'You called, nobody answered'],
  [{ ada: { stayed: 45_000 }, ben: { state: 'declined' } }, {}, 'eva', 'ADA called, nobody answered'],
  [{ ada: { state: 'in' }, ben: { state: 'ringing' } }, { ended: null }, 'ben', 'ADA is calling'],
  [{ ada: { state: 'in' }, ben: { state: 'in' }, eva: { state: 'ringing' } }, { ended: null }, 'ben', 'Call: ADA, you'],
] as const)('%#: a call in words', (people, change, me, words) => {
  expect(callWords(call(people as never, change), me, name, 2_000_000)).toBe(words);
});

test('spans of time', () => {
  expect([0, 42_400, 59_600, 61_000, 3_600_000, 3_900_000].map(spanWords)).toEqual(['0 s', '42 s', '1 min', '1 min', '1 h', '1 h 5 min']);
});

test('who was longest comes first', () => {
  expect(participants(call({ ada: { stayed: 5 }, ben: { stayed: 9 }, eva: { state: 'missed' } }), 0)).toEqual(['ben', 'ada']);
});
