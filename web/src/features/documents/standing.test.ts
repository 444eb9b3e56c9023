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
