// @vitest-environment node
import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { LocalStore } from '../lib/local-store';
import { keptInWords, keptWords } from '../state/kept-words';
import { FakeLocks, FakeTus, NodeStack } from './fake-tus';
import type { Item } from './item';
import { type QueueOptions, UploadQueue } from './queue.svelte';

const MIB = 2 ** 20;
let tus: FakeTus;
let stack: NodeStack;
let locks: FakeLocks;
const open: { queue: UploadQueue; store: LocalStore }[] = [];

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory();
  vi.spyOn(Math, 'random').mockReturnValue(0);
  locks = new FakeLocks();
  stack = new NodeStack();
  tus = await FakeTus.start();
});
afterEach(async () => {
  for (const one of open) {
    await one.queue.close();
    await one.store.close();
  }
  open.length = 0;
  stack.close();
  await tus.stop();
});

function tab(options: Partial<QueueOptions> = {}): UploadQueue {
  const store = options.store ?? new LocalStore('u_me');
  const queue = new UploadQueue({
    uid: 'u_me', store, endpoint: tus.endpoint, httpStack: stack, holdLock: locks.hold, lock: locks.lock, retryMs: 20, ...options,
  });
  open.push({ queue, store });
  return queue;
}

/** The page goes without another word: nothing is written, its locks are free. */
async function reload(queue: UploadQueue): Promise<void> {
  await queue.close();
}

function file(name: string, size: number, modified = 1000): File {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 509) bytes[at] = (at * 31 + name.length) % 251;
  return new File([bytes], name, { type: 'video/quicktime', lastModified: modified });
}

const text = (name: string, content = name): File => new File([content], name, { type: 'text/plain', lastModified: 1000 });

const first = (queue: UploadQueue): Item => queue.items[0]!;
const becomes = (queue: UploadQueue, state: Item['state']): Promise<void> => vi.waitFor(() => expect(first(queue)?.state).toBe(state), 4_000);
const whole = async (name: string, given: File): Promise<void> => {
  const stored = [...tus.uploads.values()].filter((one) => one.name === name);
  expect(stored).toHaveLength(1);
  const [is, was] = [stored[0]!.bytes as Uint8Array<ArrayBuffer>, await given.arrayBuffer()];
  expect(is.byteLength).toBe(was.byteLength);
  const [isHash, wasHash] = await Promise.all([is, was].map((one) => crypto.subtle.digest('SHA-256', one)));
  expect(isHash).toEqual(wasHash);
};

function held(): { until: Promise<void>; release: () => void } {
  let release: () => void = () => undefined;
  const until = new Promise<void>((resolve) => (release = resolve));
  return { until, release };
}

function handleOf(given: () => File, permission: () => string = () => 'granted'): FileSystemFileHandle {
  return {
    kind: 'file', name: given().name, getFile: async () => given(), queryPermission: async () => permission(),
    requestPermission: async () => permission(),
  } as unknown as FileSystemFileHandle;
}

/** A large file of which the hub has a part, in a tab that is gone. */
async function interrupted(given: File, handle: FileSystemFileHandle | null = null): Promise<void> {
  const queue = tab();
  const hang = held();
  tus.fault = ({ method }) => (method === 'PATCH' && tus.asked('PATCH').length > 1 ? hang : undefined);
  queue.add([{ file: given, handle }], 'r_1');
  await vi.waitFor(() => expect(tus.asked('PATCH')).toHaveLength(2));
  await vi.waitFor(() => expect(first(queue).acknowledged).toBe(8 * MIB));
  await reload(queue);
  tus.fault = () => undefined;
}

test('a small file goes with one request, and is named', async () => {
  const known = vi.fn();
  const queue = tab({ known });
  const [added] = queue.add([text('a.txt')], 'r_1', 'draft');
  expect(first(queue)).toMatchObject({ name: 'a.txt', size: 5, thread: 'r_1', purpose: 'draft', here: true });
  expect(await added!.upload).toBe('f_1');
  await becomes(queue, 'done');
  expect(first(queue)).toMatchObject({ acknowledged: 5, sent: 5, upload: 'f_1', error: null });
  expect(tus.bytesOf('a.txt')).toBe('a.txt');
  expect(tus.uploads.get('f_1')?.thread).toBe('r_1');
  expect(tus.requests).toHaveLength(1);
  expect(known).toHaveBeenCalledOnce();
});

test('an empty file is sent', async () => {
  const queue = tab();
  queue.add([text('empty', '')], 'r_1');
  await becomes(queue, 'done');
  expect(tus.bytesOf('empty')).toBe('');
});

test('a large file is named before its bytes, and in its turn', async () => {
  const queue = tab({ places: 1 });
  const hang = held();
  tus.fault = ({ method }) => (method === 'PATCH' ? hang : undefined);
  const added = queue.add([file('one', 5 * MIB), file('two', 5 * MIB + 1)], 'r_1');
  expect(await Promise.all(added.map((one) => one.upload))).toHaveLength(2);
  expect(tus.mostAtOnce).toBeLessThanOrEqual(1);
  expect(queue.items.every((one) => one.acknowledged === 0)).toBe(true);
  hang.release();
  await vi.waitFor(() => expect(queue.items.map((one) => one.state)).toEqual(['done', 'done']));
  expect(tus.mostAtOnce).toBe(1);
  await whole('one', file('one', 5 * MIB));
});

test('a thousand small files: one request each, four at once, few writes and few updates', async () => {
  const changed = vi.fn();
  const store = new LocalStore('u_me');
  const puts = vi.spyOn(store, 'putAll');
  const queue = tab({ changed, store });
  const files = Array.from({ length: 1000 }, (_, index) => text(`${index}.txt`));
  const begun = Date.now();
  const hang = held();
  tus.fault = () => (tus.requests.length <= 4 ? hang : undefined);
  queue.add(files, 'r_1');
  await vi.waitFor(() => expect(tus.requests).toHaveLength(4));
  hang.release();
  await vi.waitFor(() => expect(queue.unsent).toBe(0), 20_000);
  const seconds = (Date.now() - begun) / 1000;
  expect(tus.requests).toHaveLength(1000);
  expect(tus.mostAtOnce).toBe(4);
  expect(new Set([...tus.uploads.values()].map((one) => one.name)).size).toBe(1000);
  expect(changed.mock.calls.length).toBeLessThan(seconds * 6 + 10);
  expect(puts.mock.calls.length).toBeLessThan(seconds * 5 + 10);
  expect(1000 / seconds).toBeGreaterThan(100);
  await vi.waitFor(async () => expect(await store.entries('uploads', '')).toEqual([]));
  await vi.waitFor(async () => expect(await store.entries('files', '')).toEqual([]));
  queue.dismissDone();
  expect(queue.items).toEqual([]);
}, 25_000);

test('paused, it stops; resumed, it goes on from there', async () => {
  const queue = tab();
  const hang = held();
  tus.fault = ({ method }) => (method === 'PATCH' && tus.asked('PATCH').length > 1 ? hang : undefined);
  const given = file('film.mov', 20 * MIB);
  const [added] = queue.add([given], 'r_1');
  await vi.waitFor(() => expect(tus.asked('PATCH')).toHaveLength(2));
  queue.pause(added!.id);
  await becomes(queue, 'paused');
  expect(first(queue)).toMatchObject({ acknowledged: 8 * MIB, sent: 8 * MIB, speed: null });
  expect(tus.asked('PATCH')).toHaveLength(2);
  tus.fault = () => undefined;
  queue.resume(added!.id);
  await becomes(queue, 'done');
  await whole('film.mov', given);
  expect(tus.asked('HEAD')).toHaveLength(1);
  hang.release();
});

test('paused while it is begun, it is named and waits', async () => {
  const queue = tab();
  const hang = held();
  tus.fault = ({ method }) => (method === 'POST' ? hang : undefined);
  const [added] = queue.add([file('film.mov', 9 * MIB)], 'r_1');
  await vi.waitFor(() => expect(tus.requests).toHaveLength(1));
  queue.pause(added!.id);
  hang.release();
  expect(await added!.upload).toBe('f_1');
  expect(first(queue).state).toBe('paused');
  expect(tus.asked('PATCH')).toHaveLength(0);
});

test('cancelled, the hub forgets it, also when it was just being begun', async () => {
  const queue = tab();
  const hang = held();
  tus.fault = ({ method }) => (method === 'POST' ? hang : undefined);
  const [added] = queue.add([file('film.mov', 9 * MIB)], 'r_1');
  await vi.waitFor(() => expect(tus.requests).toHaveLength(1));
  queue.cancel(added!.id);
  expect(queue.items).toEqual([]);
  await expect(added!.upload).rejects.toMatchObject({ code: 'cancelled' });
  hang.release();
  await vi.waitFor(() => expect(tus.asked('DELETE')).toHaveLength(1));
  await vi.waitFor(() => expect(tus.uploads.size).toBe(0));
});

test('cancelled after all of it was sent, the hub forgets it, unless it is a file already', async () => {
  const queue = tab({ keepDone: true });
  const [one, two] = queue.add([text('a.txt'), text('b.txt')], 'r_1');
  await vi.waitFor(() => expect(queue.unsent).toBe(0));
  queue.cancel(one!.id);
  await vi.waitFor(() => expect([...tus.uploads.values()].map((left) => left.name)).toEqual(['b.txt']));
  tus.fault = ({ method }) => (method === 'DELETE' ? { status: 409, code: 'upload_done' } : undefined);
  queue.cancel(two!.id);
  expect(queue.items).toEqual([]);
  await vi.waitFor(async () => expect(await open[0]!.store.entries('uploads', '')).toEqual([]));
  expect(tus.asked('DELETE')).toHaveLength(2);
});

test('cancelled while offline, the hub hears of it after a reload', async () => {
  const queue = tab();
  tus.fault = ({ method }) => (method === 'PATCH' ? { status: 423 } : undefined);
  const [added] = queue.add([file('film.mov', 9 * MIB)], 'r_1');
  await added!.upload;
  queue.setOnline(false);
  queue.cancel(added!.id);
  await reload(queue);
  expect(tus.uploads.size).toBe(1);
  const again = tab();
  await vi.waitFor(() => expect(tus.uploads.size).toBe(0));
  expect(again.items).toEqual([]);
});

test('what breaks goes on: cut, lost answers, 409, 423, 500', async () => {
  const queue = tab();
  const faults = [{ cutAfter: 3 * MIB }, { loseAnswer: true }, { status: 409 }, { status: 423 }, { status: 500 }] as const;
  let next = 0;
  tus.fault = ({ method }) => (method === 'PATCH' ? faults[next++] : undefined);
  const given = file('film.mov', 20 * MIB);
  queue.add([given], 'r_1');
  await becomes(queue, 'done');
  await whole('film.mov', given);
  expect(tus.asked('POST')).toHaveLength(1);
});

test('an answer to HEAD that is no is no reason to begin anew', async () => {
  const queue = tab();
  let heads = 0;
  tus.fault = ({ method }) => {
    if (method === 'HEAD') return [{ status: 503 }, { status: 423 }, undefined][heads++];
    return method === 'PATCH' && heads === 0 ? { cutAfter: MIB } : undefined;
  };
  queue.add([file('film.mov', 9 * MIB)], 'r_1');
  await becomes(queue, 'done');
  expect(heads).toBe(3);
  expect(tus.asked('POST')).toHaveLength(1);
});

test('offline it waits, online it goes on', async () => {
  const queue = tab();
  queue.setOnline(false);
  const [added] = queue.add([text('a.txt')], 'r_1');
  await vi.waitFor(async () => expect(await open[0]!.store.entries('files', '')).toHaveLength(1));
  expect(first(queue).state).toBe('waiting');
  expect(tus.requests).toEqual([]);
  queue.setOnline(true);
  await added!.upload;
  await becomes(queue, 'done');
});

test('what has no room fails in the words of the hub, and is tried again on request', async () => {
  const queue = tab();
  tus.fault = () => ({ status: 413, code: 'account_quota', detail: 'You have 3 MB left.' });
  const [added] = queue.add([text('a.txt')], 'r_1');
  await expect(added!.upload).rejects.toMatchObject({ code: 'account_quota', detail: 'You have 3 MB left.' });
  await becomes(queue, 'failed');
  expect(first(queue).error).toEqual({ code: 'account_quota', detail: 'You have 3 MB left.' });
  expect(tus.requests).toHaveLength(1);
  tus.fault = () => undefined;
  queue.retry(added!.id);
  expect(await queue.uploadOf(added!.id)).toBe('f_1');
});

test.each([
  [507, 'no_space'], [403, 'read_only'], [404, 'thread_not_found'],
])('%i %s fails', async (status, code) => {
  const queue = tab();
  tus.fault = () => ({ status, code });
  queue.add([text('a.txt')], 'r_1');
  await becomes(queue, 'failed');
  expect(first(queue).error?.code).toBe(code);
});

test('an upload the hub gave up fails; retried, it is a new one', async () => {
  const known: string[] = [];
  const queue = tab({ known: ({ upload }) => void known.push(upload) });
  tus.fault = ({ method }) => (method === 'PATCH' ? { status: 410, code: 'upload_ended', detail: 'It has ended.' } : undefined);
  const given = file('film.mov', 9 * MIB);
  const [added] = queue.add([given], 'r_1');
  await becomes(queue, 'failed');
  tus.uploads.clear();
  tus.fault = () => undefined;
  queue.retry(added!.id);
  await becomes(queue, 'done');
  await whole('film.mov', given);
  expect(known).toEqual(['f_1', 'f_2']);
});

test('after the sign-in ended nothing is asked until somebody signed in', async () => {
  const signedOut = vi.fn();
  const queue = tab({ signedOut, places: 1 });
  tus.fault = () => ({ status: 401, code: 'session_ended' });
  queue.add([text('a.txt'), text('b.txt')], 'r_1');
  await vi.waitFor(() => expect(signedOut).toHaveBeenCalledOnce());
  await vi.waitFor(() => expect(first(queue).error?.code).toBe('session_ended'));
  expect(queue.items.map((one) => one.state)).toEqual(['waiting', 'waiting']);
  expect(tus.requests).toHaveLength(1);
  tus.fault = () => undefined;
  queue.signedIn();
  await vi.waitFor(() => expect(queue.unsent).toBe(0));
});

test('a file that changes while it is sent fails, and is not mixed', async () => {
  const queue = tab();
  let given = file('film.mov', 20 * MIB);
  const handle = handleOf(() => given);
  tus.fault = ({ method }) => {
    if (method !== 'PATCH' || tus.asked('PATCH').length > 1) return undefined;
    given = file('film.mov', 21 * MIB, 2000);
    return { cutAfter: MIB };
  };
  const [added] = queue.add([{ file: given, handle }], 'r_1');
  await becomes(queue, 'failed');
  expect(first(queue).error).toEqual({ code: 'file_changed', detail: 'film.mov was changed, moved or deleted while it was being sent.' });
  queue.retry(added!.id);
  await becomes(queue, 'done');
  await vi.waitFor(() => expect(tus.uploads.size).toBe(1));
  await whole('film.mov', given);
});

test('a file that cannot be read any more fails', async () => {
  const queue = tab();
  const given = text('a.txt');
  vi.spyOn(given, 'arrayBuffer').mockRejectedValue(new DOMException('gone', 'NotReadableError'));
  queue.add([given], 'r_1');
  await becomes(queue, 'failed');
  expect(first(queue).error?.code).toBe('file_changed');
});

test('after a reload a small file goes on by itself', async () => {
  const queue = tab();
  const hang = held();
  tus.fault = () => hang;
  queue.add([text('a.txt')], 'r_1', 'draft');
  await vi.waitFor(() => expect(tus.requests).toHaveLength(1));
  await vi.waitFor(async () => expect(await open[0]!.store.entries('files', '')).toHaveLength(1));
  await reload(queue);
  tus.fault = () => undefined;
  const known: Item[] = [];
  const again = tab({ known: (item) => void known.push(item) });
  await becomes(again, 'done');
  expect(tus.bytesOf('a.txt')).toBe('a.txt');
  expect(known).toMatchObject([{ name: 'a.txt', thread: 'r_1', purpose: 'draft' }]);
  hang.release();
});

test('after a reload a large file goes on by its handle', async () => {
  const given = file('film.mov', 20 * MIB);
  // What IndexedDB can hold in this test has no methods.
  const handle = handleOf(() => given);
  vi.spyOn(LocalStore.prototype, 'putFiles').mockResolvedValue();
  vi.spyOn(LocalStore.prototype, 'get').mockImplementation(async (table) => (table === 'files' ? { handle } : undefined) as never);
  await interrupted(given, handle);
  const again = tab();
  await becomes(again, 'done');
  await whole('film.mov', given);
  expect(tus.asked('POST')).toHaveLength(1);
});

test('without permission the item asks for its file; a click may get it', async () => {
  const given = file('film.mov', 20 * MIB);
  let permission = 'granted';
  const handle = handleOf(() => given, () => permission);
  vi.spyOn(LocalStore.prototype, 'putFiles').mockResolvedValue();
  vi.spyOn(LocalStore.prototype, 'get').mockImplementation(async (table) => (table === 'files' ? { handle } : undefined) as never);
  await interrupted(given, handle);
  permission = 'prompt';
  const again = tab();
  await becomes(again, 'needs-file');
  permission = 'granted';
  again.resume(first(again).id);
  await becomes(again, 'done');
  await whole('film.mov', given);
});

test('without a handle the file is asked for, and only that one is taken', async () => {
  const given = file('film.mov', 20 * MIB);
  await interrupted(given);
  const again = tab();
  await becomes(again, 'needs-file');
  expect(first(again)).toMatchObject({ acknowledged: 8 * MIB, error: { code: 'file_needed', detail: 'Choose film.mov again to go on at 40 %.' } });
  const requests = tus.requests.length;

  expect((await again.offer(file('other.mov', 20 * MIB))).error?.code).toBe('no_such_item');
  expect((await again.offer(file('film.mov', 20 * MIB + 1))).error?.code).toBe('other_file');
  expect((await again.offer(file('film.mov', 20 * MIB, 2000))).error?.detail).toContain('another time');
  for (const at of [5, 8 * MIB - 5, 20 * MIB - 5]) {
    const bytes = new Uint8Array(await given.arrayBuffer());
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const other = new File([bytes], 'film.mov', { lastModified: 1000 });
    expect(await again.offer(other)).toMatchObject({ item: null, error: { code: 'other_file' } });
  }
  expect(tus.requests).toHaveLength(requests);

  expect((await again.offer(given)).item?.id).toBe(first(again).id);
  await becomes(again, 'done');
  await whole('film.mov', given);
  expect(tus.asked('POST')).toHaveLength(1);
});

test('two tabs: one sends, the other shows it, steers it, and takes over', async () => {
  const one = tab();
  const hang = held();
  tus.fault = ({ method }) => (method === 'PATCH' && tus.asked('PATCH').length > 1 ? hang : undefined);
  const given = file('film.mov', 20 * MIB);
  const [added] = one.add([given], 'r_1');
  const two = tab();
  await vi.waitFor(() => expect(first(two)).toMatchObject({ state: 'sending', acknowledged: 8 * MIB, here: false }));
  two.pause(added!.id);
  await becomes(one, 'paused');
  await becomes(two, 'paused');
  expect(tus.asked('PATCH')).toHaveLength(2);
  two.resume(added!.id);
  await becomes(one, 'sending');
  await one.close();
  tus.fault = () => undefined;
  await becomes(two, 'needs-file');
  expect(first(two).here).toBe(true);
  await two.offer(given);
  await becomes(two, 'done');
  await whole('film.mov', given);
});

test('one that is dismissed while it is sent is forgotten when it is done', async () => {
  const queue = tab({ keepDone: true });
  const hang = held();
  tus.fault = ({ method }) => (method === 'POST' ? hang : undefined);
  const [added] = queue.add([text('a.txt')], 'r_1');
  await vi.waitFor(() => expect(tus.requests).toHaveLength(1));
  queue.dismiss(added!.id);
  expect(queue.items).toHaveLength(1);
  hang.release();
  await vi.waitFor(() => expect(queue.items).toEqual([]));
  await vi.waitFor(async () => expect(await open[0]!.store.entries('uploads', '')).toEqual([]));
  await vi.waitFor(async () => expect(await open[0]!.store.entries('files', '')).toEqual([]));
  expect(tus.bytesOf('a.txt')).toBe('a.txt');
});

test('whoever asks late for an upload that failed hears why', async () => {
  const queue = tab();
  tus.fault = () => ({ status: 413, code: 'quota_thread', detail: 'It is too much.' });
  const [added] = queue.add([text('a.txt')], 'r_1');
  await expect(added!.upload).rejects.toMatchObject({ code: 'quota_thread' });
  await expect(queue.uploadOf(added!.id)).rejects.toMatchObject({ code: 'quota_thread', message: 'It is too much.' });
  queue.cancel(added!.id);
});

test('given up while its file is being read, it is not sent', async () => {
  const queue = tab();
  const given = text('a.txt');
  const reading = held();
  const read = given.arrayBuffer.bind(given);
  const asked = vi.spyOn(given, 'arrayBuffer').mockImplementation(async () => {
    await reading.until;
    return read();
  });
  const [added] = queue.add([given], 'r_1');
  await vi.waitFor(() => expect(asked).toHaveBeenCalledOnce());
  queue.cancel(added!.id);
  reading.release();
  const [other] = queue.add([text('b.txt')], 'r_1');
  await other!.upload;
  expect([...tus.uploads.values()].map((one) => one.name)).toEqual(['b.txt']);
});

test('what its message names is not sent again as something else', async () => {
  const queue = tab({ keepDone: true });
  tus.fault = ({ method }) => (method === 'PATCH' ? { status: 410, code: 'upload_ended' } : undefined);
  const [added] = queue.add([file('film.mov', 9 * MIB)], 'r_1');
  await added!.upload;
  queue.dismiss(added!.id); // the message is in the history
  await becomes(queue, 'failed');
  expect(first(queue).retriable).toBe(false);
  queue.retry(added!.id);
  expect(first(queue).state).toBe('failed');
  queue.cancel(added!.id);
});

test('only what cannot be gone on with by itself needs the page', async () => {
  const queue = tab();
  const hang = held();
  tus.fault = () => hang;
  queue.add([text('small.txt')], 'r_1');
  expect(queue.needsPage).toBe(false);
  const [added] = queue.add([file('film.mov', 9 * MIB)], 'r_1');
  expect(queue.needsPage).toBe(true);
  queue.cancel(added!.id);
  expect(queue.needsPage).toBe(false);
  hang.release();
});

test('uploads are given to another message, whichever tab sends them', async () => {
  const one = tab({ keepDone: true });
  const [added] = one.add([text('a.txt')], 'r_1', 'draft');
  await becomes(one, 'done');
  const two = tab();
  await vi.waitFor(() => expect(first(two)?.purpose).toBe('draft'));
  two.assign([added!.id], 'message');
  await vi.waitFor(() => expect([first(one).purpose, first(two).purpose]).toEqual(['message', 'message']));
  await vi.waitFor(async () => expect((await open[0]!.store.entries<Item>('uploads', ''))[0]?.[1].purpose).toBe('message'));
});

test('two tabs: what one left is taken over by one', async () => {
  const one = tab();
  const hang = held();
  tus.fault = () => hang;
  one.add([text('a.txt'), text('b.txt')], 'r_1');
  await vi.waitFor(async () => expect(await open[0]!.store.entries('files', '')).toHaveLength(2));
  const two = tab();
  const three = tab();
  await vi.waitFor(() => expect([two.items.length, three.items.length]).toEqual([2, 2]));
  tus.requests.length = 0;
  tus.fault = () => undefined;
  await one.close();
  await vi.waitFor(() => expect([two.unsent, three.unsent]).toEqual([0, 0]));
  expect(tus.requests).toHaveLength(2);
  hang.release();
});

test('two tabs: what needs its file goes on where it was chosen', async () => {
  const given = file('film.mov', 20 * MIB);
  await interrupted(given);
  const one = tab();
  await becomes(one, 'needs-file');
  await vi.waitFor(async () => expect((await open[0]!.store.entries<Item>('uploads', ''))[0]?.[1].state).toBe('needs-file'));
  const two = tab();
  await becomes(two, 'needs-file');
  expect(first(two).here).toBe(false);
  expect((await two.offer(given)).item).not.toBeNull();
  await becomes(two, 'done');
  await becomes(one, 'done');
  expect(first(one).here).toBe(false);
  await whole('film.mov', given);
});

test('one sign-out asks about them, and removes them', async () => {
  const queue = tab();
  queue.setOnline(false);
  queue.add([text('a.txt')], 'r_1');
  const { store } = open[0]!;
  await vi.waitFor(async () => expect(await store.entries('files', '')).toHaveLength(1));
  expect(keptInWords(await keptWords(store))).toBe('1 file that was not sent whole');
  await queue.close();
  await store.erase('all');
  const again = tab();
  await again.loaded;
  expect(again.items).toEqual([]);
});

test('a browser that keeps nothing sends all the same', async () => {
  vi.spyOn(globalThis.indexedDB, 'open').mockImplementation(() => {
    throw new DOMException('no', 'SecurityError');
  });
  const queue = tab();
  const given = file('film.mov', 9 * MIB);
  queue.add([text('a.txt'), given], 'r_1');
  await vi.waitFor(() => expect(queue.unsent).toBe(0), 4_000);
  await whole('film.mov', given);
});

test('who is not told of an upload is told after the next reload', async () => {
  const queue = tab({ known: () => Promise.reject(new Error('no')) });
  queue.add([text('a.txt')], 'r_1');
  await becomes(queue, 'done');
  await reload(queue);
  const known = vi.fn();
  tab({ known });
  await vi.waitFor(() => expect(known).toHaveBeenCalledOnce());
  expect(tus.requests).toHaveLength(1);
});
