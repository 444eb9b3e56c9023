/**
 * Binary frames of the live socket: nine bytes of header, then a y-protocols message.
 *
 *     byte 0     kind: 1 sync, 2 awareness
 *     bytes 1-8  the document's number, big-endian
 *     rest       kind 1: subtype (0 step 1, 1 step 2, 2 update), a length and so many bytes
 *                kind 2: an awareness update
 *
 * Source: hub/wire/frames.py, docs/protocol.md. No I/O here.
 */

export const HEADER_BYTES = 9;
export const SYNC = 1;
export const AWARENESS = 2;
export type Kind = typeof SYNC | typeof AWARENESS;

export const STEP1 = 0;
export const STEP2 = 1;
export const UPDATE = 2;
export type Subtype = typeof STEP1 | typeof STEP2 | typeof UPDATE;

export interface BinaryFrame {
  readonly kind: Kind;
  readonly number: number;
  /** A view into the frame. */
  readonly message: Uint8Array;
}

export interface SyncMessage {
  readonly subtype: Subtype;
  readonly payload: Uint8Array;
}

/** A frame that breaks the rules above. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

export function encodeSync(number: number, subtype: Subtype, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = varuint(payload.length);
  const frame = header(SYNC, number, 1 + length.length + payload.length);
  frame[HEADER_BYTES] = subtype;
  frame.set(length, HEADER_BYTES + 1);
  frame.set(payload, HEADER_BYTES + 1 + length.length);
  return frame;
}

export function encodeAwareness(number: number, update: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = header(AWARENESS, number, update.length);
  frame.set(update, HEADER_BYTES);
  return frame;
}

/** @throws FrameError too short, of an unknown kind, or of a number beyond 2^53. */
export function decodeFrame(frame: Uint8Array): BinaryFrame {
  if (frame.length <= HEADER_BYTES) throw new FrameError('A binary frame is too short.');
  const kind = frame[0];
  if (kind !== SYNC && kind !== AWARENESS) throw new FrameError('A binary frame has an unknown kind.');
  const view = new DataView(frame.buffer, frame.byteOffset, HEADER_BYTES);
  const number = view.getUint32(1) * 2 ** 32 + view.getUint32(5);
  if (!Number.isSafeInteger(number)) throw new FrameError('A document number is too large.');
  return { kind, number, message: frame.subarray(HEADER_BYTES) };
}

/** @throws FrameError unknown subtype, cut off, or followed by something. */
export function decodeSync(message: Uint8Array): SyncMessage {
  const [subtype, from] = readVaruint(message, 0);
  if (subtype !== STEP1 && subtype !== STEP2 && subtype !== UPDATE) {
    throw new FrameError('A sync message has an unknown type.');
  }
  const [length, at] = readVaruint(message, from);
  if (at + length !== message.length) throw new FrameError('A sync message has another length than it says.');
  return { subtype, payload: message.subarray(at) };
}

function header(kind: Kind, number: number, body: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEADER_BYTES + body);
  frame[0] = kind;
  const view = new DataView(frame.buffer);
  view.setUint32(1, Math.floor(number / 2 ** 32));
  view.setUint32(5, number % 2 ** 32);
  return frame;
}

function varuint(value: number): Uint8Array {
  const bytes: number[] = [];
  while (value > 0x7f) {
    bytes.push(0x80 | (value % 128));
    value = Math.floor(value / 128);
  }
  bytes.push(value);
  return Uint8Array.from(bytes);
}

function readVaruint(bytes: Uint8Array, from: number): [value: number, next: number] {
  let value = 0;
  let factor = 1;
  for (let at = from; at < bytes.length && at < from + 8; at++) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return [value, at + 1];
    factor *= 128;
  }
  throw new FrameError('A number is cut off.');
}
