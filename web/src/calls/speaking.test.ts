import { expect, test } from 'vitest';
import { Speaking } from './speaking';

test('who speaks does so also in the pause between two words, and not when they are gone', () => {
  const speaking = new Speaking();
  expect([...speaking.hear(new Map([['ada', 0.2], ['grace', 0.01]]), 0)]).toEqual(['ada']);
  expect([...speaking.hear(new Map([['ada', 0], ['grace', 0.1]]), 400)]).toEqual(['ada', 'grace']);
  expect([...speaking.hear(new Map([['ada', 0], ['grace', 0]]), 700)]).toEqual(['grace']);
  expect([...speaking.hear(new Map([['ada', 0]]), 800)]).toEqual([]);
});
