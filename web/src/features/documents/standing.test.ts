import { expect, test, vi } from 'vitest';
import * as Y from 'yjs';

import type { DocumentSession, RoomStore } from '../../state';
import type { FileState } from '../../wire/generated';
import { Standing } from './standing.svelte';

const STATE: FileState = { attachment: 'a_1', name: 'a.txt', number: 1, shown: 1, format: 'text', encoding: 'utf-8', unsaved: false, authors: [], waits: false, merging: false, merged: null, autosave: null, notices: [] };

test('a document that was replaced is followed like the one before', async () => {
  vi.useFakeTimers();
  let unsaved = false;
  const room = { fileState: () => Promise.resolve({ ...STATE, unsaved }) } as unknown as RoomStore;
  const standing = new Standing(room, 'd_1');
  const stop = standing.follow({ doc: new Y.Doc() } as unknown as DocumentSession);
  await vi.runAllTimersAsync();
  expect(standing.state?.unsaved).toBe(false);
  stop();
  const doc = new Y.Doc();
  const end = standing.follow({ doc } as unknown as DocumentSession);
  await vi.runAllTimersAsync();
  unsaved = true;
  doc.getText('content').insert(0, 'x');
  await vi.runAllTimersAsync();
  expect(standing.state?.unsaved).toBe(true);
  end();
  vi.useRealTimers();
});

test('what was written here is unsaved until the hub has heard of it and says otherwise', async () => {
  vi.useFakeTimers();
  let unsaved = false;
  const room = { fileState: () => Promise.resolve({ ...STATE, unsaved }) } as unknown as RoomStore;
  const standing = new Standing(room, 'd_1');
  const doc = new Y.Doc();
  const session = { doc, unsent: 0 };
  const stop = standing.follow(session as unknown as DocumentSession);
  await vi.runAllTimersAsync();
  // What others write is no reason to say so before the hub does.
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(new Y.Doc()));
  expect(standing.touched).toBe(false);
  session.unsent = 1;
  doc.getText('content').insert(0, 'x');
  expect(standing.touched).toBe(true);
  // The hub answers, but has not got it yet.
  await vi.advanceTimersByTimeAsync(800);
  expect([standing.state?.unsaved, standing.touched]).toEqual([false, true]);
  session.unsent = 0;
  unsaved = true;
  await vi.advanceTimersByTimeAsync(800);
  expect([standing.state?.unsaved, standing.touched]).toEqual([true, false]);
  stop();
  vi.useRealTimers();
});
