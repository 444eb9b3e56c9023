/** The golden bytes of tests/wire/golden.json, which tests/wire/test_golden.py reads too. */

import { expect, test } from 'vitest';
import * as decoding from 'lib0/decoding';
import { Awareness, applyAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';

import json from '../../../tests/wire/golden.json';
import {
  AWARENESS,
  FrameError,
  STEP1,
  STEP2,
  SYNC,
  UPDATE,
  decodeFrame,
  decodeSync,
  encodeAwareness,
  encodeSync,
} from './frames';

interface Case {
  readonly name: string;
  readonly hex: string;
  readonly error?: string;
  readonly kind?: 'sync' | 'awareness';
  readonly number?: number;
  readonly subtype?: 'step1' | 'step2' | 'update';
  readonly payload?: string;
  readonly message?: string;
  /** False for what is read but never written so. */
  readonly written?: boolean;
  readonly entries?: readonly { readonly client: number; readonly clock: number; readonly state: string }[];
  readonly value?: number;
  readonly clocks?: Readonly<Record<string, number>>;
}

const golden = json as unknown as Record<'frames' | 'awareness' | 'varints' | 'state_vectors', Case[]>;
const good = (cases: Case[]) => cases.filter((one) => one.error === undefined);
const bad = (cases: Case[]) => cases.filter((one) => one.error !== undefined);

const KINDS = { sync: SYNC, awareness: AWARENESS } as const;
const SUBTYPES = { step1: STEP1, step2: STEP2, update: UPDATE } as const;

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function hex(data: Uint8Array): string {
  return [...data].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

test.each(good(golden.frames))('frame: $name', (one) => {
  const frame = decodeFrame(bytes(one.hex));
  expect(frame.kind).toBe(KINDS[one.kind!]);
  expect(frame.number).toBe(one.number);
  let written: Uint8Array;
  if (frame.kind === AWARENESS) {
    expect(hex(frame.message)).toBe(one.message);
    written = encodeAwareness(frame.number, frame.message);
  } else {
    const { subtype, payload } = decodeSync(frame.message);
    expect(subtype).toBe(SUBTYPES[one.subtype!]);
    expect(hex(payload)).toBe(one.payload);
    written = encodeSync(frame.number, subtype, payload);
  }
  expect(hex(written) === one.hex).toBe(one.written ?? true);
});

test.each(bad(golden.frames))('no frame: $name', (one) => {
  expect(() => decodeSync(decodeFrame(bytes(one.hex)).message)).toThrow(FrameError);
});

// The rest is read by Yjs and its libraries: the golden bytes are what they take, too.

test.each(good(golden.varints))('lib0 reads $name', (one) => {
  expect(decoding.readVarUint(decoding.createDecoder(bytes(one.hex)))).toBe(one.value);
});

test.each(good(golden.state_vectors))('Yjs reads a state vector: $name', (one) => {
  const clocks = [...Y.decodeStateVector(bytes(one.hex))].map(([client, clock]) => [String(client), clock]);
  expect(Object.fromEntries(clocks)).toEqual(one.clocks);
});

test.each(good(golden.awareness))('y-protocols reads awareness: $name', (one) => {
  const awareness = new Awareness(new Y.Doc());
  applyAwarenessUpdate(awareness, bytes(one.hex), null);
  for (const entry of one.entries!) {
    expect(awareness.meta.get(entry.client)?.clock).toBe(entry.clock);
    expect(awareness.states.get(entry.client) ?? null).toEqual(JSON.parse(entry.state));
  }
  awareness.destroy();
});
