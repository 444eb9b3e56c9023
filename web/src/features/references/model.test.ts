import { describe, expect, test } from 'vitest';

import type { Item, ProposedReference, Reference } from '../../wire/generated';
import { countWords, latestOf, matchWords, matters, numberWords, offered } from './model';

const reference = (id: string, matter = id): Reference => ({ id, kind: 'order', number: id, whose: '', matter, set_by: 'u_1', set_at: 1 });
const proposed = (seq: number, number: string): ProposedReference => ({ seq, kind: 'order', number, start: 0, end: 1 });

describe('words', () => {
  test('a number, of what kind it is, and whose', () => {
    expect(numberWords({ kind: 'variable_symbol', number: '42' })).toBe('Variable symbol 42');
    expect(numberWords({ kind: 'order', number: 'PO-1', whose: 'North' })).toBe('Order PO-1 of North');
  });

  test('why a thread is named', () => {
    const about = { thread: 'r_1', subject: 'Offer', number: 'SO-7', kind: 'order' as const };
    expect(matchWords({ ...about, match: 'same' })).toBe('Order SO-7');
    expect(matchWords({ ...about, match: 'alias', whose: 'North', seq: 4 })).toBe('known there as Order SO-7 of North, on a message');
    expect(matchWords({ ...about, match: 'alike' })).toBe('another number that looks like it: SO-7');
    expect(matchWords({ ...about, match: 'said', seq: 4 })).toBe('a message speaks of it');
  });

  test('how many threads speak of it', () => {
    expect(countWords('PO-1', 1, false)).toBe('One thread speaks of PO-1');
    expect(countWords('PO-1', 2, false)).toBe('Two threads speak of PO-1');
    expect(countWords('PO-1', 5, true)).toBe('More than 5 threads speak of PO-1');
  });
});

test('names of one matter stand together', () => {
  expect(matters([reference('a'), reference('b'), reference('c', 'a')]).map((group) => group.map((one) => one.id))).toEqual([['a', 'c'], ['b']]);
});

test('a number is offered once under a message, of others as before', () => {
  const first = offered(new Map(), [1, 2], [proposed(1, 'a'), proposed(1, 'a'), proposed(1, 'b'), proposed(2, 'a')]);
  expect([...first].map(([seq, all]) => [seq, all.map((one) => one.number)])).toEqual([[1, ['a', 'b']], [2, ['a']]]);
  const next = offered(first, [1, 3], [proposed(3, 'c')]);
  expect([...next.keys()]).toEqual([2, 3]);
});

test('proposals are asked for again when something with a digit was said or touched', () => {
  const item = (text: string | null, version: number): Item => ({ type: 'message', text, version }) as Item;
  expect(latestOf([item('none', 3), item(null, 4)])).toBe(0);
  expect(latestOf([item('PO-1', 3), item('words', 4)])).toBe(3);
  expect(latestOf([item('PO-1', 5), item('PO-2', 4)])).toBe(5);
});
