import { expect, test } from 'vitest';
import { Flow, STALL_MS } from './flow';

/** Counters every half second: [media, any] since the last one. */
function after(steps: readonly (readonly [number, number])[]): { flow: Flow; now: number } {
  const flow = new Flow(0);
  let [media, any, now] = [0, 0, 0];
  for (const [moreMedia, more] of steps) {
    now += 500;
    flow.see({ media: (media += moreMedia), any: (any += more) }, now);
  }
  return { flow, now };
}

const FLOWING = [25, 5_000] as const;
const NOTHING = [0, 0] as const;

test('what flows is not stalled', () => {
  const { flow, now } = after(Array(20).fill(FLOWING));
  expect(flow.isStalled(now, true)).toBe(false);
});

test('media that stop, and all else with them, are a stall after a second', () => {
  const { flow, now } = after([...Array(10).fill(FLOWING), NOTHING]);
  expect(flow.isStalled(now, true)).toBe(false);
  expect(flow.isStalled(now - 500 + STALL_MS, true)).toBe(true);
});

test('who sends nothing is heard of by reports, which come seldom', () => {
  const quiet = [[0, 60], NOTHING, NOTHING, NOTHING, NOTHING, NOTHING] as const;
  const { flow, now } = after([...quiet, ...quiet, ...quiet]);
  expect(flow.isStalled(now, false)).toBe(false);
  expect(flow.isStalled(now + 5_000, false)).toBe(true);
});

test('before the first packet nothing is missed', () => {
  const { flow, now } = after([[0, 60], NOTHING, NOTHING, NOTHING, NOTHING]);
  expect(flow.isStalled(now, true)).toBe(false);
});

test('who switches everything off did not go away', () => {
  const { flow, now } = after([...Array(10).fill(FLOWING), [0, 90], NOTHING, NOTHING, NOTHING, NOTHING]);
  expect(flow.isStalled(now, true)).toBe(true);
  expect(flow.isStalled(now, false)).toBe(false);
});

test('a page that slept does not blame the network', () => {
  const { flow, now } = after(Array(10).fill(FLOWING));
  flow.forgive(now + 60_000);
  expect(flow.isStalled(now + 60_000, true)).toBe(false);
  expect(flow.isStalled(now + 70_000, true)).toBe(true);
});
