import { describe, expect, test } from 'vitest';
import { type CallSignal, readSignal } from './signals';

const SDP = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:abcd\r\n';
const GOOD: readonly CallSignal[] = [
  { call: 'k_1', from: 'a', to: 'b', session: null, hello: true },
  { call: 'k_1', from: 'a', to: 'b', session: 's', description: { type: 'offer', sdp: SDP, offer: 2 } },
  { call: 'k_1', from: 'a', to: 'b', session: 's', candidate: { candidate: 'candidate:1 1 UDP 1 127.0.0.1 4000 typ host', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'abcd' } },
  { call: 'k_1', from: 'a', to: 'b', session: 's', candidate: null },
  { call: 'k_1', from: 'a', to: 'b', session: 's', want: { video: 180, screen: 0 } },
  { call: 'k_1', from: 'a', to: 'b', session: null, reaction: '👍' },
  { call: 'k_1', from: 'a', to: 'b', session: null, pointer: { screen: 'a', x: 0.5, y: 1 } },
  { call: 'k_1', from: 'a', to: 'b', session: null, pointer: null },
];

describe('readSignal', () => {
  test.each(GOOD)('takes %j as it is', (signal) => {
    expect(readSignal(structuredClone(signal))).toEqual(signal);
  });

  test.each([
    ['no object', 'hello'],
    ['a list', []],
    ['nothing', null],
    ['no names', { call: 'k' }],
    ['a session that is a number', { ...GOOD[0], session: 5 }],
    ['another type', { ...GOOD[1], description: { type: 'rollback', sdp: '' } }],
    ['a description without words', { ...GOOD[1], description: { type: 'offer' } }],
    ['a description without end', { ...GOOD[1], description: { type: 'offer', sdp: 'x'.repeat(70_000) } }],
    ['a place before the first section', { ...GOOD[2], candidate: { candidate: '', sdpMLineIndex: -1 } }],
    ['an offer with half a number', { ...GOOD[1], description: { type: 'offer', sdp: '', offer: 1.5 } }],
    ['a negative height', { ...GOOD[4], want: { video: -1, screen: 0 } }],
    ['no height', { ...GOOD[4], want: { video: Number.NaN, screen: 0 } }],
    ['a long reaction', { ...GOOD[5], reaction: 'x'.repeat(33) }],
    ['an empty reaction', { ...GOOD[5], reaction: ' ' }],
    ['a place beside the screen', { ...GOOD[6], pointer: { screen: 'a', x: 1.2, y: 0 } }],
  ])('refuses %s', (_, payload) => {
    expect(readSignal(payload)).toBeNull();
  });

  test('takes nothing that is not well formed, of 100,000 that were changed at random', () => {
    let seed = 17;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    const junk: readonly unknown[] = [null, undefined, 0, -1, 1e9, Number.NaN, '', 'x'.repeat(80_000), [], {}, true, '\u0000', '😀', { toString: null }];
    let taken = 0;
    for (let turn = 0; turn < 100_000; turn++) {
      const payload = structuredClone(GOOD[random(GOOD.length)]) as unknown as Record<string, unknown>;
      for (let changes = random(3) + 1; changes > 0; changes--) {
        const into = Object.values(payload).filter((one) => typeof one === 'object' && one !== null) as Record<string, unknown>[];
        const target = random(2) === 0 && into.length > 0 ? (into[random(into.length)] as Record<string, unknown>) : payload;
        const keys = [...Object.keys(target), 'hello', 'description', 'candidate', 'want', 'reaction', 'pointer', 'session'];
        target[keys[random(keys.length)] as string] = junk[random(junk.length)];
      }
      const read = readSignal(payload);
      if (read === null) continue;
      taken++;
      expect(readSignal(structuredClone(read))).toEqual(read);
      if (read.description) expect(read.description.sdp.length).toBeLessThanOrEqual(60_000);
      for (const name of [read.call, read.from, read.to]) expect(name.length).toBeLessThanOrEqual(64);
    }
    expect(taken).toBeGreaterThan(1_000);
    expect(taken).toBeLessThan(99_000);
  }, 60_000);
});
