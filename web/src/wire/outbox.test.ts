import { expect, test, vi } from 'vitest';

import 'fake-indexeddb/auto';

import { LocalStore } from '../lib/local-store';
import type { Channel } from '../lib/tabs';
import { ApiError } from './error';
import type { Accepted } from './generated';
import { NOT_READY, Outbox, type OutboxEntry, type OutboxNews, type Sent } from './outbox';

/** Tabs of one browser: a table, a lock and a channel. */
class Browser {
  readonly store = new LocalStore(`u_${Math.random()}`);
  readonly received: string[] = [];
  readonly duplicates: string[] = [];
  failing: ApiError | null = null;
  refuses: string | null = null;
  /** Waits for its files. */
  unready: string | null = null;
  active = 0;
  #lock: Promise<unknown> = Promise.resolve();
  #hear: ((news: OutboxNews) => void)[] = [];

  tab(): { outbox: Outbox; sent: Sent[] } {
    const sent: Sent[] = [];
    const outbox = new Outbox({
      store: this.store,
      ready: async ({ text }) => {
        if (text === this.unready) throw new ApiError(NOT_READY, 'Its files have not begun to be sent.');
      },
      send: (entry) => this.#post(entry),
      lock: (task) => (this.#lock = this.#lock.then(task, task)) as ReturnType<typeof task>,
      channel: (hear) => this.#channel(hear),
      changed: () => undefined,
      sent: (one) => sent.push(one),
    });
    return { outbox, sent };
  }

  #channel(hear: (news: OutboxNews) => void): Channel<OutboxNews> {
    this.#hear.push(hear);
    return {
      post: (news) => this.#hear.filter((one) => one !== hear).forEach((one) => one(news)),
      close: () => (this.#hear = this.#hear.filter((one) => one !== hear)),
    };
  }

  async #post(entry: OutboxEntry): Promise<Accepted> {
    expect(++this.active).toBe(1);
    await Promise.resolve();
    this.active--;
    if (this.failing) throw this.failing;
    if (entry.text === this.refuses) throw new ApiError('forbidden', 'You can only read here.');
    if (this.received.includes(entry.text)) this.duplicates.push(entry.text);
    else this.received.push(entry.text);
    return { seq: this.received.length, at: 0 };
  }
}

const message = (text: string, thread = 'r_1') => ({ sendId: `s-${text}`, thread, text, replyTo: null, mentions: [] });
const settle = () => vi.waitFor(() => undefined).then(() => new Promise((resolve) => setTimeout(resolve, 5)));

test('messages are sent in order, once, and leave the queue', async () => {
  const browser = new Browser();
  const { outbox, sent } = browser.tab();
  outbox.setLive(true);
  for (const text of ['a', 'b', 'c', 'd']) outbox.add(message(text));
  expect(outbox.entries.map((one) => one.text)).toEqual(['a', 'b', 'c', 'd']);
  await vi.waitFor(() => expect(outbox.entries).toEqual([]));
  expect(browser.received).toEqual(['a', 'b', 'c', 'd']);
  expect(sent.map((one) => one.seq)).toEqual([1, 2, 3, 4]);
  expect(await browser.store.entries('outbox', '')).toEqual([]);
});

test('without a connection they wait, and survive a reload in their order', async () => {
  const browser = new Browser();
  const before = browser.tab().outbox;
  for (const text of ['a', 'b', 'c']) before.add(message(text));
  await settle();
  expect(before.entries.map((one) => one.status)).toEqual(['queued', 'queued', 'queued']);
  before.close();

  const after = browser.tab().outbox;
  await after.load();
  expect(after.entries.map((one) => one.text)).toEqual(['a', 'b', 'c']);
  after.setLive(true);
  await vi.waitFor(() => expect(after.entries).toEqual([]));
  expect(browser.received).toEqual(['a', 'b', 'c']);
});

test('a lost connection keeps the message; it is repeated with the same send id', async () => {
  const browser = new Browser();
  const { outbox } = browser.tab();
  browser.failing = new ApiError('offline', '');
  outbox.setLive(true);
  outbox.add(message('a'));
  await settle();
  expect(outbox.entries[0]?.status).toBe('queued');
  outbox.setLive(false);
  browser.failing = null;
  outbox.setLive(true);
  await vi.waitFor(() => expect(browser.received).toEqual(['a']));
});

test('a refused message stays as failed and holds up nobody', async () => {
  const browser = new Browser();
  const { outbox } = browser.tab();
  browser.refuses = 'bad';
  outbox.setLive(true);
  outbox.add(message('bad'));
  outbox.add(message('good'));
  await vi.waitFor(() => expect(browser.received).toEqual(['good']));
  expect(outbox.entries).toMatchObject([{ text: 'bad', status: 'failed', error: { code: 'forbidden' } }]);

  const later = browser.tab().outbox;
  await later.load();
  expect(later.entries).toMatchObject([{ text: 'bad', status: 'failed' }]);

  browser.refuses = null;
  outbox.retry('s-bad');
  await vi.waitFor(() => expect(browser.received).toEqual(['good', 'bad']));
});

test('what waits for its files holds up nobody, and goes when it is woken', async () => {
  const browser = new Browser();
  browser.unready = 'film';
  const { outbox } = browser.tab();
  for (const text of ['one', 'film', 'two']) outbox.add(message(text));
  outbox.add(message('elsewhere', 'r_2'));
  outbox.setLive(true);
  await vi.waitFor(() => expect(browser.received).toEqual(['one', 'two', 'elsewhere']));
  await vi.waitFor(() => expect(outbox.entries.map((one) => [one.text, one.status])).toEqual([['film', 'queued']]));
  browser.unready = null;
  outbox.wake();
  await vi.waitFor(() => expect(browser.received.at(-1)).toBe('film'));
  outbox.close();
});

test('what was discarded can be said again under its id', async () => {
  const browser = new Browser();
  const { outbox } = browser.tab();
  outbox.add(message('one'));
  outbox.discard('s-one');
  outbox.add(message('one'));
  outbox.setLive(true);
  await vi.waitFor(() => expect(browser.received).toEqual(['one']));
  outbox.close();
});

test('discarded messages are gone for good', async () => {
  const browser = new Browser();
  const { outbox } = browser.tab();
  outbox.add(message('a'));
  outbox.add(message('b'));
  outbox.discard('s-a');
  await settle();
  outbox.setLive(true);
  await vi.waitFor(() => expect(outbox.entries).toEqual([]));
  expect(browser.received).toEqual(['b']);
  expect(await browser.store.entries('outbox', '')).toEqual([]);
});

test('two tabs send each message once, one tab at a time', async () => {
  const browser = new Browser();
  const one = browser.tab();
  const two = browser.tab();
  one.outbox.setLive(true);
  two.outbox.setLive(true);
  for (let index = 0; index < 10; index++) {
    one.outbox.add(message(`one-${index}`));
    two.outbox.add(message(`two-${index}`));
  }
  await vi.waitFor(() => expect(browser.received).toHaveLength(20));
  await vi.waitFor(() => expect([...one.outbox.entries, ...two.outbox.entries]).toEqual([]));
  await settle();
  expect(browser.duplicates).toEqual([]);
  const ofOne = browser.received.filter((text) => text.startsWith('one'));
  expect(ofOne).toEqual(ofOne.toSorted());
  expect(one.sent).toHaveLength(20);
  expect(two.sent).toHaveLength(20);
});

test('what the tab without a connection queued is sent by the other', async () => {
  const browser = new Browser();
  const one = browser.tab();
  const two = browser.tab();
  two.outbox.setLive(true);
  one.outbox.add(message('a'));
  await vi.waitFor(() => expect(browser.received).toEqual(['a']));
  await vi.waitFor(() => expect(one.outbox.entries).toEqual([]));
  expect(one.sent).toMatchObject([{ sendId: 's-a', seq: 1 }]);
});

test('an event that confirms a queued message ends it', async () => {
  const browser = new Browser();
  const { outbox } = browser.tab();
  outbox.add(message('a'));
  outbox.confirm('s-a');
  expect(outbox.entries).toEqual([]);
});
