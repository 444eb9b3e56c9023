/**
 * Two people do anything at any time: no word is lost but those that somebody deleted who saw them.
 * The small and fast sister of tests/e2e/monkey.py; a word is one character that is typed once.
 */
import 'fake-indexeddb/auto';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as Y from 'yjs';

import { LocalStore } from '../lib/local-store';
import { FakeClient, FakeHub } from './fake-hub';

type Chance = () => number;

/** mulberry32 */
function chances(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const fragment = (doc: Y.Doc): Y.XmlFragment => doc.getXmlFragment('default');
const seen = (doc: Y.Doc): string => fragment(doc).toString().replace(/<[^>]*>/g, '');

class Player {
  client: FakeClient;
  readonly store: LocalStore;

  constructor(
    readonly name: string,
    private readonly hub: FakeHub,
    private readonly chance: Chance,
    private readonly deleted: Set<string>,
    private readonly typed: Map<string, string>,
    private readonly next: () => string,
    readonly log: string[],
  ) {
    this.store = new LocalStore(name);
    this.client = new FakeClient(hub, this.store, name);
  }

  get doc(): Y.Doc {
    return this.client.session.doc;
  }

  pick(count: number): number {
    return Math.floor(this.chance() * count);
  }

  write(): void {
    if (this.client.session.mode !== 'edit' || !this.client.session.loaded) return;
    const root = fragment(this.doc);
    const word = this.next();
    this.typed.set(word, this.name);
    this.log.push(`${this.name} writes ${word}`);
    const block = root.length > 0 && this.chance() < 0.8 ? root.get(this.pick(root.length)) : null;
    if (block instanceof Y.XmlElement) {
      const text = block.get(0) as Y.XmlText;
      text.insert(this.pick(text.length + 1), word);
    } else {
      const made = new Y.XmlElement('paragraph');
      made.insert(0, [new Y.XmlText(word)]);
      root.insert(this.pick(root.length + 1), [made]);
    }
  }

  remove(): void {
    const root = fragment(this.doc);
    if (this.client.session.mode !== 'edit' || !this.client.session.loaded || root.length === 0) return;
    const at = this.pick(root.length);
    const count = this.chance() < 0.2 ? root.length - at : 1;
    const before = seen(this.doc);
    root.delete(at, count);
    const after = seen(this.doc);
    const gone = [...before].filter((word) => !after.includes(word));
    this.log.push(`${this.name} deletes ${gone.join('')}`);
    for (const word of gone) this.deleted.add(word);
  }

  /** What is on the wire arrives: a word and a deletion that are both on it when it breaks are not told. */
  async arrive(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  }

  async reload(): Promise<void> {
    await this.arrive();
    this.log.push(`${this.name} reloads`);
    const { live } = this.client;
    if (live) this.client.goOffline();
    await this.client.session.end();
    this.client = new FakeClient(this.hub, this.store, this.name, live);
  }

  async toggle(): Promise<void> {
    await this.arrive();
    this.log.push(`${this.name} ${this.client.live ? 'leaves' : 'comes'}`);
    if (this.client.live) this.client.goOffline();
    else this.client.goOnline();
  }

  async act(): Promise<void> {
    const act = this.chance();
    if (act < 0.55) this.write();
    else if (act < 0.7) this.remove();
    else if (act < 0.85) await this.toggle();
    else if (act < 0.92) await this.reload();
    else await new Promise((resolve) => setTimeout(resolve, this.pick(8)));
  }
}

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});
afterEach(() => vi.restoreAllMocks());

const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1);
test.each(SEEDS)('any sequence, seed %i', { timeout: 60_000 }, async (seed) => {
  const chance = chances(seed);
  const hub = new FakeHub();
  hub.info = { ...hub.info, kind: 'rich' };
  const deleted = new Set<string>();
  const typed = new Map<string, string>();
  const log: string[] = [];
  let code = 0x4e00;
  const next = (): string => String.fromCharCode(++code);
  const players = ['u_ann', 'u_bob', 'u_cay'].map((name) => new Player(name, hub, chance, deleted, typed, next, log));
  const saved = (): Promise<void> =>
    vi.waitFor(() => players.forEach(({ client }) => expect(client.session.sync).toBe('saved')), { timeout: 15_000, interval: 5 });
  await saved();
  for (let step = 0; step < 120; step++) await players[Math.floor(chance() * players.length)]?.act();
  for (const player of players) if (!player.client.live) await player.toggle();
  await saved();
  for (const player of players) await player.reload(); // what is kept is what the next visit finds
  await saved();
  const text = seen(hub.doc);
  for (const player of players) expect(seen(player.doc)).toBe(text);
  const kept = players.flatMap(({ client }) => client.session.privateCopies.map((copy) => copy.text)).join('');
  const lost = [...typed.keys()].filter((word) => !text.includes(word) && !deleted.has(word) && !kept.includes(word));
  expect(lost, log.join('\n')).toEqual([]);
  for (const player of players) {
    await player.client.session.end();
    await player.store.close();
  }
});
