import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, describe, expect, test } from 'vitest';

import { type LocalStore, MemoryStore, openLocalStore } from './local-store';

beforeEach(() => (globalThis.indexedDB = new IDBFactory()));

describe.each<[string, () => Promise<LocalStore>]>([
  ['IndexedDB', () => openLocalStore('u_me')],
  ['memory', async () => new MemoryStore()],
])('%s', (_, open) => {
  test('values are kept under their keys, in key order', async () => {
    const store = await open();
    await store.put('outbox', 'b', { text: 'two' });
    await store.put('outbox', 'a', { text: 'one' });
    await store.put('unsent', 'a', new Uint8Array([1]));
    expect(await store.get('outbox', 'a')).toEqual({ text: 'one' });
    expect(await store.get('outbox', 'c')).toBeUndefined();
    expect((await store.entries('outbox', '')).map(([key]) => key)).toEqual(['a', 'b']);
    await store.delete('outbox', ['a', 'c']);
    expect((await store.entries('outbox', '')).map(([key]) => key)).toEqual(['b']);
  });

  test('entries are found by the beginning of their key', async () => {
    const store = await open();
    for (const key of ['d_1\u0000a', 'd_1\u0000b', 'd_10\u0000a', 'd_2']) await store.put('unsent', key, key);
    expect((await store.entries('unsent', 'd_1\u0000')).map(([, value]) => value)).toEqual(['d_1\u0000a', 'd_1\u0000b']);
  });

  test('an update reads and writes at once', async () => {
    const store = await open();
    await store.put('leases', 'd', [1, 2, 3, 4]);
    const takes = [1, 2, 3, 4, 5].map(() =>
      store.update<number[], number | null>('leases', 'd', (ids = []) => ({ value: ids.slice(1), result: ids[0] ?? null })),
    );
    expect((await Promise.all(takes)).toSorted()).toEqual([1, 2, 3, 4, null]);
  });

  test('erasing leaves nothing', async () => {
    const store = await open();
    await store.put('outbox', 'a', 1);
    await store.erase();
    const again = await open();
    expect(await again.entries('outbox', '')).toEqual([]);
  });
});

test('people of one browser are kept apart', async () => {
  const mine = await openLocalStore('u_me');
  const theirs = await openLocalStore('u_ann');
  await mine.put('outbox', 'a', 1);
  expect(await theirs.entries('outbox', '')).toEqual([]);
});

test('without IndexedDB it says that nothing lasts', async () => {
  globalThis.indexedDB = { open: () => { throw new Error('forbidden'); } } as unknown as IDBFactory;
  expect((await openLocalStore('u_me')).durable).toBe(false);
});
