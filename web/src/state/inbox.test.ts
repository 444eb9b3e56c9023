import { beforeEach, expect, test, vi } from 'vitest';

import { ApiError } from '../wire/error';
import type { EventType, ThreadSummary, TimelineEvent } from '../wire/generated';
import { Drafts } from './drafts.svelte';
import { Inbox } from './inbox.svelte';
import type { Arrival } from './types';

const row = (thread: string, change: Partial<ThreadSummary> = {}): ThreadSummary => ({
  thread, subject: thread, head: 10, role: 'editor', last_read: 10, unread: 0, mentions: 0, updated_at: 10, last_message: null, call: null, ...change,
});

const event = (thread: string, seq: number, type: EventType, data: unknown, sender = 'u_ann'): TimelineEvent => ({
  t: 'event', thread, seq, type, sender, at: seq, data,
});

let rows: ThreadSummary[];
let arrivals: Arrival[];
let asked: string[];
let gate: Promise<void>;

function make(): Inbox {
  return new Inbox({
    me: 'u_me',
    drafts: new Drafts('u_me'),
    watch: async () => null,
    arrived: (arrival) => arrivals.push(arrival),
    http: {
      get: async <T>(path: string): Promise<T> => {
        asked.push(path);
        const answer = structuredClone(rows);
        await gate;
        if (path === '/api/threads') return answer as T;
        const found = rows.find((one) => path.endsWith(one.thread));
        if (!found) throw new ApiError('not_found', '', 404);
        return { summary: found } as T;
      },
      post: async <T>(): Promise<T> => ({ summary: row('r_new', { updated_at: 99 }) }) as T,
    },
  });
}

beforeEach(() => {
  rows = [row('r_1'), row('r_2', { updated_at: 20, unread: 2, mentions: 1, last_read: 5 })];
  arrivals = [];
  asked = [];
  gate = Promise.resolve();
  localStorage.clear();
});

test('latest first, with totals', async () => {
  const inbox = make();
  expect(inbox.loaded).toBe(false);
  await inbox.connected();
  expect(inbox.threads.map((one) => one.thread)).toEqual(['r_2', 'r_1']);
  expect([inbox.totalUnread, inbox.totalMentions]).toEqual([2, 1]);
  inbox.event(event('r_1', 11, 'message', { text: 'new', mentions: ['u_me'] }));
  inbox.event(event('r_1', 12, 'message', { text: 'newer' }));
  expect([inbox.totalUnread, inbox.totalMentions]).toEqual([4, 2]);
  inbox.event({ ...event('r_1', 13, 'message', { text: 'newest' }), at: 50 });
  expect(inbox.threads[0]).toMatchObject({ thread: 'r_1', last_message: { excerpt: 'newest' } });
});

test('what arrives while the list is read is neither lost nor counted twice', async () => {
  const inbox = make();
  let open: () => void = () => undefined;
  gate = new Promise((resolve) => (open = resolve));
  const reading = inbox.connected();
  await Promise.resolve();
  await Promise.resolve();
  inbox.event(event('r_1', 10, 'message', { text: 'in the list already' }));
  inbox.event(event('r_1', 11, 'message', { text: 'after it' }));
  open();
  await reading;
  expect(inbox.get('r_1')).toMatchObject({ head: 11, unread: 1 });
});

test('an unknown thread is asked for', async () => {
  const inbox = make();
  await inbox.connected();
  rows.push(row('r_3', { unread: 1 }));
  inbox.event(event('r_3', 3, 'member.set', { uid: 'u_me', role: 'reader' }));
  await vi.waitFor(() => expect(inbox.get('r_3')?.unread).toBe(1));
});

test('what a row cannot tell is asked for, once', async () => {
  const inbox = make();
  await inbox.connected();
  asked = [];
  rows[1] = row('r_2', { head: 12, unread: 0 });
  inbox.event(event('r_2', 11, 'message.delete', { target: 6, target_sender: 'u_ann' }));
  inbox.event(event('r_2', 12, 'message.delete', { target: 7, target_sender: 'u_ann' }));
  await vi.waitFor(() => expect(inbox.get('r_2')?.unread).toBe(0));
  expect(asked).toEqual(['/api/threads/r_2']);
});

test('leaving takes the thread away', async () => {
  const inbox = make();
  await inbox.connected();
  inbox.event(event('r_1', 11, 'member.set', { uid: 'u_me', role: null }));
  inbox.remove('r_2');
  expect(inbox.threads).toEqual([]);
});

test('arrivals are messages of others, each once', async () => {
  const inbox = make();
  await inbox.connected();
  const first = event('r_1', 11, 'message', { text: 'x', mentions: ['u_me'] });
  for (const one of [first, first, event('r_1', 12, 'message', { text: 'mine' }, 'u_me'), event('r_1', 9, 'message', { text: 'old' })]) {
    inbox.notice(one);
    inbox.event(one);
  }
  expect(arrivals.map((one) => [one.event.seq, one.mentioned])).toEqual([[11, true]]);
});

test('read marks and better rows', async () => {
  const inbox = make();
  await inbox.connected();
  inbox.read({ t: 'read', thread: 'r_2', seq: 10, unread: 0, mentions: 0 });
  expect(inbox.totalUnread).toBe(0);
  inbox.put(row('r_1', { head: 9, subject: 'older' }));
  expect(inbox.get('r_1')?.subject).toBe('r_1');
  inbox.put(row('r_1', { head: 11, subject: 'newer' }));
  expect(inbox.get('r_1')?.subject).toBe('newer');
});

test('a created thread is there at once', async () => {
  const inbox = make();
  await inbox.connected();
  expect(await inbox.create({ subject: 'New' })).toBe('r_new');
  expect(inbox.threads[0]?.thread).toBe('r_new');
});

test('a list that cannot be read says so and keeps what it has', async () => {
  const inbox = make();
  await inbox.connected();
  gate = Promise.reject(new ApiError('unreachable', 'The hub cannot be reached.'));
  await inbox.refresh();
  expect(inbox.error?.code).toBe('unreachable');
  expect(inbox.threads).toHaveLength(2);
});
