// @vitest-environment node
import { expect, test } from 'vitest';

import { droppedFiles, MOST_FILES, pastedFiles } from './folders';
import { next } from './order';
import { beginProof, extendProof, proves } from './proof';
import { Rate } from './rate';
import { judge } from './verdict';

const MIB = 2 ** 20;
const SMALL = 1000;
const LARGE = 100 * MIB;

const waiting = (...sizes: number[]) => sizes.map((size, order) => ({ size, batch: 1, order }));

test('order: small before large, but a large one gets a place', () => {
  expect(next(waiting(LARGE, SMALL), [], 4)?.size).toBe(SMALL);
  expect(next(waiting(LARGE, SMALL), [SMALL, SMALL, SMALL], 4)?.size).toBe(LARGE);
  expect(next(waiting(LARGE, SMALL), [LARGE, SMALL, SMALL], 4)?.size).toBe(SMALL);
});

test('order: one place stays free of large ones, none is used twice', () => {
  expect(next(waiting(LARGE), [LARGE, LARGE], 4)?.size).toBe(LARGE);
  expect(next(waiting(LARGE), [LARGE, LARGE, LARGE], 4)).toBeNull();
  expect(next(waiting(SMALL), [LARGE, LARGE, LARGE], 4)?.size).toBe(SMALL);
  expect(next(waiting(SMALL), [SMALL, SMALL, SMALL, SMALL], 4)).toBeNull();
  expect(next(waiting(LARGE), [], 1)?.size).toBe(LARGE);
});

test('order: who came first goes first, of what came together the smaller', () => {
  const early = { size: 20, batch: 1, order: 0 };
  const late = { size: 10, batch: 2, order: 0 };
  expect(next([late, early], [], 4)).toBe(early);
  expect(next([{ ...late, batch: 1, order: 1 }, early], [], 4)?.size).toBe(10);
});

test('speed is smoothed, and does not count what was sent before', () => {
  const rate = new Rate();
  rate.note(5 * MIB, 0);
  expect(rate.speed).toBeNull();
  rate.note(5 * MIB + 100, 50); // too soon to say anything
  rate.note(6 * MIB, 1000);
  expect(rate.speed).toBe(MIB);
  expect(rate.remaining(10 * MIB)).toBe(10);
  rate.note(6 * MIB, 2000);
  expect(rate.speed).toBeLessThan(MIB);
  expect(rate.speed).toBeGreaterThan(MIB / 2);
  rate.stop();
  expect(rate.remaining(1)).toBeNull();
});

test('a proof tells files apart where it looked, and stays small', async () => {
  const bytes = new Uint8Array(100 * MIB).map((_, index) => index % 251);
  const file = new Blob([bytes]);
  let proof = await beginProof(file);
  for (let offset = MIB; offset < file.size; offset += MIB) proof = await extendProof(proof, file, offset);
  expect(proof.length).toBeLessThanOrEqual(64);
  expect(proof.at(-1)?.end).toBe(99 * MIB);
  expect(await proves(proof, file)).toBe(true);
  expect(await proves(proof, file.slice(0, 50 * MIB))).toBe(false);
  for (const at of [0, 98 * MIB + 7, 100 * MIB - 1]) {
    bytes[at]!++;
    expect(await proves(proof, new Blob([bytes]))).toBe(false);
    bytes[at]!--;
  }
});

test('a failure is judged by what the hub says', () => {
  const answered = (status: number, body = '', header = '') => ({
    originalResponse: { getStatus: () => status, getBody: () => body, getHeader: () => header },
  });
  expect(judge(new Error('cut'), 'a')).toMatchObject({ kind: 'again', error: { code: 'unreachable' } });
  expect(judge(answered(423, '', '3'), 'a')).toEqual({ kind: 'again', error: expect.objectContaining({ code: 'upload_busy' }), afterS: 3 });
  expect(judge(answered(500, '{"code":"blob_missing","detail":"Gone."}'), 'a')).toEqual({ kind: 'failed', error: { code: 'blob_missing', detail: 'Gone.' } });
  expect(judge(answered(413, '{"code":"thread_quota","detail":"Full."}'), 'a')).toEqual({ kind: 'failed', error: { code: 'thread_quota', detail: 'Full.' } });
  expect(judge(answered(410), 'a')).toMatchObject({ kind: 'failed', error: { code: 'upload_ended' } });
  expect(judge(answered(401), 'a').kind).toBe('signed-out');
  expect(judge(answered(502, '<html>'), 'a').kind).toBe('again');
});

// --- folders ------------------------------------------------------------------------------------------

type Tree = { [name: string]: Tree | number };
let reads = 0;

function entryOf(name: string, node: Tree | number, path = `/${name}`): FileSystemEntry {
  if (typeof node === 'number') {
    const file = (give: (file: File) => void, fail: (error: Error) => void) =>
      node < 0 ? fail(new Error('no')) : give(new File([new Uint8Array(node)], name));
    return { isFile: true, isDirectory: false, name, fullPath: path, file } as unknown as FileSystemEntry;
  }
  const createReader = () => {
    const left = Object.entries(node).map(([child, inner]) => entryOf(child, inner, `${path}/${child}`));
    return {
      readEntries: (give: (entries: FileSystemEntry[]) => void) => {
        reads++;
        queueMicrotask(() => give(left.splice(0, 100)));
      },
    };
  };
  return { isFile: false, isDirectory: true, name, fullPath: path, createReader } as unknown as FileSystemEntry;
}

/** A drop whose items are gone after the event, as in a browser. */
function drop(tree: Tree): { transfer: DataTransfer; end(): void } {
  let ended = false;
  const items = Object.entries(tree).map(([name, node]) => ({
    kind: 'file',
    webkitGetAsEntry: () => (ended ? null : entryOf(name, node)),
    getAsFile: () => (ended ? null : new File([new Uint8Array(typeof node === 'number' ? node : 0)], name)),
  }));
  return { transfer: { items: [{ kind: 'string' }, ...items], files: [] } as unknown as DataTransfer, end: () => (ended = true) };
}

const many = (count: number): Tree => Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}.txt`, 1]));

test('folders are read to their end, in batches, with paths', async () => {
  reads = 0;
  const { transfer, end } = drop({ big: many(250), 'a.txt': 1, more: { inner: { 'b.txt': 2, '.DS_Store': 1 }, empty: {} } });
  const reading = droppedFiles(transfer);
  end();
  const { files, more, unreadable } = await reading;
  expect(files).toHaveLength(252);
  expect(reads).toBeGreaterThanOrEqual(4 + 2);
  expect(files.filter(({ path }) => path === null).map(({ file }) => file.name)).toEqual(['a.txt']);
  expect(files.map(({ path }) => path)).toContain('more/inner/b.txt');
  expect(files.map(({ path }) => path)).toContain('big/249.txt');
  expect([more, unreadable]).toEqual([false, []]);
});

test('system files are left out, what cannot be read is named', async () => {
  const { transfer } = drop({ f: { 'Thumbs.db': 1, 'desktop.ini': 1, 'locked.txt': -1, 'ok.txt': 1 }, '.DS_Store': 1 });
  const { files, unreadable } = await droppedFiles(transfer);
  expect(files.map(({ file }) => file.name)).toEqual(['ok.txt']);
  expect(unreadable).toEqual(['locked.txt']);
});

test('more than ten thousand are not taken', async () => {
  const { files, more } = await droppedFiles(drop({ f: many(MOST_FILES + 1) }).transfer);
  expect([files.length, more]).toEqual([MOST_FILES, true]);
  expect((await droppedFiles(drop({ f: many(MOST_FILES) }).transfer)).more).toBe(false);
});

test('handles come with what was dropped, also out of folders', async () => {
  const handle = { kind: 'file' };
  const inner = { kind: 'file' };
  const folder = { kind: 'directory', getFileHandle: async () => inner };
  const { transfer } = drop({ 'a.mov': 1, films: { 'b.mov': 5 * MIB, 'small.txt': 1 } });
  const items = Array.from(transfer.items) as unknown as Record<string, unknown>[];
  items[1]!['getAsFileSystemHandle'] = async () => handle;
  items[2]!['getAsFileSystemHandle'] = async () => folder;
  const { files } = await droppedFiles(transfer);
  expect(files.map((one) => one.handle)).toEqual([handle, inner, null]);
});

test('pasted pictures are called by when they came', () => {
  const paste = (...files: File[]) =>
    ({ items: [{ kind: 'string', getAsFile: () => null }, ...files.map((file) => ({ kind: 'file', getAsFile: () => file }))] }) as unknown as DataTransfer;
  const picture = (name: string, type = 'image/png') => new File(['x'], name, { type });
  const now = new Date(2026, 10, 26, 14, 3);
  const names = pastedFiles(paste(picture('image.png'), picture('image.png'), picture('', 'image/jpeg'), picture('cat.png')), now).map(({ file }) => file.name);
  expect(names).toEqual(['Picture 2026-11-26 14.03.png', 'Picture 2026-11-26 14.03 2.png', 'Picture 2026-11-26 14.03.jpg', 'cat.png']);
});
