import { expect, test } from 'vitest';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync';
import * as Y from 'yjs';

import {
  AWARENESS,
  FrameError,
  HEADER_BYTES,
  STEP1,
  STEP2,
  SYNC,
  UPDATE,
  decodeFrame,
  decodeSync,
  encodeAwareness,
  encodeSync,
} from './frames';

const NUMBERS = [1, 255, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 7, 2 ** 53 - 1];

test.each(NUMBERS)('a frame keeps number %i', (number) => {
  const frame = encodeSync(number, UPDATE, new Uint8Array([1, 2, 3]));
  const decoded = decodeFrame(frame);
  expect(decoded.kind).toBe(SYNC);
  expect(decoded.number).toBe(number);
  expect(decodeSync(decoded.message)).toEqual({ subtype: UPDATE, payload: new Uint8Array([1, 2, 3]) });
});

test.each([0, 1, 127, 128, 300, 20_000, 3_000_000])('a payload of %i bytes survives', (size) => {
  const payload = new Uint8Array(size).fill(7);
  const read = decodeSync(decodeFrame(encodeSync(5, STEP2, payload)).message).payload;
  expect(read.length).toBe(size);
  expect(read.every((byte) => byte === 7)).toBe(true);
});

test('the bytes are those of the golden frame', () => {
  expect([...encodeSync(258, STEP1, new Uint8Array([0]))]).toEqual([1, 0, 0, 0, 0, 0, 0, 1, 2, 0, 1, 0]);
  expect([...encodeAwareness(1, new Uint8Array([9]))]).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 1, 9]);
});

test('y-protocols reads what is written, and the other way round', () => {
  const doc = new Y.Doc();
  doc.getText('content').insert(0, 'hello');
  const other = new Y.Doc();
  const message = decodeFrame(encodeSync(1, STEP1, Y.encodeStateVector(other))).message;
  const answer = encoding.createEncoder();
  readSyncMessage(decoding.createDecoder(message), answer, doc, null);
  const step2 = decodeSync(encoding.toUint8Array(answer));
  expect(step2.subtype).toBe(STEP2);
  Y.applyUpdate(other, step2.payload);
  expect(other.getText('content').toString()).toBe('hello');

  const step1 = encoding.createEncoder();
  writeSyncStep1(step1, doc);
  expect(decodeSync(encoding.toUint8Array(step1))).toEqual({ subtype: STEP1, payload: Y.encodeStateVector(doc) });
  const update = encoding.createEncoder();
  writeUpdate(update, new Uint8Array([0, 0]));
  expect(decodeSync(encoding.toUint8Array(update)).subtype).toBe(UPDATE);
});

test('awareness bytes follow the header as they are', () => {
  const decoded = decodeFrame(encodeAwareness(3, new Uint8Array([4, 5])));
  expect(decoded).toEqual({ kind: AWARENESS, number: 3, message: new Uint8Array([4, 5]) });
});

test.each([
  ['empty', []],
  ['header only', [1, 0, 0, 0, 0, 0, 0, 0, 1]],
  ['unknown kind', [3, 0, 0, 0, 0, 0, 0, 0, 1, 0]],
  ['number too large', [1, 255, 0, 0, 0, 0, 0, 0, 1, 0]],
])('a frame is refused: %s', (_, bytes) => {
  expect(() => decodeFrame(Uint8Array.from(bytes))).toThrow(FrameError);
});

test.each([
  ['unknown subtype', [3, 0]],
  ['cut off', [0, 2, 1]],
  ['too long', [0, 1, 1, 1]],
  ['endless length', [0, ...new Array<number>(20).fill(255)]],
  ['no length', [0]],
])('a sync message is refused: %s', (_, bytes) => {
  expect(() => decodeSync(Uint8Array.from(bytes))).toThrow(FrameError);
});

test('a frame in the middle of a buffer is read from its own offset', () => {
  const frame = encodeSync(77, UPDATE, new Uint8Array([1]));
  const buffer = new Uint8Array(frame.length + HEADER_BYTES);
  buffer.set(frame, HEADER_BYTES);
  expect(decodeFrame(buffer.subarray(HEADER_BYTES)).number).toBe(77);
});
