/**
 * The list of threads: one row each, kept true by events.
 *
 * Watch first, then read: what arrives while the list is read is applied to it afterwards, by seq.
 * What a row alone cannot tell (a deleted last message, an edit that takes a mention away) is asked
 * for, one thread at a time.
 */
import { api } from '../api/client';
import { type ApiError, asApiError } from '../wire/error';
import type { MemberSetData, MessageData, NewThread, ReadState, ThreadState, ThreadSummary, TimelineEvent } from '../wire/generated';
import { newSendId } from '../wire/ids';
import type { Drafts } from './drafts.svelte';
import { applyToSummary } from './room-model';
import type { Arrival, InboxStore } from './types';

const ROW_MS = 200;

export interface InboxEnvironment {
  readonly me: string;
  readonly drafts: Drafts;
  watch(): Promise<unknown>;
  arrived(arrival: Arrival): void;
  http?: Pick<typeof api, 'get' | 'post'>;
}

export class Inbox implements InboxStore {
  loaded = $state(false);
  error: ApiError | null = $state.raw(null);
  #rows: ReadonlyMap<string, ThreadSummary> = $state.raw(new Map());
  readonly threads: readonly ThreadSummary[] = $derived(
    [...this.#rows.values()].sort((a, b) => b.updated_at - a.updated_at || (a.thread < b.thread ? -1 : 1)),
  );
  readonly totalUnread = $derived([...this.#rows.values()].reduce((sum, row) => sum + row.unread, 0));
  readonly totalMentions = $derived([...this.#rows.values()].reduce((sum, row) => sum + row.mentions, 0));

  readonly #environment: InboxEnvironment;
  readonly #http: Pick<typeof api, 'get' | 'post'>;
  #meanwhile: TimelineEvent[] | null = null;
  #reading: Promise<void> | null = null;
  #again = false;
  readonly #wanted = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #arrived = new Map<string, number>();
  #closed = false;

  constructor(environment: InboxEnvironment) {
    this.#environment = environment;
    this.#http = environment.http ?? api;
  }

  get drafts(): ReadonlySet<string> {
    return this.#environment.drafts.threads;
  }

  get(thread: string): ThreadSummary | undefined {
    return this.#rows.get(thread);
  }

  /** A fresh connection: watch, then read. */
  async connected(): Promise<void> {
    try {
      await this.#environment.watch();
    } catch {
      return; // the connection went; the next one comes here again
    }
    await this.refresh();
  }

  refresh(): Promise<void> {
    if (this.#reading) {
      // What is being read may be older than this call.
      this.#again = true;
      return this.#reading;
    }
    this.#reading = this.#read().finally(() => {
      this.#reading = null;
      if (this.#again) {
        this.#again = false;
        void this.refresh();
      }
    });
    return this.#reading;
  }

  async create(thread: NewThread): Promise<string> {
    const state = await this.#http.post<ThreadState>('/api/threads', { send_id: newSendId(), ...thread });
    this.put(state.summary);
    return state.summary.thread;
  }

  /** Tell of a new message of somebody else. Before rooms see the event: they may mark it read. */
  notice(event: TimelineEvent): void {
    const row = this.#rows.get(event.thread);
    if (!row) return;
    if (event.type !== 'message' || event.sender === this.#environment.me || event.data == null) return;
    if (event.seq <= Math.max(row.last_read, this.#arrived.get(event.thread) ?? 0)) return;
    this.#arrived.set(event.thread, event.seq);
    const mentioned = (event.data as MessageData).mentions?.includes(this.#environment.me) ?? false;
    this.#environment.arrived({ event, summary: row, mentioned });
  }

  /** A timeline event of any thread of ours. */
  event(event: TimelineEvent): void {
    this.#meanwhile?.push(event);
    const row = this.#rows.get(event.thread);
    if (!row) {
      if (this.loaded) this.#want(event.thread);
      return;
    }
    if (leaves(event, this.#environment.me)) {
      this.remove(event.thread);
      return;
    }
    const { summary, stale } = applyToSummary(row, event, this.#environment.me);
    if (stale || event.seq > row.head + 1) this.#want(event.thread);
    if (summary !== row) this.#set(summary);
  }

  /** A row that is known better elsewhere (the open room, the hub's answer). */
  put(summary: ThreadSummary): void {
    const row = this.#rows.get(summary.thread);
    if (!row || summary.head >= row.head) this.#set(summary);
  }

  read(read: ReadState): void {
    const row = this.#rows.get(read.thread);
    if (row) this.#set({ ...row, last_read: read.seq, unread: read.unread, mentions: read.mentions });
  }

  remove(thread: string): void {
    if (!this.#rows.has(thread)) return;
    const rows = new Map(this.#rows);
    rows.delete(thread);
    this.#rows = rows;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #read(): Promise<void> {
    this.#meanwhile = [];
    try {
      const rows = await this.#http.get<ThreadSummary[]>('/api/threads');
      const me = this.#environment.me;
      const fresh = new Map(rows.map((row) => [row.thread, Object.freeze(row)]));
      for (const event of this.#meanwhile) {
        const row = fresh.get(event.thread);
        if (!row) {
          this.#want(event.thread);
          continue;
        }
        if (event.seq <= row.head) continue;
        if (leaves(event, me)) {
          fresh.delete(event.thread);
          continue;
        }
        const { summary, stale } = applyToSummary(row, event, me);
        if (stale) this.#want(event.thread);
        fresh.set(event.thread, summary);
      }
      this.#rows = fresh;
      this.loaded = true;
      this.error = null;
    } catch (error) {
      this.error = asApiError(error);
    } finally {
      this.#meanwhile = null;
    }
  }

  #set(summary: ThreadSummary): void {
    this.#rows = new Map(this.#rows).set(summary.thread, Object.freeze(summary));
  }

  #want(thread: string): void {
    this.#wanted.add(thread);
    this.#timer ??= setTimeout(() => void this.#fetchRows(), ROW_MS);
  }

  async #fetchRows(): Promise<void> {
    this.#timer = undefined;
    const threads = [...this.#wanted];
    this.#wanted.clear();
    for (const thread of threads) {
      if (this.#closed) return;
      try {
        this.put((await this.#http.get<ThreadState>(`/api/threads/${thread}`)).summary);
      } catch (error) {
        // No member (any more), or no connection: then the whole list is read again.
        if (asApiError(error).status === 404 || asApiError(error).status === 403) this.remove(thread);
      }
    }
  }
}

function leaves(event: TimelineEvent, me: string): boolean {
  if (event.type !== 'member.set') return false;
  const data = event.data as MemberSetData | null | undefined;
  return data?.uid === me && data.role === null;
}
