import { expect, test } from 'vitest';
import cases from '../../../tests/data/cases/calls.json';

import type { Call, TimelineEvent } from '../wire/generated';
import { after, begun, durationOf, isRunning, ringOf, stayOf, who } from './state';

interface Step {
  readonly event: TimelineEvent;
  readonly call: Call;
}

const STORIES = cases as unknown as Step[][];

test('events come to what they come to on the hub', () => {
  for (const story of STORIES) {
    let call: Call | null = null;
    for (const step of story) {
      call = call ? after(call, step.event) : begun(step.event);
      expect(call).toEqual(step.call);
      expect(after(call, step.event)).toBe(call); // told twice
    }
  }
});

test('it rings aloud for whom it is not hushed, quietly for the busy, not at all for whom wants none', () => {
  const call = begun({ t: 'event', thread: 'r', seq: 4, type: 'call.start', sender: 'ada', at: 1000, data: { call: 'k', device: 'd', ring: ['ben', 'eva', 'ivo'], busy: ['eva'], quiet: ['ivo'] } });
  expect(['ada', 'ben', 'eva', 'ivo'].map((uid) => ringOf(call, uid))).toEqual([null, 'aloud', 'quietly', null]);
  expect(who(call, 'ringing')).toEqual(['ben', 'eva', 'ivo']);
  const over = after(call, { t: 'event', thread: 'r', seq: 5, type: 'call.end', sender: 'ada', at: 9000, data: { call: 'k', target: 4, until: 8000 } });
  expect(isRunning(over)).toBe(false);
  expect(ringOf(over, 'ben')).toBeNull();
  expect(durationOf(over)).toBe(7000);
  expect(stayOf(over, 'ada', 99_000)).toBe(7000);
  expect(stayOf(call, 'ada', 3_000)).toBe(2000);
});
