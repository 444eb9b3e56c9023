import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { DocumentInfo, FileState } from '../../wire/generated';
import { unsaved, watchUnsaved } from './unsaved.svelte';

const file = { attachment: 'a', number: 1, format: 'text', encoding: null } as const;
const documents = [{ document: 'd_1', file }, { document: 'd_2', file }, { document: 'd_3', file: null }] as unknown as DocumentInfo[];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the hub is asked about the files that are not shown, again after a while, and no more once nobody looks', async () => {
  const asked: string[] = [];
  let is = true;
  const fileState = (document: string): Promise<FileState> => {
    asked.push(document);
    return Promise.resolve({ shown: 1, unsaved: is } as FileState);
  };
  const stop = watchUnsaved({ fileState }, documents, 'd_1');
  await vi.advanceTimersByTimeAsync(10);
  expect(asked).toEqual(['d_2']);
  expect([unsaved.of('d_2'), unsaved.of('d_3')]).toEqual([true, false]);
  is = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect([asked.length, unsaved.of('d_2')]).toEqual([2, false]);
  stop();
  await vi.advanceTimersByTimeAsync(200_000);
  expect(asked.length).toBe(2);
});

test('an answer that does not come changes nothing', async () => {
  unsaved.set('d_2', true);
  const stop = watchUnsaved({ fileState: () => Promise.reject(new Error('away')) }, documents, null);
  await vi.advanceTimersByTimeAsync(10);
  expect(unsaved.of('d_2')).toBe(true);
  stop();
});
