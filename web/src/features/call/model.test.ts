import { expect, test } from 'vitest';
import type { Participant } from '../../calls/current.svelte';
import { clock, columnsOf, overWords, spotlight, stateWords, wayWords } from './model';

const who = (uid: string, more: Partial<Participant> = {}): Participant => ({
  uid, device: uid, isMe: uid === 'me', muted: false, camera: false, screen: false, hand: false,
  state: 'connected', isPoor: false, isLate: false, relayed: null, speaks: false, tracks: { camera: null, screen: null }, ...more,
});

test('the spotlight is on the screen, else on who speaks, else stays', () => {
  const [me, ada, grace] = [who('me'), who('ada'), who('grace')];
  expect(spotlight([me], null)).toBe('me');
  expect(spotlight([me, ada, grace], null)).toBe('grace');
  expect(spotlight([me, ada, grace], 'ada')).toBe('ada');
  expect(spotlight([me, { ...ada, speaks: true }, grace], 'grace')).toBe('ada');
  expect(spotlight([{ ...me, speaks: true }, ada, grace], 'grace')).toBe('grace');
  expect(spotlight([me, { ...ada, speaks: true }, { ...grace, screen: true }], 'ada')).toBe('grace');
  expect(spotlight([me, ada], 'grace')).toBe('ada');
});

test('states and ways are words', () => {
  expect(stateWords(who('ada'))).toBe('');
  expect(stateWords(who('ada', { isPoor: true }))).toBe('Poor network');
  expect(stateWords(who('ada', { state: 'reconnecting', isPoor: true }))).toBe('Reconnecting');
  expect(stateWords(who('me', { state: 'connecting' }))).toBe('');
  expect(wayWords(who('ada', { relayed: true }))).toBe('relayed');
  expect(wayWords(who('ada', { relayed: false }))).toBe('direct');
  expect(wayWords(who('ada', { state: 'connecting', relayed: false }))).toBe('connecting');
});

test('why it is over is said to whoever did not hang up', () => {
  expect(overWords('left', 60_000, undefined)).toBeNull();
  expect(overWords('ended', 18 * 60_000, undefined)).toBe('The call is over, 18 min');
  expect(overWords('refused', 0, 'A call takes 4 people.')).toBe('You are no longer in the call: A call takes 4 people.');
});

test.each([[0, '0:00'], [-5, '0:00'], [65_000, '1:05'], [3_600_000, '1:00:00'], [7_384_000, '2:03:04']])('%i ms are %s', (ms, words) => {
  expect(clock(ms)).toBe(words);
});

test('a grid fits its place', () => {
  expect([columnsOf(1, 900), columnsOf(2, 900), columnsOf(4, 400), columnsOf(5, 900)]).toEqual([1, 2, 1, 3]);
});
