import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as Y from 'yjs';

import { LocalStore } from '../lib/local-store';
import { FakeSocket, type SentCommand } from '../wire/fake-socket';
import { STEP1, STEP2, UPDATE, decodeFrame, decodeSync, encodeSync } from '../wire/frames';
import type { Me, ThreadSummary, TimelineEvent } from '../wire/generated';
import './documents';
import { INFO } from './fake-hub';
import { openHub } from './hub.svelte';
import type { HubState } from './types';

const ME: Me = { uid: 'u_me', display_name: 'Me', addresses: [], is_owner: false, session: 's_1', quiet: false };
const ROW: ThreadSummary = {
  thread: 'r_1', subject: 'S', head: 3, role: 'editor', last_read: 3, unread: 0, mentions: 0, updated_at: 3, last_message: null, call: null,
};

let hub: HubState;
let signedOut: number;
let answers: Record<string, unknown>;
let received: SentCommand[];

/** What the hub answers over the socket unless a test says otherwise. */
function answer(command: SentCommand): unknown {
  received.push(command);
  switch (command.cmd) {
    case 'subscribe':
      return { head: 3, role: 'editor', presence: [] };
    case 'lease_client_ids':
      return { ids: Array.from({ length: 16 }, (_, index) => 2 ** 32 + received.length * 100 + index) };
    case 'open_document':
      return {
        number: INFO.number, lineage: INFO.lineage, kind: INFO.kind, schema_version: 1, mode: 'edit', reset: false, state_bytes: 2, owners: {},
      };
    case 'post':
    case 'react':
      return undefined; // the test answers
    default:
      return null;
  }
}

async function connect(): Promise<FakeSocket> {
  await vi.waitFor(() => expect(FakeSocket.last?.onmessage).toBeTruthy());
  const socket = FakeSocket.last;
  socket.answer = answer;
  socket.welcome('u_me');
  return socket;
}

function start(): HubState {
  hub = openHub(ME, { connect: FakeSocket.connect, onSignedOut: () => signedOut++ });
  return hub;
}

const message = (seq: number, text: string, sender = 'u_ann', sendId: string | null = null): TimelineEvent => ({
  t: 'event', thread: 'r_1', seq, type: 'message', sender, at: Date.now(), send_id: sendId, data: { text },
});

beforeEach(() => {
  FakeSocket.made.length = 0;
  globalThis.indexedDB = new IDBFactory();
  localStorage.clear();
  signedOut = 0;
  received = [];
  answers = {
    '/api/threads': [ROW],
    '/api/accounts': [{ uid: 'u_ann', display_name: 'Ann', addresses: [], is_owner: false, disabled: false }],
    '/api/threads/r_1': { summary: ROW, history: 'all', members: [], former_members: [], documents: [INFO], references: [], entries: [], more_entries: false },
    '/api/threads/r_1/history?limit=60': { items: [], head: 3, more: false, attachments: [], entries: [] },
    '/api/documents/d_1': INFO,
  };
  vi.stubGlobal('fetch', vi.fn(async (path: string) => {
    const found = answers[path];
    return new Response(JSON.stringify(found ?? { code: 'not_found', detail: 'Not found.' }), {
      status: found ? 200 : path === '/api/me' ? 401 : 404,
      headers: { 'content-type': 'application/json' },
    });
  }));
});
afterEach(async () => {
  await hub.close();
  vi.unstubAllGlobals();
});

test('inbox, people and title follow the socket', async () => {
  start().title = 'Inbox';
  const socket = await connect();
  await vi.waitFor(() => expect(hub.inbox.loaded).toBe(true));
  await vi.waitFor(() => expect(hub.people.name('u_ann')).toBe('Ann'));
  expect(received[0]?.cmd).toBe('watch_inbox');
  socket.say(message(4, 'hi'));
  expect(hub.inbox.totalUnread).toBe(1);
  await vi.waitFor(() => expect(document.title).toBe('(1) Inbox'));
  socket.say({ t: 'read', thread: 'r_1', seq: 4, unread: 0, mentions: 0 });
  await vi.waitFor(() => expect(document.title).toBe('Inbox'));
  socket.say({ t: 'removed', thread: 'r_1' });
  expect(hub.inbox.threads).toEqual([]);
});

test('people are renamed while one looks, and read again after a time away', async () => {
  start();
  const socket = await connect();
  await vi.waitFor(() => expect(hub.people.name('u_ann')).toBe('Ann'));
  const person = { t: 'person' as const, uid: 'u_ann', display_name: 'Ann B.', addresses: [], is_owner: false, disabled: true, revision: 2 };
  socket.say(person);
  expect(hub.people.get('u_ann')).toMatchObject({ display_name: 'Ann B.', disabled: true });
  socket.say({ ...person, uid: 'u_me', display_name: 'Myself', disabled: false, revision: 3 });
  expect(hub.me.display_name).toBe('Myself');

  const asked = vi.mocked(fetch).mock.calls.length;
  socket.drop(1006);
  await vi.waitFor(() => expect(FakeSocket.last).not.toBe(socket), 5_000);
  await vi.waitFor(() => expect(FakeSocket.last.onmessage).toBeTruthy());
  FakeSocket.last.answer = answer;
  FakeSocket.last.welcome('u_me', 3);
  await vi.waitFor(() => expect(hub.connection.status).toBe('live'));
  const accounts = (): number => vi.mocked(fetch).mock.calls.slice(asked).filter(([path]) => path === '/api/accounts').length;
  expect(accounts()).toBe(0); // nothing happened meanwhile

  answers['/api/accounts'] = [{ ...person, display_name: 'Ann C.' }];
  FakeSocket.last.drop(1006);
  const before = FakeSocket.last;
  await vi.waitFor(() => expect(FakeSocket.last).not.toBe(before), 5_000);
  await vi.waitFor(() => expect(FakeSocket.last.onmessage).toBeTruthy());
  FakeSocket.last.answer = answer;
  FakeSocket.last.welcome('u_me', 4);
  await vi.waitFor(() => expect(hub.people.name('u_ann')).toBe('Ann C.'));
});

test('a message goes from the composer to the history', async () => {
  start();
  const socket = await connect();
  const room = hub.room('r_1');
  await vi.waitFor(() => expect(room.status).toBe('ready'));
  const sendId = room.send('hello');
  expect(hub.unsent).toBe(1);
  await vi.waitFor(() => expect(received.at(-1)).toMatchObject({ cmd: 'post', send_id: sendId, text: 'hello' }));
  expect(room.pending[0]?.status).toBe('sending');
  socket.ok(received.at(-1)!, { seq: 4, at: 1 });
  await vi.waitFor(() => expect(hub.unsent).toBe(0));
  expect(room.pending).toHaveLength(1);
  socket.say(message(4, 'hello', 'u_me', sendId));
  expect(room.pending).toEqual([]);
  expect(room.items.at(-1)?.text).toBe('hello');
});

test('a new version of a file that was removed while it waited becomes a file of its own', async () => {
  const store = new LocalStore('u_me');
  const file = { item: 'i', name: 'a.txt', upload: 'f_1' };
  await store.put('outbox', '0000000000000001 s_1', { sendId: 's_1', thread: 'r_1', text: 'here', replyTo: null, mentions: [], files: [{ ...file, attachment: 'a_1' }], status: 'queued', error: null, at: 1 });
  await store.close();
  start();
  const socket = await connect();
  const posts = (): SentCommand[] => received.filter((one) => one.cmd === 'post');
  await vi.waitFor(() => expect(posts().at(-1)).toMatchObject({ send_id: 's_1', files: [{ upload: 'f_1', attachment: 'a_1' }] }));
  socket.error(posts()[0]!, 'attachment_not_found');
  await vi.waitFor(() => expect(posts()).toHaveLength(2));
  expect(posts()[1]).toMatchObject({ send_id: 's_1', text: 'here', files: [{ upload: 'f_1' }] });
  expect((posts()[1]?.['files'] as object[])[0]).not.toHaveProperty('attachment');
  // Without it there is nothing to try again.
  socket.error(posts()[1]!, 'attachment_not_found');
  const room = hub.room('r_1');
  await vi.waitFor(() => expect(room.pending[0]?.status).toBe('failed'));
  expect(posts()).toHaveLength(2);
});

test('the room of a thread is shared, and kept a while', async () => {
  start();
  await connect();
  const room = hub.room('r_1');
  expect(hub.room('r_1')).toBe(room);
  await vi.waitFor(() => expect(room.status).toBe('ready'));
  room.release();
  room.release();
  expect(hub.room('r_1')).toBe(room);
});

test('what keeps the hub from saving is known until it can, or somebody says welcome anew', async () => {
  start();
  const socket = await connect();
  expect(hub.cannotSave).toBeNull();
  socket.say({ t: 'saving', code: 'disk_full' });
  expect(hub.cannotSave).toBe('disk_full');
  socket.say({ t: 'saving', code: null });
  expect(hub.cannotSave).toBeNull();
  socket.say({ t: 'saving', code: 'database_down' });
  socket.drop(1012);
  hub.reconnect();
  await connect();
  expect(hub.cannotSave).toBeNull();
});

test('a command is repeated over a short loss, with its send id', async () => {
  start();
  const socket = await connect();
  const room = hub.room('r_1');
  await vi.waitFor(() => expect(room.status).toBe('ready'));
  const reacting = room.react(2, '👍', true);
  await vi.waitFor(() => expect(received.at(-1)?.cmd).toBe('react'));
  const first = received.at(-1);
  socket.drop(1012);
  expect(hub.connection.status).toBe('reconnecting');
  hub.reconnect();
  const next = await connect();
  await vi.waitFor(() => expect(received.filter((one) => one.cmd === 'react')).toHaveLength(2));
  const second = received.filter((one) => one.cmd === 'react')[1]!;
  expect(second['send_id']).toBe(first?.['send_id']);
  next.ok(second, { seq: 4, at: 1 });
  await reacting;
  expect(received.filter((one) => one.cmd === 'subscribe').map((one) => one['after'])).toEqual([3, 3]);
});

test('the sign-in ends', async () => {
  start();
  const socket = await connect();
  socket.drop(4401);
  expect(hub.connection.status).toBe('signed_out');
  expect(signedOut).toBe(1);
});

test('another person in another tab ends this one', async () => {
  start();
  await vi.waitFor(() => expect(FakeSocket.last?.onmessage).toBeTruthy());
  FakeSocket.last.welcome('u_ann');
  expect(signedOut).toBe(1);
});

test('signals reach those who listen', async () => {
  start();
  const socket = await connect();
  const heard: unknown[] = [];
  const stop = hub.onSignal((one) => heard.push(one.payload));
  const frame = { t: 'signal' as const, thread: 'r_1', from_session: 'c_2', from_uid: 'u_ann', kind: 'call', payload: 1 };
  socket.say(frame);
  stop();
  socket.say(frame);
  expect(heard).toEqual([1]);
  await hub.signal('r_1', 'c_2', 'call', { x: 1 });
  expect(received.at(-1)).toMatchObject({ cmd: 'signal', to_session: 'c_2', payload: { x: 1 } });
});

test('edits of an earlier visit are sent without opening the document', async () => {
  const doc = new Y.Doc();
  doc.getText('content').insert(0, 'kept');
  const store = new LocalStore('u_me');
  await store.put('unsent', `d_1\u0000${INFO.lineage}\u0000x\u0000000000000001`, Y.encodeStateAsUpdate(doc));
  store.close();

  start();
  await vi.waitFor(() => expect(hub.unsent).toBe(1));
  const socket = await connect();
  await vi.waitFor(() => expect(received.some((one) => one.cmd === 'open_document')).toBe(true));
  const theirs = new Y.Doc();
  let count = 0;
  socket.hear = (frame) => {
    const { subtype, payload } = decodeSync(decodeFrame(frame).message);
    if (subtype === STEP1) socket.sayBinary(encodeSync(INFO.number, STEP2, Y.encodeStateAsUpdate(theirs, payload)));
    if (subtype !== STEP2 && subtype !== UPDATE) return;
    Y.applyUpdate(theirs, payload);
    count++;
    setTimeout(() => socket.say({ t: 'durable', document: INFO.document, number: INFO.number, count, all: true }), 0);
  };
  await vi.waitFor(() => {
    socket.sayBinary(encodeSync(INFO.number, STEP1, Y.encodeStateVector(theirs)));
    socket.sayBinary(encodeSync(INFO.number, STEP2, Y.encodeStateAsUpdate(theirs)));
    expect(theirs.getText('content').toString()).toBe('kept');
  });
  await vi.waitFor(() => expect(hub.unsent).toBe(0));
});

test('signing out erases what this browser kept, but for drafts', async () => {
  start();
  await connect();
  const session = hub.document(INFO);
  await vi.waitFor(async () => expect(await new LocalStore('u_me').get('documents', INFO.document)).toBeTruthy());
  hub.room('r_1').draft = 'draft';
  session.close();
  await hub.close({ erase: 'all' });
  expect(await indexedDB.databases()).toEqual([]);
  expect(start().room('r_1').draft).toBe('draft'); // a draft outlives the session, for the same person
});

test('whoever lets go late finds nothing to do', async () => {
  start();
  await connect();
  const room = hub.room('r_1');
  room.setPresent('active', null);
  await hub.close();
  expect(() => room.release()).not.toThrow();
});

test('what is only in this browser is counted, also what other tabs left', async () => {
  const store = new LocalStore('u_me');
  await store.put('unsent', 'd_9\u0000y_1\u0000x', new Uint8Array([0, 0]));
  await store.put('private', 'd_8\u00001', { count: 1, text: 'mine' });
  start();
  hub.room('r_1').send('not yet');
  await vi.waitFor(async () => expect(await hub.keptWords()).toEqual({ messages: 1, ticks: 0, documents: 1, versions: 1, files: 0 }));
});
