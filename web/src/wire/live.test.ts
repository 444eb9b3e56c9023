import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { ApiError } from './error';
import { FakeSocket } from './fake-socket';
import { Live, type LiveOptions, type LiveState } from './live';

const states: LiveState[] = [];
let live: Live;

function start(options: Partial<LiveOptions> = {}): FakeSocket {
  live = new Live({
    url: 'ws://hub/live',
    connect: FakeSocket.connect,
    random: () => 1,
    ...options,
    handlers: { state: (state) => states.push(state), ...options.handlers },
  });
  live.start();
  return FakeSocket.last;
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made.length = states.length = 0;
});
afterEach(() => {
  live.stop();
  vi.useRealTimers();
});

test('it asks for the subprotocol and is live after the welcome', () => {
  const socket = start();
  expect(socket.protocol).toBe('hub.live.v1');
  expect(live.isLive).toBe(false);
  socket.welcome();
  expect(live.isLive).toBe(true);
});

test('each command gets its own answer', async () => {
  const socket = start();
  socket.welcome();
  const first = live.command({ cmd: 'mark_read', thread: 'r', seq: 1 });
  const second = live.command({ cmd: 'watch_inbox' });
  const third = live.command({ cmd: 'typing', thread: 'r', on: true });
  const [a, b, c] = socket.commands;
  socket.ok(b!, null);
  socket.error(c!, 'forbidden');
  socket.ok(a!, { thread: 'r', seq: 1, unread: 0, mentions: 0 });
  await expect(first).resolves.toMatchObject({ seq: 1 });
  await expect(second).resolves.toBeNull();
  await expect(third).rejects.toMatchObject({ code: 'forbidden' });
  expect(new Set(socket.commands.map((one) => one.id)).size).toBe(3);
});

test('a command without a connection fails at once, one under way when it is lost', async () => {
  const socket = start();
  await expect(live.command({ cmd: 'ping' })).rejects.toMatchObject({ code: 'offline' });
  socket.welcome();
  const waiting = live.command({ cmd: 'watch_inbox' });
  socket.drop(1006);
  const error = (await waiting.catch((one: unknown) => one)) as ApiError;
  expect(error.code).toBe('offline');
  expect(error.temporary).toBe(true);
});

test('a socket that is closing is not live, though it has not said so', async () => {
  const socket = start();
  socket.welcome();
  socket.readyState = 2;
  expect(live.isLive).toBe(false);
  await expect(live.command({ cmd: 'ping' })).rejects.toMatchObject({ code: 'offline' });
  expect(live.sendBinary(new Uint8Array(1))).toBe(false);
});

test('a command that is never answered times out', async () => {
  const socket = start();
  socket.welcome();
  const waiting = live.command({ cmd: 'watch_inbox' }, 1_000);
  const failed = expect(waiting).rejects.toMatchObject({ code: 'timeout' });
  await vi.advanceTimersByTimeAsync(1_000);
  await failed;
});

test('it connects again with growing waits, and starts anew after a welcome', async () => {
  start().welcome();
  FakeSocket.last.drop(1006);
  expect(live.state.status).toBe('reconnecting');
  const waits: number[] = [];
  for (let round = 0; round < 4; round++) {
    const before = Date.now();
    const made = FakeSocket.made.length;
    while (FakeSocket.made.length === made) await vi.advanceTimersByTimeAsync(100);
    waits.push(Date.now() - before);
    FakeSocket.last.drop(1006);
  }
  expect(waits).toEqual([400, 800, 1600, 3200]);
  await vi.advanceTimersByTimeAsync(10_000);
  FakeSocket.last.welcome();
  FakeSocket.last.drop(1012);
  expect((live.state.retryAt ?? 0) - Date.now()).toBe(400);
});

test('whoever is in a call waits no longer than five seconds', async () => {
  start({ isUrgent: () => true }).welcome();
  for (let round = 0; round < 12; round++) {
    FakeSocket.last.drop(1006);
    expect((live.state.retryAt ?? 0) - Date.now()).toBeLessThanOrEqual(5_000);
    const made = FakeSocket.made.length;
    while (FakeSocket.made.length === made) await vi.advanceTimersByTimeAsync(1_000);
  }
});

test('it is called offline after a while', async () => {
  start().welcome();
  FakeSocket.last.drop(1006);
  await vi.advanceTimersByTimeAsync(200);
  expect(live.state.status).toBe('reconnecting');
  for (let second = 0; second < 10; second++) {
    if (FakeSocket.last.readyState === 1) FakeSocket.last.drop(1006);
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(live.state.status).toBe('offline');
  expect(live.state.retryAt).not.toBeNull();
});

test.each([
  [4401, 'signed_out'],
  [4403, 'stopped'],
  [4400, 'stopped'],
])('close code %i is final: %s', async (code, status) => {
  start().welcome();
  FakeSocket.last.drop(code);
  expect(live.state.status).toBe(status);
  live.nudge();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(FakeSocket.made).toHaveLength(1);
});

test.each([
  [1013, 'busy'],
  [4529, 'busy'],
  [4508, 'reconnecting'],
  [1012, 'reconnecting'],
])('close code %i is retried: %s', async (code, status) => {
  start().welcome();
  FakeSocket.last.drop(code);
  expect(live.state.status).toBe(status);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(FakeSocket.made).toHaveLength(2);
});

test('the reason the hub gave is kept', () => {
  const socket = start();
  socket.welcome();
  socket.say({ t: 'closing', close_code: 4401, code: 'session_ended', detail: 'You signed out elsewhere.' });
  socket.drop(4401);
  expect(live.state).toMatchObject({ status: 'signed_out', detail: 'You signed out elsewhere.' });
});

test('a failure before the welcome asks by HTTP whether the sign-in holds', async () => {
  const probe = vi.fn(async () => 'signed_out' as const);
  start({ probe }).drop(1006);
  await vi.advanceTimersByTimeAsync(0);
  expect(probe).toHaveBeenCalledOnce();
  expect(live.state.status).toBe('signed_out');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakeSocket.made).toHaveLength(1);
});

test('silence after a ping ends the connection, any frame keeps it', async () => {
  const socket = start();
  socket.welcome();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(socket.commands.at(-1)?.cmd).toBe('ping');
  socket.ok(socket.commands.at(-1)!);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(live.isLive).toBe(true);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(live.isLive).toBe(false);
  expect(socket.closedWith).toBe(4000);
});

test('a connection that never welcomes is given up', async () => {
  const socket = start();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(socket.closedWith).toBe(4000);
});

test('coming back retries at once', async () => {
  start().welcome();
  for (let round = 0; round < 5; round++) {
    FakeSocket.last.drop(1006);
    live.nudge();
  }
  expect(FakeSocket.made).toHaveLength(6);
  live.setOnline(false);
  FakeSocket.last.drop(1006);
  expect(live.state.status).toBe('offline');
  live.setOnline(true);
  expect(FakeSocket.made).toHaveLength(7);
});

test('frames reach their handlers; those of a dropped socket do not', () => {
  const frames: string[] = [];
  const sizes: number[] = [];
  const socket = start({
    handlers: { frame: (frame) => frames.push(frame.t), binary: (frame) => sizes.push(frame.length) },
  });
  socket.welcome();
  socket.say({ t: 'removed', thread: 'r' });
  socket.sayBinary(new Uint8Array(12));
  live.stop();
  socket.say({ t: 'removed', thread: 'r' });
  expect(frames).toEqual(['removed']);
  expect(sizes).toEqual([12]);
});
