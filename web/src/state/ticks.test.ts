import { afterEach, expect, test, vi } from 'vitest';

import 'fake-indexeddb/auto';

import { LocalStore } from '../lib/local-store';
import { ApiError } from '../wire/error';
import type { Accepted, Entry } from '../wire/generated';
import { Ticks } from './ticks.svelte';

/** A browser with tabs, and a hub that can be away. */
class World {
  live = false;
  failing: ApiError | null = null;
  /** The hub has it, and its answer is lost. */
  answers = true;
  readonly store = new LocalStore(`u_${Math.random()}`);
  readonly told: string[] = [];
  readonly refused: string[] = [];
  readonly waiting = new WeakMap<Ticks, number>();
  readonly #known = new Map<string, Accepted>();
  readonly #tabs: Ticks[] = [];
  #lock: Promise<unknown> = Promise.resolve();
  now = 1_000;
  /** Of which entry alone; else of all. */
  fails = '';
  /** What somebody else finished. */
  readonly already = new Set<string>();

  tab(): Ticks {
    const ticks: Ticks = new Ticks({
      store: this.store,
      isLive: () => this.live,
      finish: async ({ send_id: id, entry, done, occurrence, seen, ago_ms: ago }) => {
        if (this.failing && (this.fails === '' || this.fails === entry)) throw this.failing;
        if (!this.#known.has(id)) {
          if (this.already.has(entry)) return { seq: 9, at: 0, changed: false };
          this.told.push([entry, done ? 'done' : 'open', seen, occurrence, ago].filter(Boolean).join(' '));
          this.#known.set(id, { seq: 1 + this.told.length, at: 0, occurrence: seen ?? null });
        }
        if (!this.answers) throw new ApiError('offline', 'The connection was lost.');
        return this.#known.get(id) as Accepted;
      },
      lock: (task) => (this.#lock = this.#lock.then(task, task)) as ReturnType<typeof task>,
      now: () => this.now,
      waiting: (count) => this.waiting.set(ticks, count),
      refused: (what, { code }) => this.refused.push(`${what}: ${code}`),
    });
    this.#tabs.push(ticks);
    return ticks;
  }

  /** The hub is there again, for all tabs. */
  async back(): Promise<void> {
    this.live = true;
    this.answers = true;
    this.failing = null;
    await Promise.all(this.#tabs.map((one) => one.connected()));
    await vi.waitFor(() => expect(this.#tabs.map((one) => this.waiting.get(one))).toEqual(this.#tabs.map(() => 0)));
  }

  close(): void {
    for (const one of this.#tabs) one.close();
  }
}

let world: World;
const begin = (live = false): Ticks => {
  world = new World();
  world.live = live;
  return world.tab();
};
afterEach(() => world.close());

const task = (entry: string, seq = 1, current?: string): Entry => ({ entry, seq, thread: 'r_1', title: entry, state: 'open', ...(current ? { current: { id: current } } : {}) }) as unknown as Entry;
const kept = async (): Promise<number> => (await world.store.entries('ticks', '')).length;

test('a tick is shown at once, waits, and is told when the hub is there', async () => {
  const ticks = begin();
  ticks.set(task('wood'), true);
  expect(ticks.of(task('wood'))).toEqual({ done: true, waits: true, stuck: false });
  expect(world.waiting.get(ticks)).toBe(1);
  await vi.waitFor(async () => expect(await kept()).toBe(1));
  await world.back();
  expect(world.told).toEqual(['wood done']);
  expect(ticks.of(task('wood'))).toEqual({ done: true, waits: false, stuck: false });
  expect(ticks.of(task('wood', 2))).toBeNull(); // it says so itself
  await vi.waitFor(async () => expect(await kept()).toBe(0));
});

test('what waits outlives its tab, and is told once by those that are there', async () => {
  const first = begin();
  first.set(task('wood'), true);
  first.set(task('nails'), true);
  await vi.waitFor(async () => expect(await kept()).toBe(2));
  const [second, third] = [world.tab(), world.tab()];
  await second.connected();
  expect(second.of(task('nails', 5))?.waits).toBe(true); // whatever somebody changed meanwhile
  await world.back();
  expect(world.told).toEqual(['wood done', 'nails done']);
  expect(third.of(task('wood', 2))).toBeNull();
});

test('what was not told is taken back, in all tabs', async () => {
  const ticks = begin();
  ticks.set(task('wood'), true);
  await vi.waitFor(async () => expect(await kept()).toBe(1));
  const other = world.tab();
  await other.connected();
  expect(ticks.set(task('wood'), false)).toBeNull();
  expect(ticks.of(task('wood'))).toBeNull();
  await vi.waitFor(async () => expect(await kept()).toBe(0));
  await world.back();
  expect(other.of(task('wood'))).toBeNull();
  expect(world.told).toEqual([]);
});

test('what the hub may know is opened again behind it', async () => {
  const ticks = begin(true);
  world.answers = false;
  const made = ticks.set(task('wood'), true);
  await vi.waitFor(() => expect(world.told).toEqual(['wood done']));
  world.live = false;
  ticks.undo(made!);
  expect(ticks.of(task('wood', 2))).toEqual({ done: false, waits: true, stuck: false });
  await world.back();
  expect(world.told).toEqual(['wood done', 'wood open']);
});

test('of a series the moment that was seen is done, and that one is opened again', async () => {
  const ticks = begin(true);
  const made = ticks.set(task('plants', 1, 'monday'), true);
  await vi.waitFor(() => expect(world.waiting.get(ticks)).toBe(0));
  ticks.undo(made!);
  await vi.waitFor(() => expect(world.told).toEqual(['plants done monday', 'plants open monday']));
});

test('what the hub refuses is not shown any more, and is said; the next is told', async () => {
  const ticks = begin();
  const made = ticks.set(task('wood'), true);
  ticks.set(task('nails'), true);
  world.live = true;
  world.failing = new ApiError('entry_not_found', 'It is not there.');
  await ticks.connected();
  await vi.waitFor(() => expect(world.refused).toEqual(['“wood” was not ticked off: entry_not_found', '“nails” was not ticked off: entry_not_found']));
  expect(ticks.of(task('wood'))).toBeNull();
  ticks.undo(made!);
  expect(world.waiting.get(ticks)).toBe(0);
});

test('what somebody else did is not undone', async () => {
  const ticks = begin(true);
  world.already.add('wood');
  const made = ticks.set(task('wood'), true);
  await vi.waitFor(() => expect(world.waiting.get(ticks)).toBe(0));
  expect(ticks.of(task('wood'))).toBeNull();
  ticks.undo(made!);
  expect(world.waiting.get(ticks)).toBe(0);
});

test('what changed meanwhile is opened again, not only left as it is', async () => {
  const ticks = begin();
  ticks.set(task('wood'), true);
  ticks.set(task('wood', 7), false); // somebody else finished it
  expect(ticks.of(task('wood', 7))).toMatchObject({ done: false, waits: true });
  await world.back();
  expect(world.told).toEqual(['wood done', 'wood open']);
});

test('a tick that is told late says how long ago it was', async () => {
  const ticks = begin();
  ticks.set(task('plants', 1, 'monday'), true);
  world.now += 86_400_000;
  await world.back();
  expect(world.told).toEqual(['plants done monday 86400000']);
});

test('one that cannot be told holds back none of the others', async () => {
  const ticks = begin(true);
  world.failing = new ApiError('internal', 'It broke.', 500, 5);
  world.fails = 'wood';
  ticks.set(task('wood'), true);
  ticks.set(task('nails'), true);
  await vi.waitFor(() => expect(world.told).toEqual(['nails done']));
  expect(ticks.of(task('wood'))).toEqual({ done: true, waits: true, stuck: true });
});

test('what is taken back while it is about to be told is not told', async () => {
  const ticks = begin();
  ticks.set(task('wood'), true);
  await vi.waitFor(async () => expect(await kept()).toBe(1));
  world.live = true;
  const connected = ticks.connected();
  ticks.set(task('wood'), false);
  await connected;
  await vi.waitFor(async () => expect(await kept()).toBe(0));
  expect(world.told).toEqual([]);
});

test('a hub that cannot now is asked again', async () => {
  const ticks = begin(true);
  world.failing = new ApiError('entry_busy', 'Somebody changes it.', 409);
  ticks.set(task('wood'), true);
  await vi.waitFor(() => expect(ticks.of(task('wood'))?.waits).toBe(true));
  world.failing = null;
  await vi.waitFor(() => expect(world.told).toEqual(['wood done']), { timeout: 5_000 });
});
