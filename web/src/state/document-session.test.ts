import 'fake-indexeddb/auto';

import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as Y from 'yjs';

import { LocalStore } from '../lib/local-store';
import { FakeClient, FakeHub, INFO } from './fake-hub';
import type { PrivateCopy } from './types';
import { unsentDocuments } from './unsent-documents';

const clients: FakeClient[] = [];
let hub: FakeHub;

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  hub = new FakeHub();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((one) => one.session.end()));
});

async function client(options: { live?: boolean; uid?: string; info?: typeof INFO } = {}): Promise<FakeClient> {
  const { live = true, uid = 'u_me', info } = options;
  const one = new FakeClient(hub, new LocalStore(uid), uid, live, info ?? hub.info);
  clients.push(one);
  return one;
}

const saved = (one: FakeClient) => vi.waitFor(() => expect(one.session.sync).toBe('saved'));

test('a document is opened, edited and saved', async () => {
  const one = await client();
  expect(one.session.sync).toBe('loading');
  await one.session.ready;
  await saved(one);
  await vi.waitFor(() => expect(one.session.mode).toBe('edit'));
  one.type('hello');
  expect(one.session).toMatchObject({ sync: 'sending', unsent: 1 });
  await saved(one);
  expect(one.session.unsent).toBe(0);
  expect(hub.doc.getText('content').toString()).toBe('hello');
});

/** A client that has the document of one paragraph, and is offline. */
async function awayFromAParagraph(): Promise<{ one: FakeClient; fragment: Y.XmlFragment; paragraph: Y.XmlElement }> {
  const fragment = hub.doc.getXmlFragment('default');
  const paragraph = new Y.XmlElement('paragraph');
  paragraph.insert(0, [new Y.XmlText('all')]);
  fragment.insert(0, [paragraph]);
  const one = await client();
  await saved(one);
  one.goOffline();
  return { one, fragment, paragraph };
}

test('nothing is written before somebody edits', async () => {
  const one = await client();
  await saved(one);
  expect(hub.updates.every((update) => update.length <= 2)).toBe(true);
});

test('saved means durable on the hub, not received', async () => {
  const one = await client();
  await saved(one);
  hub.durable = false;
  one.type('a');
  one.type('b');
  await vi.waitFor(() => expect(hub.doc.getText('content').toString()).toBe('ab'));
  expect(one.session).toMatchObject({ sync: 'sending', unsent: 2 });
  hub.commit(one);
  await vi.waitFor(() => expect(one.session).toMatchObject({ sync: 'saved', unsent: 0 }));
});

test('words of others are seen before one hands over what deletes them', async () => {
  const { one, fragment, paragraph } = await awayFromAParagraph();
  one.session.doc.getXmlFragment('default').delete(0, 1);
  (paragraph.get(0) as Y.XmlText).insert(3, ' of theirs');
  // The connection breaks as soon as the hub has the deletion.
  const receive = hub.receive.bind(hub);
  hub.receive = (from, frame) => {
    receive(from, frame);
    if (fragment.length === 0) from.goOffline();
  };
  one.goOnline();
  await vi.waitFor(() => expect(fragment.length).toBe(0));
  expect(one.session.privateCopies).toMatchObject([{ kind: 'theirs', text: 'of theirs' }]);
});

test('what the hub lacked at the handshake counts until it is durable', async () => {
  hub.durable = false;
  const one = await client();
  await one.session.ready;
  expect(one.session.sync).toBe('sending');
  await vi.waitFor(() => {
    hub.commit(one);
    expect(one.session.sync).toBe('saved');
  });
});

test('two people see the same, each under an id of their own', async () => {
  const one = await client();
  const two = await client({ uid: 'u_ann' });
  await saved(one);
  await saved(two);
  one.type('one');
  await vi.waitFor(() => expect(two.text).toBe('one'));
  two.type(' two');
  await vi.waitFor(() => expect(one.text).toBe('one two'));
  const ids = [one, two].map((each) => each.session.doc.clientID);
  expect(new Set(ids).size).toBe(2);
  expect(ids.every((id) => id >= 2 ** 32)).toBe(true);
  expect(one.session.awareness.clientID).toBe(ids[0]);
  expect(one.session.owners.get(ids[0]!)).toBe('u_me');
});

test('offline edits are counted, survive a reload, and are sent', async () => {
  const one = await client();
  await saved(one);
  one.goOffline();
  one.type('a');
  one.type('b');
  one.type('c');
  expect(one.session).toMatchObject({ sync: 'offline', unsent: 3, mode: 'edit' });
  await one.session.end();
  expect(await unsentDocuments(one.store)).toEqual(new Map([['d_1', 3]]));

  const again = await client({ live: false });
  await again.session.ready;
  expect(again.text).toBe('abc');
  expect(again.session).toMatchObject({ sync: 'offline', unsent: 3, mode: 'edit' });
  again.type('d');
  expect(again.session.unsent).toBe(4);
  again.goOnline();
  await saved(again);
  expect(hub.doc.getText('content').toString()).toBe('abcd');
  expect(again.session.unsent).toBe(0);
  await again.session.end();
  expect(await unsentDocuments(again.store)).toEqual(new Map());
});

test('edits that were sent but not durable when the page died are sent again, once', async () => {
  const one = await client();
  await saved(one);
  hub.durable = false;
  one.type('x');
  await vi.waitFor(() => expect(hub.doc.getText('content').toString()).toBe('x'));
  await one.session.end();
  const again = await client();
  await vi.waitFor(() => expect(again.session.unsent).toBe(1));
  hub.durable = true;
  await vi.waitFor(() => {
    hub.commit(again);
    expect(again.session.sync).toBe('saved');
  });
  expect(hub.doc.getText('content').toString()).toBe('x');
});

test('both sides edit while apart, and meet', async () => {
  const one = await client();
  await saved(one);
  one.goOffline();
  one.type('mine ');
  hub.doc.getText('content').insert(0, 'theirs ');
  one.goOnline();
  await saved(one);
  expect(one.text).toBe(hub.doc.getText('content').toString());
  expect(one.text).toContain('mine');
  expect(one.text).toContain('theirs');
});

test('each instance burns one leased id; leases last for working offline', async () => {
  const one = await client();
  await saved(one);
  const seen = new Set([one.session.doc.clientID]);
  await one.session.end();
  for (let visit = 0; visit < 7; visit++) {
    const again = await client({ live: false });
    await vi.waitFor(() => expect(again.session.doc.clientID).toBeGreaterThanOrEqual(2 ** 32));
    seen.add(again.session.doc.clientID);
    await again.session.end();
  }
  expect(seen.size).toBe(8);
  expect(hub.leases).toBe(1);
});

test('without an id and offline a document is for reading, and says why', async () => {
  const one = await client();
  await saved(one);
  one.type('text');
  await saved(one);
  await one.session.end();
  await one.store.put('leases', 'd_1', []);
  const again = await client({ live: false });
  await again.session.ready;
  expect(again.session).toMatchObject({ mode: 'read', readReason: 'no_author_id' });
  again.goOnline();
  await saved(again);
  expect(again.session).toMatchObject({ mode: 'edit', readReason: null });
});

test('an id that Yjs gave up is replaced by a leased one', async () => {
  const one = await client();
  await saved(one);
  const before = one.session.doc.clientID;
  one.session.doc.clientID = 12345; // as Yjs does when it meets its own id in foreign content
  one.type('x');
  await vi.waitFor(() => expect(one.session.doc.clientID).toBeGreaterThan(before));
  expect(one.session.awareness.clientID).toBe(one.session.doc.clientID);
  await saved(one);
  expect(hub.doc.getText('content').toString()).toBe('x');
});

test('a reader reads, and hears why', async () => {
  hub.mode = 'read';
  hub.doc.getText('content').insert(0, 'text');
  const one = await client();
  await saved(one);
  expect(one.session).toMatchObject({ mode: 'read', readReason: 'role' });
  expect(one.text).toBe('text');
});

test('a document of a newer client is for reading', async () => {
  hub.mode = 'read';
  hub.info = { ...INFO, schema_version: 3 };
  const one = await client();
  await saved(one);
  expect(one.session.readReason).toBe('schema');
});

test('demoted with unsent edits: they become a private copy', async () => {
  const one = await client();
  one.type('shared ');
  await saved(one);
  one.goOffline();
  one.type('mine');
  hub.mode = 'read';
  one.goOnline();
  await vi.waitFor(() => expect(one.session.privateCopies).toMatchObject([{ count: 1, text: 'shared mine' }]));
  await saved(one);
  expect(one.text).toBe('shared ');
  expect(one.session).toMatchObject({ mode: 'read', unsent: 0, generation: 1 });
  one.session.dismissPrivateCopy(one.session.privateCopies[0] as PrivateCopy);
  expect(one.session.privateCopies).toEqual([]);
  expect(await unsentDocuments(one.store)).toEqual(new Map());
});

test('demoted in step: reading goes on, nothing is replaced', async () => {
  const one = await client();
  one.type('text');
  await saved(one);
  one.session.demoted();
  expect(one.session).toMatchObject({ mode: 'read', generation: 0, privateCopies: [] });
  hub.mode = 'edit';
  one.session.admitted('editor');
  await vi.waitFor(() => expect(one.session.mode).toBe('edit'));
  await saved(one);
});

test('a refused edit becomes a private copy and the document starts over', async () => {
  const one = await client();
  one.type('good ');
  await saved(one);
  hub.refusal = 'document_too_large';
  one.type('bad');
  await vi.waitFor(() => expect(one.session.privateCopies[0]?.text).toBe('good bad'));
  hub.refusal = null;
  await saved(one);
  expect(one.text).toBe('good ');
  one.type('again');
  await saved(one);
  expect(hub.doc.getText('content').toString()).toBe('good again');
});

test('an edit the hub could not take just now is said again', async () => {
  const one = await client();
  await saved(one);
  hub.refusal = 'writer_busy';
  one.type('x');
  await vi.waitFor(() => expect(hub.peers.get(one)?.count).toBeGreaterThan(1));
  hub.refusal = null;
  await saved(one);
  expect(hub.doc.getText('content').toString()).toBe('x');
  expect(one.session.privateCopies).toEqual([]);
});

test('another lineage replaces the local copy instead of doubling it', async () => {
  const one = await client();
  one.type('old');
  await saved(one);
  hub.info = { ...INFO, lineage: 'y_2' };
  hub.doc = new Y.Doc();
  hub.doc.getText('content').insert(0, 'new');
  one.goOffline();
  one.goOnline();
  await vi.waitFor(() => expect(one.text).toBe('new'));
  await saved(one);
  expect(one.session).toMatchObject({ generation: 1, privateCopies: [] });
});

test('unsent edits of a lineage that is no more become a private copy', async () => {
  const one = await client();
  one.type('old ');
  await saved(one);
  one.goOffline();
  one.type('unsent');
  await one.session.end();
  hub.info = { ...INFO, lineage: 'y_2' };
  hub.doc = new Y.Doc();
  const again = await client();
  await saved(again);
  expect(again.text).toBe('');
  expect(again.session.privateCopies).toMatchObject([{ count: 1, text: 'old unsent' }]);
});

test('the hub resets a document: it is another now', async () => {
  const one = await client();
  one.type('old');
  await saved(one);
  hub.info = { ...INFO, lineage: 'y_2' };
  hub.doc = new Y.Doc();
  one.session.reset({ t: 'document_reset', document: INFO.document, number: 7, action: 'open' });
  await vi.waitFor(() => expect(one.session.generation).toBe(1));
  await saved(one);
  expect(one.text).toBe('');
});

test('the hub resets a document: closed', async () => {
  const one = await client();
  await saved(one);
  hub.peers.delete(one);
  one.session.reset({ t: 'document_reset', document: INFO.document, number: 7, action: 'open' });
  one.type('meanwhile');
  expect(one.session.sync).toBe('sending');
  await saved(one);
  expect(hub.doc.getText('content').toString()).toBe('meanwhile');
});

test('a large document is fetched, then synced', async () => {
  hub.doc.getText('content').insert(0, 'large');
  hub.stateBytes = 2 * 1024 * 1024;
  const one = await client();
  const fetched = vi.spyOn(one, 'fetchState');
  await saved(one);
  expect(fetched).toHaveBeenCalledOnce();
  expect(one.text).toBe('large');
});

test('a document that cannot be opened says so', async () => {
  const one = await client();
  await saved(one);
  one.session.removed();
  expect(one.session).toMatchObject({ sync: 'error', mode: 'read' });
  expect(one.session.error?.code).toBe('removed');
});

test('carets travel, and go with the connection', async () => {
  const one = await client();
  const two = await client({ uid: 'u_ann' });
  await saved(one);
  await saved(two);
  const frames: Uint8Array[] = [];
  const send = one.sendBinary.bind(one);
  one.sendBinary = (frame) => {
    if (frame[0] === 2) frames.push(frame);
    return send(frame);
  };
  one.session.awareness.setLocalStateField('cursor', { head: 1 });
  one.session.awareness.setLocalStateField('cursor', { head: 2 });
  one.session.awareness.setLocalStateField('cursor', { head: 3 });
  await vi.waitFor(() => expect(frames.length).toBeGreaterThan(0));
  await vi.waitFor(() => {
    two.session.receive(frames.at(-1)!);
    expect(two.session.awareness.getStates().get(one.session.doc.clientID)).toEqual({ cursor: { head: 3 } });
  });
  expect(frames.length).toBeLessThanOrEqual(2);
  two.goOffline();
  expect([...two.session.awareness.getStates().keys()]).toEqual([two.session.doc.clientID]);
});

test('two tabs of one browser share the local copy and differ in their ids', async () => {
  const store = new LocalStore('u_me');
  const one = new FakeClient(hub, store);
  const two = new FakeClient(hub, store);
  clients.push(one, two);
  await saved(one);
  await saved(two);
  one.type('a');
  await vi.waitFor(() => expect(two.text).toBe('a'));
  two.type('b');
  await vi.waitFor(() => expect(one.text).toBe('ab'));
  await saved(one);
  await saved(two);
  expect(one.session.doc.clientID).not.toBe(two.session.doc.clientID);
});

test('without IndexedDB everything works until the page goes', async () => {
  const one = new FakeClient(hub);
  clients.push(one);
  await saved(one);
  one.type('x');
  await saved(one);
  expect(hub.doc.getText('content').toString()).toBe('x');
});

test('a private copy is there until it is dismissed, also after a reload', async () => {
  const one = await client();
  await saved(one);
  hub.refusal = 'document_too_large';
  one.type('bad');
  await vi.waitFor(() => expect(one.session.privateCopies[0]?.text).toBe('bad'));
  hub.refusal = null;
  await one.session.end();
  const again = await client();
  await vi.waitFor(() => expect(again.session.privateCopies[0]?.text).toBe('bad'));
  again.session.dismissPrivateCopy(again.session.privateCopies[0] as PrivateCopy);
  await again.session.end();
  const third = await client();
  await saved(third);
  expect(third.session.privateCopies).toEqual([]);
});

test('what a reader wrote all the same never comes back for everybody', async () => {
  hub.mode = 'read';
  const one = await client();
  await saved(one);
  one.goOffline();
  one.type('as a reader');
  expect(one.session.mode).toBe('read');
  hub.mode = 'edit';
  one.goOnline();
  await vi.waitFor(() => expect(one.session.privateCopies[0]?.text).toBe('as a reader'));
  await saved(one);
  await vi.waitFor(() => expect(one.session.mode).toBe('edit'));
  one.type('as an editor');
  await saved(one);
  expect(hub.doc.getText('content').toString()).toBe('as an editor');
});

test('the local copy of a long document is made one from time to time', async () => {
  const one = await client();
  await saved(one);
  for (let at = 0; at < 260; at++) {
    one.type('word ');
    one.session.flush();
  }
  await saved(one);
  await one.session.end();
  const rows = await one.store.entries('copies', '');
  expect(rows.length).toBeLessThan(100);
  hub.refusal = 'none may be asked';
  const again = await client({ live: false });
  await again.session.ready;
  expect(again.text).toBe('word '.repeat(260));
});

test('words whose place somebody deleted meanwhile are given back', async () => {
  const { one, fragment } = await awayFromAParagraph();
  const text = (one.session.doc.getXmlFragment('default').get(0) as Y.XmlElement).get(0) as Y.XmlText;
  text.insert(3, ' appended offline');
  fragment.delete(0, 1);
  one.goOnline();
  await vi.waitFor(() => expect(one.session.privateCopies).toMatchObject([{ count: 0, text: 'appended offline' }]));
  await saved(one);
});

test('words that others wrote in what one deleted while away are shown', async () => {
  const { one, paragraph } = await awayFromAParagraph();
  one.session.doc.getXmlFragment('default').delete(0, 1);
  (paragraph.get(0) as Y.XmlText).insert(3, ' of theirs');
  one.goOnline();
  await vi.waitFor(() => expect(one.session.privateCopies).toMatchObject([{ kind: 'theirs', text: 'of theirs' }]));
  await saved(one);
  one.session.dismissPrivateCopy(one.session.privateCopies[0] as PrivateCopy);
  expect(one.session.privateCopies).toEqual([]);
});

test('a private copy of a version before is shown as well', async () => {
  const store = new LocalStore('u_me');
  await store.put('private', 'd_1', { count: 2, text: 'kept then' });
  const one = await client();
  await vi.waitFor(() => expect(one.session.privateCopies).toMatchObject([{ kind: 'refused', count: 2, text: 'kept then' }]));
  one.session.dismissPrivateCopy(one.session.privateCopies[0] as PrivateCopy);
  await vi.waitFor(async () => expect(await store.get('private', 'd_1')).toBeUndefined());
  await store.close();
});

test('who is a member again goes on where they were', async () => {
  const one = await client();
  one.type('before ');
  await saved(one);
  one.session.removed();
  expect(one.session.sync).toBe('error');
  one.session.admitted('reader');
  await saved(one);
  one.session.removed();
  one.goOffline();
  one.goOnline();
  await saved(one);
  expect(one.text).toBe('before ');
});

test('more than a frame holds goes as it was written', async () => {
  const one = await client();
  await saved(one);
  one.goOffline();
  const [first, second] = ['a'.repeat(3_000_000), 'b'.repeat(3_000_000)];
  one.type(first);
  one.type(second);
  one.goOnline();
  await saved(one);
  expect(hub.doc.getText('content').toString()).toBe(first + second);
  expect(one.session.privateCopies).toEqual([]);
});

test('more than a frame holds that is not in the log becomes a private copy', async () => {
  const one = await client();
  one.type('a'.repeat(3_000_000));
  await saved(one);
  one.type('b'.repeat(3_000_000));
  await saved(one);
  hub.doc = new Y.Doc(); // the hub went back to an older state
  one.goOffline();
  one.goOnline();
  await vi.waitFor(() => expect(one.session.privateCopies[0]?.text).toHaveLength(6_000_000));
  await saved(one);
  expect(one.text).toBe('');
});

test('two tabs that keep words of one document keep both', async () => {
  const one = await client();
  await saved(one);
  const two = new FakeClient(hub, new LocalStore('u_me'));
  clients.push(two);
  await saved(two);
  hub.refusal = 'document_too_large';
  one.type('first');
  await vi.waitFor(() => expect(one.session.privateCopies[0]?.text).toBe('first'));
  two.type('second');
  await vi.waitFor(() => expect(two.session.privateCopies[0]?.text).toContain('second'));
  hub.refusal = null;
  await one.session.end();
  await two.session.end();
  const again = await client();
  await vi.waitFor(() => expect(again.session.privateCopies[0]?.text.split('\n\n').toSorted()).toEqual(['first', 'second']));
});
