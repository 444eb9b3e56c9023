import 'fake-indexeddb/auto';

import { forceCloseDatabase, IDBDatabase, IDBFactory, IDBObjectStore } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { LocalStore } from './local-store';

const real = IDBObjectStore.prototype.put;
let uid: string;

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  uid = `u_${Math.random()}`;
});
afterEach(() => {
  IDBObjectStore.prototype.put = real;
  vi.useRealTimers();
});

/** A disk that is full: it shows when the transaction should be complete. */
function full(): void {
  IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...args: Parameters<typeof real>) {
    const request = real.apply(this, args);
    (this as unknown as { transaction: { _abort(name: string): void } }).transaction._abort('QuotaExceededError');
    return request;
  } as typeof real;
}

function forbidden(): void {
  globalThis.indexedDB = { open: () => { throw new DOMException('no', 'SecurityError'); } } as unknown as IDBFactory;
}

/** The browser empties the database, then closes it for everybody. */
async function taken(): Promise<void> {
  const database = await new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open(`hub:${uid}`);
    request.onsuccess = () => resolve(request.result);
  });
  await new Promise<void>((resolve) => {
    const names = [...database.objectStoreNames];
    const transaction = database.transaction(names, 'readwrite');
    transaction.oncomplete = () => resolve();
    for (const name of names) transaction.objectStore(name).clear();
  });
  const { connections } = (database as unknown as { _rawDatabase: { connections: IDBDatabase[] } })._rawDatabase;
  for (const one of [...connections]) forceCloseDatabase(one as never);
}

describe.each<[string, () => void]>([
  ['a browser that keeps', () => undefined],
  ['a browser that refuses', forbidden],
  ['a full disk', full],
])('%s', (_, prepare) => {
  beforeEach(prepare);

  test('values are found under their keys, in key order', async () => {
    const store = new LocalStore(uid);
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
    const store = new LocalStore(uid);
    for (const key of ['d_1\u0000a', 'd_1\u0000b', 'd_10\u0000a', 'd_2']) await store.put('unsent', key, key);
    expect((await store.entries('unsent', 'd_1\u0000')).map(([, value]) => value)).toEqual(['d_1\u0000a', 'd_1\u0000b']);
  });

  test('erasing leaves nothing', async () => {
    const store = new LocalStore(uid);
    await store.put('outbox', 'a', 1);
    globalThis.indexedDB = new IDBFactory();
    await store.erase('all');
    expect(await new LocalStore(uid).entries('outbox', '')).toEqual([]);
  });
});

test('an update reads and writes at once', async () => {
  const store = new LocalStore(uid);
  await store.put('leases', 'd', [1, 2, 3, 4]);
  const takes = [1, 2, 3, 4, 5].map(() =>
    store.update<number[], number | null>('leases', 'd', (ids = []) => ({ value: ids.slice(1), result: ids[0] ?? null })),
  );
  expect((await Promise.all(takes)).toSorted()).toEqual([1, 2, 3, 4, null]);
});

test.each([['a full disk', full], ['a browser that refuses', forbidden]])('an update that is not kept changes nothing: %s', async (_, fail) => {
  const store = new LocalStore(uid);
  await store.put('leases', 'd', [1, 2]);
  await store.close();
  const [one, two] = [new LocalStore(uid), new LocalStore(uid)];
  fail();
  const take = (from: LocalStore): Promise<number | undefined> =>
    from.update<number[], number | undefined>('leases', 'd', (ids = []) => ({ value: ids.slice(1), result: ids[0] }));
  await expect(take(one)).rejects.toThrow();
  await expect(take(two)).rejects.toThrow();
});

test('people of one browser are kept apart', async () => {
  const mine = new LocalStore('u_me');
  const theirs = new LocalStore('u_ann');
  await mine.put('outbox', 'a', 1);
  expect(await theirs.entries('outbox', '')).toEqual([]);
});

test('what a full disk did not take is said, and written when there is room', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const said: boolean[] = [];
  const store = new LocalStore(uid, () => said.push(store.keeps));
  await store.put('outbox', 'before', 1);
  full();
  await store.put('outbox', 'a', 1);
  await store.delete('outbox', ['before']);
  expect(said).toEqual([false]);
  IDBObjectStore.prototype.put = real;
  await vi.runAllTimersAsync();
  await vi.waitFor(() => expect(said).toEqual([false, true]));
  expect(await new LocalStore(uid).entries('outbox', '')).toEqual([['a', 1]]);
});

test('copies of what the hub has are refused, not held', async () => {
  full();
  const store = new LocalStore(uid);
  await expect(store.replaceCopies('d', new Uint8Array(4), [])).rejects.toThrow();
  expect(await store.entries('copies', '')).toEqual([]);
  expect(store.keeps).toBe(true);
});

test('words that the browser takes away are written again, also those of earlier visits', async () => {
  const before = new LocalStore(uid);
  await before.put('outbox', 'a', 'earlier');
  await before.put('leases', 'd', [1]);
  await before.close();
  const store = new LocalStore(uid);
  await store.entries('outbox', '');
  await store.put('unsent', 'b', 'now');
  await store.put('unsent', 'gone', 'sent');
  await store.delete('unsent', ['gone']);
  await taken();
  await vi.waitFor(() => expect(store.losses).toBe(1));
  expect(await store.entries('outbox', '')).toEqual([['a', 'earlier']]);
  await store.close();
  const again = new LocalStore(uid);
  expect(await again.entries('outbox', '')).toEqual([['a', 'earlier']]);
  expect(await again.entries('unsent', '')).toEqual([['b', 'now']]);
  expect(await again.get('leases', 'd')).toBeUndefined();
});

test('what could not be written waits in the page for the next session of the same person', async () => {
  forbidden();
  const store = new LocalStore(uid);
  await store.put('outbox', 'a', 1);
  await store.close();
  expect(await new LocalStore('u_other').entries('outbox', '')).toEqual([]);
  globalThis.indexedDB = new IDBFactory();
  const next = new LocalStore(uid);
  expect(await next.entries('outbox', '')).toEqual([['a', 1]]);
  await next.close();
  expect(await new LocalStore(uid).entries('outbox', '')).toEqual([['a', 1]]);
});

test('a read that fails says so once something may be there', async () => {
  const store = new LocalStore(uid);
  await store.put('outbox', 'a', 1);
  await store.close();
  const next = new LocalStore(uid);
  await next.get('outbox', 'a');
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(() => { throw new DOMException('', 'UnknownError'); });
  await expect(next.entries('outbox', '')).rejects.toThrow();
});

test('what got there by another way needs no retry', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const said: boolean[] = [];
  const store = new LocalStore(uid, () => said.push(store.keeps));
  full();
  await store.put('unsent', 'a', 1);
  IDBObjectStore.prototype.put = real;
  await store.delete('unsent', ['a']);
  expect(said).toEqual([false, true]);
  await vi.runAllTimersAsync();
  expect(said).toEqual([false, true]);
});

test('nothing is written after an erase', async () => {
  const store = new LocalStore(uid);
  await store.put('unsent', 'a', 1);
  await store.erase('all');
  await store.put('unsent', 'b', 2);
  await expect(store.replaceCopies('d', new Uint8Array(1), [])).rejects.toThrow();
  await expect(store.entries('unsent', '')).rejects.toThrow(); // not "nothing is there"
  expect(store.keeps).toBe(false);
  expect(await indexedDB.databases()).toEqual([]);
});

test('a tab that hears late of an erase leaves alone what came after', async () => {
  const [late, here] = [new LocalStore(uid), new LocalStore(uid)];
  await late.put('unsent', 'before', 1);
  await here.erase('all');
  const again = new LocalStore(uid);
  await again.put('outbox', 'after', 2);
  await late.forget('all');
  expect(await again.entries('outbox', '')).toEqual([['after', 2]]);
  expect(await again.entries('unsent', '')).toEqual([]);
  await late.put('unsent', 'never', 3);
  expect(late.keeps).toBe(false);
  await again.close();
});

test('a tab whose words nobody asked about keeps them, and no copies', async () => {
  const [mine, here] = [new LocalStore(uid), new LocalStore(uid)];
  await mine.put('unsent', 'word', 1);
  await mine.forget('copies');
  await here.erase('copies');
  await mine.put('outbox', 'more', 2);
  await mine.put('documents', 'd', 3);
  await expect(mine.replaceCopies('d', new Uint8Array(1), [])).rejects.toThrow();
  await mine.close();
  const next = new LocalStore(uid);
  expect(await next.entries('unsent', '')).toEqual([['word', 1]]);
  expect(await next.entries('outbox', '')).toEqual([['more', 2]]);
  expect(await next.get('documents', 'd')).toBeUndefined();
  await next.close();
});

test('what another tab removed does not come back when the browser takes the rest', async () => {
  const [mine, theirs] = [new LocalStore(uid), new LocalStore(uid)];
  await mine.put('outbox', 'a', 1);
  await mine.put('outbox', 'b', 2);
  await theirs.delete('outbox', ['a']);
  expect(await mine.entries('outbox', '')).toEqual([['b', 2]]);
  await theirs.close();
  await taken();
  await vi.waitFor(() => expect(mine.losses).toBe(1));
  expect(await mine.entries('outbox', '')).toEqual([['b', 2]]);
});
