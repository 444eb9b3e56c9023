import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { ApiError } from '../wire/error';
import type { Attachment, Attachments, EventType, HistoryPage, ThreadState, ThreadSummary, TimelineEvent } from '../wire/generated';
import type { OutboxEntry } from '../wire/outbox';
import type { Item, Picked, UploadQueue } from '../transfer';
import { DraftIds } from './draft-ids';
import { Drafts } from './drafts.svelte';
import { People } from './people.svelte';
import { Room, type RoomEnvironment } from './room.svelte';

const THREAD = 'r_1';

function event(seq: number, type: EventType, data: unknown, sender = 'u_ann', sendId: string | null = null): TimelineEvent {
  return { t: 'event', thread: THREAD, seq, type, sender, at: seq, send_id: sendId, data };
}

const message = (seq: number, text = `m${seq}`, sender?: string, sendId?: string) =>
  event(seq, 'message', { text }, sender, sendId);

/** A hub with messages 2 to `head`, one a seq. */
class FakeRoom implements RoomEnvironment {
  readonly draftIds = new DraftIds('u_me');
  /** Files on their way, and what was said of them. */
  readonly files = {
    count: 0,
    items: [] as Item[],
    cancelled: [] as string[],
    add(picked: readonly (File | Picked)[], thread: string, purpose: string | null) {
      const added = picked.map((one) => {
        const number = this.count++;
        return { ...FILE, id: `i${number}`, name: (one as File).name, thread, purpose, upload: `f${number}` };
      });
      this.items = [...this.items, ...added];
      return added.map(({ id, upload }) => ({ id, upload: Promise.resolve(upload) }));
    },
    cancel(...ids: string[]) {
      this.cancelled.push(...ids);
      this.items = this.items.filter((one) => !ids.includes(one.id));
    },
    dismiss(...ids: string[]) {
      this.items = this.items.filter((one) => !ids.includes(one.id));
    },
    loaded: Promise.resolve(),
    assign(ids: readonly string[], purpose: string) {
      this.items = this.items.map((one) => (ids.includes(one.id) ? { ...one, purpose } : one));
    },
  };
  uploads(): UploadQueue {
    return this.files as unknown as UploadQueue;
  }
  loadUploads(): Promise<UploadQueue> {
    return Promise.resolve(this.uploads());
  }
  readonly me = 'u_me';
  readonly people = new People();
  readonly drafts = new Drafts('u_me');
  head = 100;
  since = 0;
  live = true;
  failing: ApiError | null = null;
  entries: OutboxEntry[] = [];
  readonly commands: { cmd: string; [field: string]: unknown }[] = [];
  readonly summaries: ThreadSummary[] = [];
  readonly asked: string[] = [];
  /** What the hub has of files, and whether scanners look at them. */
  attachments: Attachment[] = [];
  scanners = false;
  answers: Record<string, unknown> = {};
  confirmed: string[] = [];

  readonly http = {
    get: async <T>(path: string): Promise<T> => {
      this.asked.push(path);
      if (this.failing) throw this.failing;
      if (path.includes('/attachments')) return this.#list(path) as T;
      return (path.includes('/history') ? this.#page(path) : this.#state()) as T;
    },
    post: () => Promise.reject(new Error('nothing is posted')),
    patch: () => Promise.reject(new Error('nothing is changed')),
  };

  readonly outbox = {
    entries: () => this.entries,
    add: (one: Pick<OutboxEntry, 'sendId' | 'thread' | 'text' | 'replyTo' | 'mentions'>) => {
      this.entries = [...this.entries, { ...one, status: 'queued', error: null, at: 0 }];
    },
    retry: () => undefined,
    discard: (sendId: string) => void (this.entries = this.entries.filter((one) => one.sendId !== sendId)),
    confirm: (sendId: string) => this.confirmed.push(sendId),
  };

  isLive = (): boolean => this.live;
  scans = (): boolean => this.scanners;
  command = async (command: { cmd: string; [field: string]: unknown }): Promise<never> => {
    this.commands.push(command);
    if (!this.live) throw new ApiError('offline', '');
    const answer = this.answers[command.cmd];
    if (answer instanceof ApiError) throw answer;
    if (command.cmd === 'subscribe') return (answer ?? { head: this.head, role: 'editor', presence: [] }) as never;
    return (answer ?? null) as never;
  };
  commit = this.command as RoomEnvironment['commit'];
  looking(): void {}
  summary(summary: ThreadSummary): void {
    this.summaries.push(summary);
  }
  released(): void {}

  #list(path: string): Attachments {
    const named = new URL(path, 'http://hub').searchParams.getAll('attachment');
    const attachments = this.attachments.filter((one) => named.length === 0 || named.includes(one.attachment));
    return { attachments, head: this.head, used: 0, quota: null, more: false };
  }

  #state(): ThreadState {
    return {
      summary: {
        thread: THREAD, subject: 'S', head: this.head, role: 'editor', last_read: 90, unread: this.head - 90, mentions: 0,
        updated_at: this.head, last_message: { seq: this.head, sender: 'u_ann', at: this.head, excerpt: `m${this.head}`, files: 0 }, call: null,
      },
      history: 'all',
      members: [
        { uid: 'u_ann', display_name: 'Ann', role: 'owner', since: 1 },
        ...(this.since ? [{ uid: 'u_me', display_name: 'Me', role: 'editor' as const, since: this.since }] : []),
      ],
      former_members: [],
      references: [],
      documents: [],
      entries: [],
      more_entries: false,
    };
  }

  #page(path: string): HistoryPage {
    const query = new URL(path, 'http://hub').searchParams;
    const limit = Number(query.get('limit'));
    const around = query.get('around');
    const last = around ? Math.min(this.head, Number(around) + limit / 2 - 1) : Number(query.get('before') ?? this.head + 1) - 1;
    const first = Math.max(2, last - limit + 1, around ? Number(around) - limit / 2 : 0);
    const items = [];
    for (let seq = first; seq <= last; seq++) {
      items.push({
        seq, type: 'message' as const, sender: 'u_ann', at: seq, version: seq, data: null, text: `m${seq}`, reply_to: null,
        mentions: [], mention_names: [], files: [], references: [], reminder: false, reactions: [], edited_at: null, deleted: false, deleted_by: null, undo_until: null,
      });
    }
    return { items, head: this.head, more: first > 2, attachments: [], entries: [] };
  }
}

const FILE: Item = {
  id: '', name: '', path: null, size: 1, type: '', thread: THREAD, purpose: null, addedAt: 0, state: 'done',
  acknowledged: 1, sent: 1, speed: null, remaining: null, error: null, upload: null, here: true, reopens: false, retriable: false,
};

let hub: FakeRoom;
const rooms: Room[] = [];

async function enter(): Promise<Room> {
  const room = new Room(THREAD, hub);
  rooms.push(room);
  await vi.waitFor(() => expect(room.status).not.toBe('loading'));
  await Promise.resolve();
  await Promise.resolve();
  return room;
}

beforeEach(() => {
  localStorage.clear();
  hub = new FakeRoom();
});
afterEach(() => {
  for (const room of rooms.splice(0)) room.end();
  vi.useRealTimers();
});

test('it loads by HTTP and subscribes after what it loaded', async () => {
  const room = await enter();
  expect(room.items.map((item) => item.seq)).toEqual(Array.from({ length: 60 }, (_, index) => index + 41));
  expect(room.state?.summary).toMatchObject({ last_read: 90, unread: 10 });
  expect(hub.commands[0]).toEqual({ cmd: 'subscribe', thread: THREAD, after: 100 });
  room.event(message(101));
  expect(room.items.at(-1)?.text).toBe('m101');
  expect(hub.summaries.at(-1)?.head).toBe(101);
  expect(hub.people.name('u_ann')).toBe('Ann');
});

test('after a lost connection it resumes where it was', async () => {
  const room = await enter();
  room.event(message(101));
  room.lost();
  room.event(message(105)); // by the inbox, before the room follows again: must not hide 102 to 104
  room.connected();
  room.event(message(106));
  await vi.waitFor(() => expect(hub.commands.at(-1)).toMatchObject({ cmd: 'subscribe', after: 101 }));
  await Promise.resolve();
  for (let seq = 102; seq <= 106; seq++) room.event(message(seq));
  expect(room.items.slice(-6).map((item) => item.seq)).toEqual([101, 102, 103, 104, 105, 106]);
});

test('a gap is asked for', async () => {
  const room = await enter();
  room.event(message(103));
  expect(room.items.at(-1)?.seq).toBe(100);
  await vi.waitFor(() => expect(hub.commands.filter((one) => one.cmd === 'subscribe')).toHaveLength(2));
  await Promise.resolve();
  for (let seq = 101; seq <= 103; seq++) room.event(message(seq));
  expect(room.items.at(-1)?.seq).toBe(103);
});

test('a room that is not there, and one that cannot be reached', async () => {
  hub.failing = new ApiError('not_found', '', 404);
  expect((await enter()).status).toBe('not_found');
  hub.failing = new ApiError('unreachable', '');
  const room = await enter();
  expect(room.status).toBe('error');
  expect(room.error?.code).toBe('unreachable');
  hub.failing = null;
  await room.reload();
  expect(room.status).toBe('ready');
});

test('a hub that went back and cannot be read at once is asked again', async () => {
  const room = await enter();
  hub.answers['subscribe'] = new ApiError('after_unknown', '');
  hub.failing = new ApiError('database_busy', '', 503, 0.01);
  room.lost();
  room.connected();
  await vi.waitFor(() => expect(room.error?.code).toBe('database_busy'));
  delete hub.answers['subscribe'];
  hub.failing = null;
  await vi.waitFor(() => expect(hub.commands.at(-1)).toMatchObject({ cmd: 'subscribe' }));
  await vi.waitFor(() => expect(room.error).toBeNull());
  room.event(message(101));
  expect(room.items.at(-1)?.seq).toBe(101);
});

test('who is added while the refusal is on its way is in', async () => {
  hub.failing = new ApiError('not_found', '', 404);
  const room = new Room(THREAD, hub);
  rooms.push(room);
  await Promise.resolve();
  hub.failing = null;
  room.admitted();
  await vi.waitFor(() => expect(room.status).toBe('ready'));
});

test('removed while inside: what was loaded stays', async () => {
  const room = await enter();
  room.removed();
  expect(room.status).toBe('removed');
  expect(room.items).toHaveLength(60);
  expect(room.canWrite).toBe(false);
});

test('older pages fit before the window', async () => {
  const room = await enter();
  await Promise.all([room.loadOlder(), room.loadOlder()]);
  expect(room.items[0]?.seq).toBe(2);
  expect(room.items).toHaveLength(99);
  expect(room.hasOlder).toBe(false);
});

test('an event during a page request is not lost', async () => {
  const room = await enter();
  const page = room.loadOlder();
  room.event(event(101, 'message.edit', { target: 30, text: 'edited' }));
  await page;
  expect(room.items.find((item) => item.seq === 30)?.text).toBe('edited');
});

test('a window of what may not be seen any more gives way to the newest', async () => {
  hub.head = 500;
  hub.since = 300;
  const room = await enter();
  await room.loadAround(50);
  hub.head = 501;
  room.event(event(501, 'thread.history', { history: 'joined' }));
  await vi.waitFor(() => expect(room.items.at(-1)?.seq).toBe(501));
  expect(room.hasNewer).toBe(false);
  expect(room.items[0]!.seq).toBeGreaterThan(300);
});

test('a jump into the past, forward again, and back to the end', async () => {
  hub.head = 500;
  const room = await enter();
  expect(await room.loadAround(50)).toBe(true);
  expect(room.hasNewer).toBe(true);
  expect(room.items[0]?.seq).toBe(10);
  room.event(message(501));
  expect(room.items.at(-1)?.seq).toBe(89);
  await room.loadNewer();
  expect(room.items.map((item) => item.seq)).toEqual(Array.from({ length: 120 }, (_, index) => index + 10));
  hub.head = 501;
  await room.loadLatest();
  expect(room.hasNewer).toBe(false);
  expect(room.items.at(-1)?.seq).toBe(501);
  room.event(message(502));
  expect(room.items.at(-1)?.seq).toBe(502);
});

test('the local echo is replaced by the event, without a gap', async () => {
  const room = await enter();
  const sendId = room.send('hello', { mentions: ['u_ann'] });
  room.outboxChanged();
  expect(room.pending).toMatchObject([{ sendId, text: 'hello', status: 'queued', mentions: ['u_ann'] }]);
  // The hub took it; the event is still on its way.
  room.sent({ thread: THREAD, sendId, seq: 101 });
  hub.entries = [];
  room.outboxChanged();
  expect(room.pending).toHaveLength(1);
  room.event(message(101, 'hello', 'u_me', sendId));
  expect(room.pending).toEqual([]);
  expect(room.items.at(-1)?.text).toBe('hello');
});

test('the event may come before the answer', async () => {
  const room = await enter();
  const sendId = room.send('hello');
  room.outboxChanged();
  room.event(message(101, 'hello', 'u_me', sendId));
  expect(room.pending).toEqual([]);
  expect(hub.confirmed).toEqual([sendId]);
  room.sent({ thread: THREAD, sendId, seq: 101 });
  hub.entries = [];
  room.outboxChanged();
  expect(room.pending).toEqual([]);
});

test('drafts are kept and end with sending', async () => {
  const room = await enter();
  room.draft = 'half a thought';
  hub.drafts.flush();
  expect(new Drafts('u_me').get(THREAD)).toBe('half a thought');
  expect(hub.drafts.threads.has(THREAD)).toBe(true);
  room.send(room.draft);
  expect(room.draft).toBe('');
  expect(new Drafts('u_me').get(THREAD)).toBe('');
});

test('what is being attached is waited for, and said to have failed', async () => {
  const room = await enter();
  let taken = (_: readonly File[]): void => undefined;
  const first = room.attach(new Promise<readonly File[]>((resolve) => (taken = resolve)));
  const second = room.attach([new File(['x'], 'b.txt')]);
  await second;
  const all = room.attaching;
  expect(all).not.toBeNull();
  taken([new File(['x'], 'a.txt')]);
  expect(await all).toBe(true);
  await first;
  expect(room.attached.map((one) => one.name)).toEqual(['b.txt', 'a.txt']);
  expect(room.attaching).toBeNull();

  const failing = room.attach(Promise.reject(new Error('no picture')));
  const told = room.attaching;
  await expect(failing).rejects.toThrow('no picture');
  expect(await told).toBe(false);
  expect(room.attaching).toBeNull();
});

test('what is attached goes with the message, and comes back with it', async () => {
  const room = await enter();
  await room.attach([new File(['x'], 'a.txt'), new File(['x'], 'b.txt')]);
  expect(room.attached.map((one) => one.name)).toEqual(['a.txt', 'b.txt']);
  const sendId = room.send('both');
  expect(room.attached).toEqual([]);
  expect(hub.entries[0]?.files).toEqual([{ item: 'i0', name: 'a.txt', upload: 'f0' }, { item: 'i1', name: 'b.txt', upload: 'f1' }]);
  room.outboxChanged();
  expect(room.pending[0]?.files).toEqual(['a.txt', 'b.txt']);

  // Taken back to be written again, as another message: the hub may have had the first.
  expect(await room.takeBack(sendId)).toBe(true);
  expect(room.attached.map((one) => one.name)).toEqual(['a.txt', 'b.txt']);
  expect(await room.takeBack(sendId)).toBe(false);
  const again = room.send('once more');
  expect(again).not.toBe(sendId);

  // Beside what the draft has already.
  room.outboxChanged();
  await room.attach([new File(['x'], 'c.txt')]);
  await room.takeBack(again);
  expect(room.attached.map((one) => one.name)).toEqual(['a.txt', 'b.txt', 'c.txt']);
  expect(hub.files.cancelled).toEqual([]);

  // Given up with its message.
  hub.entries = [];
  const last = room.send('last');
  room.outboxChanged();
  room.discard(last);
  expect(hub.files.cancelled).toEqual(['i0', 'i1', 'i2']);
});

test('more files than a message takes go with the messages after it', async () => {
  const room = await enter();
  await room.attach(Array.from({ length: 230 }, (_, i) => new File(['x'], `${i}.txt`)));
  const sendId = room.send('The folder');
  expect(room.attached).toEqual([]);
  expect(hub.entries.map((one) => [one.text, one.files?.length])).toEqual([['The folder', 100], ['', 100], ['', 30]]);
  expect(hub.entries[0]?.sendId).toBe(sendId);
  expect(hub.entries[2]?.files?.at(-1)?.name).toBe('229.txt');
  room.outboxChanged();
  // Each has files of its own.
  room.discard(hub.entries[1]!.sendId);
  expect(hub.files.cancelled).toEqual(Array.from({ length: 100 }, (_, i) => `i${i + 100}`));
  await room.takeBack(hub.entries.at(-1)!.sendId);
  expect(room.attached.map((one) => one.name)).toEqual(Array.from({ length: 30 }, (_, i) => `${i + 200}.txt`));
});

test('a file that failed stays with the draft when the others go', async () => {
  const room = await enter();
  await room.attach([new File(['x'], 'a.txt'), new File(['x'], 'b.txt')]);
  hub.files.items = hub.files.items.map((one) => (one.id === 'i0' ? { ...one, state: 'failed' } : one));
  room.send('what there is');
  expect(hub.entries[0]?.files?.map((one) => one.name)).toEqual(['b.txt']);
  expect(room.attached.map((one) => one.name)).toEqual(['a.txt']);
});

const fileOf = (attachment: string, seq: number, preview = false): Attachment => ({
  attachment, thread: THREAD, name: 'a.txt', seq, added_by: 'u_ann', added_at: seq, number: 1, count: 1,
  versions: [{
    key: `f_${attachment}`, seq, author: 'u_ann', at: seq, name: 'a.txt', type: 'text/plain', size: 1, state: 'ready', number: 1,
    preview: preview ? ({ kind: 'text', parts: ['thumb'] } as never) : null,
  }],
});

test('after a time away the previews that were missed are asked for, once the missed events are here', async () => {
  const room = await enter();
  const comes = (at: number, attachment: string): void => {
    room.event(event(at, 'attachment.add', { attachment, key: `f_${attachment}`, name: 'a.txt', type: '', size: 1, blob: 'b' }));
    room.event(event(at + 1, 'message', { text: '', files: [{ attachment, key: `f_${attachment}` }] }));
  };
  comes(101, 'a_1');
  hub.asked.length = 0;
  room.lost();
  hub.head = 104;
  room.connected();
  await vi.waitFor(() => expect(hub.commands.at(-1)).toMatchObject({ cmd: 'subscribe', after: 102 }));
  await Promise.resolve();
  expect(hub.asked).toEqual([]);
  hub.attachments = [fileOf('a_1', 101, true), fileOf('a_2', 103, true)];
  comes(103, 'a_2');
  expect(hub.asked).toEqual([`/api/threads/${THREAD}/attachments?attachment=a_1&attachment=a_2`]);
  await vi.waitFor(() => expect([...room.files.values()].map((one) => one.versions[0]?.preview?.kind)).toEqual(['text', 'text']));
  // Nothing is missing any more, but what scanners say when they look.
  for (const [scanners, times] of [[false, 1], [true, 2]] as const) {
    hub.scanners = scanners;
    room.lost();
    room.connected();
    await vi.waitFor(() => expect(hub.commands.at(-1)).toMatchObject({ cmd: 'subscribe', after: 104 }));
    await new Promise((resolve) => setTimeout(resolve));
    expect(hub.asked).toHaveLength(times);
  }
});

test('at most 200 files are named in one question', async () => {
  const room = await enter();
  await room.fileStore.catchUp(Array.from({ length: 201 }, (_, index) => `a_${index}`));
  expect(hub.asked.filter((one) => one.includes('/attachments')).map((one) => one.split('attachment=').length - 1)).toEqual([200, 1]);
});

test('a file that was erased while one was away leaves the list; one that comes meanwhile stays', async () => {
  const room = await enter();
  hub.attachments = [fileOf('a_1', 50), fileOf('a_2', 60)];
  await room.fileStore.load();
  expect([...room.files.keys()]).toEqual(['a_1', 'a_2']);
  hub.attachments = [fileOf('a_2', 60)];
  const loading = room.fileStore.load();
  room.event(event(101, 'attachment.add', { attachment: 'a_3', key: 'f_3', name: 'b.txt', type: '', size: 1 }));
  await loading;
  expect([...room.files.keys()]).toEqual(['a_2', 'a_3']);
});

test('a thread that was read anew asks for its files anew', async () => {
  const room = await enter();
  hub.attachments = [fileOf('a_1', 50)];
  const learn = (): Promise<void> => {
    room.fileStore.learn('a_1');
    return vi.waitFor(() => expect(room.files.has('a_1')).toBe(true));
  };
  await room.fileStore.load();
  await learn();
  room.fileStore.learn('a_9');
  const late = room.fileStore.load();
  await room.reload();
  await late;
  expect(room.fileStore.status).toBe('none');
  expect(room.files.size).toBe(0);
  await learn();
  await room.fileStore.load();
  expect(room.fileStore.status).toBe('ready');
});

test('sent on again under the same id it is the same message', async () => {
  const room = await enter();
  for (let times = 0; times < 2; times++) await room.fileStore.sendOn('a_1', 1, 'r_2', 's_1');
  const said = { cmd: 'post', thread: 'r_2', send_id: 's_1', text: '', files: [{ source: 'a_1', number: 1 }] };
  expect(hub.commands.slice(-2)).toEqual([said, said]);
});

test('what is to be a file of its own stays so after a reload, until it is sent', async () => {
  const room = await enter();
  hub.attachments = [fileOf('a_1', 50)];
  await room.fileStore.load();
  await room.attach([new File(['x'], 'a.txt')]);
  const [upload] = room.attached;
  expect(room.versionOf(upload!)?.attachment).toBe('a_1');
  room.setApart(upload!.id, true);
  room.end();

  const again = await enter();
  await again.fileStore.load();
  expect(again.attached).toHaveLength(1);
  expect(again.namesakeOf(again.attached[0]!)?.attachment).toBe('a_1');
  expect(again.versionOf(again.attached[0]!)).toBeNull();
  const sendId = again.send('with it');
  expect(hub.entries.at(-1)?.files?.[0]).not.toHaveProperty('attachment');
  const kept = (): string[] => Object.keys(localStorage).filter((one) => one.includes('apart'));
  expect(kept()).toEqual([]);
  // Taken back to be written again, it is said again.
  again.outboxChanged();
  await again.takeBack(sendId);
  expect(kept()).toHaveLength(1);
});

test('read marks are shown at once and sent once', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const room = new Room(THREAD, hub);
  rooms.push(room);
  await vi.advanceTimersByTimeAsync(1);
  hub.answers['mark_read'] = { t: 'read', thread: THREAD, seq: 99, unread: 1, mentions: 0 };
  room.markRead(95);
  room.markRead(99);
  expect(room.state?.summary).toMatchObject({ last_read: 99, unread: 1 });
  await vi.advanceTimersByTimeAsync(300);
  expect(hub.commands.filter((one) => one.cmd === 'mark_read')).toEqual([{ cmd: 'mark_read', thread: THREAD, seq: 99 }]);
  room.read({ t: 'read', thread: THREAD, seq: 100, unread: 0, mentions: 0 });
  expect(room.state?.summary).toMatchObject({ last_read: 100, unread: 0 });
});

test('a read mark made offline is sent after the next subscribe', async () => {
  const room = await enter();
  hub.live = false;
  room.lost();
  room.markRead(100);
  room.connected();
  hub.live = true;
  room.connected();
  await vi.waitFor(() => expect(hub.commands.at(-1)).toMatchObject({ cmd: 'mark_read', seq: 100 }));
});

test('typing expires, ends with a message, and is never our own', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const room = new Room(THREAD, hub);
  rooms.push(room);
  await vi.advanceTimersByTimeAsync(1);
  for (const uid of ['u_ann', 'u_bob', 'u_me']) room.typingChanged({ t: 'typing', thread: THREAD, uid, on: true });
  expect(room.typing).toEqual(['u_ann', 'u_bob']);
  room.event(message(101));
  expect(room.typing).toEqual(['u_bob']);
  await vi.advanceTimersByTimeAsync(8_000);
  expect(room.typing).toEqual([]);
});

test('our typing is said now and then, and its end', async () => {
  const room = await enter();
  room.setTyping(true);
  room.setTyping(true);
  room.setTyping(false);
  room.setTyping(false);
  expect(hub.commands.filter((one) => one.cmd === 'typing').map((one) => one['on'])).toEqual([true, false]);
});

test('presence comes, changes and goes', async () => {
  hub.answers['subscribe'] = { head: 100, role: 'editor', presence: [{ session: 'c_1', uid: 'u_me' }] };
  const room = await enter();
  expect(room.presence).toEqual([{ session: 'c_1', uid: 'u_me', state: 'active', document: null }]);
  const entry = { session: 'c_2', uid: 'u_ann', state: 'away' as const };
  room.presenceChanged({ t: 'presence', thread: THREAD, entry, gone: false });
  room.presenceChanged({ t: 'presence', thread: THREAD, entry: { ...entry, state: 'active' }, gone: false });
  expect(room.presence.map((one) => one.state)).toEqual(['active', 'active']);
  room.presenceChanged({ t: 'presence', thread: THREAD, entry, gone: true });
  expect(room.presence).toHaveLength(1);
  room.lost();
  expect(room.presence).toEqual([]);
});

test('commands carry the thread and a send id', async () => {
  const room = await enter();
  await room.react(50, '👍', true);
  await room.setMember('u_bob', null);
  expect(hub.commands.slice(-2)).toMatchObject([
    { cmd: 'react', thread: THREAD, target: 50, emoji: '👍', on: true, send_id: expect.stringMatching(/^[\w-]{22}$/) },
    { cmd: 'set_member', thread: THREAD, uid: 'u_bob', role: null },
  ]);
});

test('a text that only the hub knows is fetched', async () => {
  const room = await enter();
  room.event(event(101, 'message', null));
  room.event(event(102, 'message.delete', { target: 101, target_sender: 'u_ann' }));
  hub.head = 103;
  room.event(event(103, 'message.undelete', { target: 101, target_sender: 'u_ann' }));
  expect(hub.asked.at(-1)).toContain('around=101');
});
