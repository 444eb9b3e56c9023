/**
 * Messages on their way to the hub: kept in this browser until the hub has them, sent in order.
 *
 * The table is the truth; each tab holds a copy of it for display. One tab sends at a time (a lock),
 * the others hear what became of their messages. A message the hub refuses stays, as `failed`.
 */
import type { LocalStore } from '../lib/local-store';
import type { Channel } from '../lib/tabs';
import { ApiError, asApiError } from './error';
import type { Accepted } from './generated';

export interface OutboxEntry {
  readonly sendId: string;
  readonly thread: string;
  readonly text: string;
  readonly replyTo: number | null;
  readonly mentions: readonly string[];
  /** What is sent with it; not there in entries of earlier versions. */
  readonly files?: readonly OutboxFile[];
  /** No message: its file is a picture of this document. */
  readonly document?: string;
  readonly status: 'queued' | 'sending' | 'failed';
  readonly error: { readonly code: string; readonly detail: string } | null;
  readonly at: number;
}

/** A file on its way: an item of the queue of uploads, and its id at the hub once it is known. */
export interface OutboxFile {
  readonly item: string;
  readonly name: string;
  readonly upload: string | null;
  /** It is a new version of that. */
  readonly attachment?: string;
}

export interface Sent {
  readonly thread: string;
  readonly sendId: string;
  readonly seq: number;
}

export type OutboxNews = { kind: 'changed' } | ({ kind: 'sent' } & Sent);

export interface OutboxOptions {
  store: LocalStore;
  /**
   * Resolves when a message can be sent. Rejects with ApiError: with `NOT_READY` it stays queued, and what
   * comes after it goes first.
   */
  ready?(entry: OutboxEntry): Promise<unknown>;
  /** Post one message. Rejects with ApiError; a `temporary` one leaves it queued. */
  send(entry: OutboxEntry): Promise<Accepted>;
  lock<T>(task: () => Promise<T>): Promise<T>;
  /** Opens the way to other tabs. */
  channel(hear: (news: OutboxNews) => void): Channel<OutboxNews>;
  /** Entries changed: read `entries` again. */
  changed(): void;
  /** The hub took one; its event comes by the socket. */
  sent(sent: Sent): void;
  now?: () => number;
}

const RETRY_MS = 3_000;
/** Code of an error: a message waits for something in this browser, and nothing waits for it. */
export const NOT_READY = 'not_ready';

export class Outbox {
  /** In the order of sending. */
  entries: readonly OutboxEntry[] = [];

  readonly #options: OutboxOptions;
  readonly #channel: Channel<OutboxNews>;
  readonly #writing = new Map<string, Promise<void>>();
  /** Sent or discarded, but perhaps still in the table. */
  readonly #gone = new Set<string>();
  #live = false;
  #pumping = false;
  #again = false;
  #closed = false;
  #lastAt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#channel = options.channel((news) => void this.#hear(news));
  }

  /** Read what earlier visits left. */
  async load(): Promise<void> {
    await this.#reload();
    void this.#pump();
  }

  /** What a message waits for may be there. */
  wake(): void {
    void this.#pump();
  }

  /** Queue a message; it is in `entries` when this returns. */
  add(message: Pick<OutboxEntry, 'sendId' | 'thread' | 'text' | 'replyTo' | 'mentions' | 'files' | 'document'>): void {
    // The key orders the queue, so two messages of one millisecond need different times.
    this.#lastAt = Math.max(this.#lastAt + 1, (this.#options.now ?? Date.now)());
    const entry: OutboxEntry = { ...message, status: 'queued', error: null, at: this.#lastAt };
    this.#gone.delete(entry.sendId);
    this.#show([...this.entries, entry]);
    this.#write(entry);
    void this.#pump();
  }

  /** Try a failed message again, in its old place. */
  retry(sendId: string): void {
    const entry = this.entries.find((one) => one.sendId === sendId);
    if (!entry || entry.status !== 'failed') return;
    this.#replace({ ...entry, status: 'queued', error: null });
    void this.#pump();
  }

  /** Forget a message that was not sent. One on its way may arrive all the same. */
  discard(sendId: string): void {
    const entry = this.entries.find((one) => one.sendId === sendId);
    if (!entry) return;
    this.#drop(sendId);
    void this.#erase(entry).then(() => this.#channel.post({ kind: 'changed' }));
  }

  /** The hub has it (its event was seen): nothing is left to do. */
  confirm(sendId: string): void {
    const entry = this.entries.find((one) => one.sendId === sendId);
    if (entry && entry.status !== 'sending') this.discard(sendId);
  }

  setLive(live: boolean): void {
    this.#live = live;
    if (live) void this.#pump();
    else {
      clearTimeout(this.#retry);
      if (this.entries.some((one) => one.status === 'sending')) {
        this.#show(this.entries.map((one) => (one.status === 'sending' ? { ...one, status: 'queued' } : one)));
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#live = false;
    clearTimeout(this.#retry);
    this.#channel.close();
  }

  async #pump(): Promise<void> {
    if (this.#pumping) {
      this.#again = true;
      return;
    }
    this.#pumping = true;
    try {
      do {
        this.#again = false;
        if (this.#live && this.entries.some((one) => one.status === 'queued')) {
          await this.#options.lock(() => this.#sendAll());
        }
      } while (this.#again && !this.#closed);
    } finally {
      this.#pumping = false;
    }
  }

  /** Under the lock: the table says what is left, whoever queued it. */
  async #sendAll(): Promise<void> {
    const notReady = new Set<string>();
    for (;;) {
      await Promise.allSettled(this.#writing.values());
      await this.#reload();
      const entry = this.entries.find((one) => one.status === 'queued' && !notReady.has(one.sendId));
      if (!this.#live) return;
      if (!entry) break;
      try {
        await this.#options.ready?.(entry);
        if (!this.entries.some((one) => one.sendId === entry.sendId)) continue; // discarded meanwhile
        this.#setStatus(entry, 'sending');
        const accepted = await this.#options.send(entry);
        void this.#erase(entry);
        const sent = { thread: entry.thread, sendId: entry.sendId, seq: accepted.seq };
        this.#options.sent(sent);
        this.#drop(entry.sendId);
        this.#channel.post({ kind: 'sent', ...sent });
      } catch (thrown) {
        const error = asApiError(thrown);
        if (error.code === NOT_READY) {
          notReady.add(entry.sendId);
          this.#setStatus(entry, 'queued');
        } else if (!this.#refused(entry, error)) return;
      }
    }
    if (notReady.size > 0) this.#retryIn(RETRY_MS);
  }

  /** False when sending must wait. */
  #refused(entry: OutboxEntry, error: ApiError): boolean {
    if (!this.entries.some((one) => one.sendId === entry.sendId)) return true; // discarded meanwhile
    if (error.temporary) {
      this.#setStatus(entry, 'queued');
      this.#retryIn(error.retryAfter === null ? RETRY_MS : error.retryAfter * 1000);
      return false;
    }
    this.#replace({ ...entry, status: 'failed', error: { code: error.code, detail: error.detail } });
    return true;
  }

  #setStatus({ sendId }: OutboxEntry, status: OutboxEntry['status']): void {
    this.#show(this.entries.map((one) => (one.sendId === sendId ? { ...one, status } : one)));
  }

  #retryIn(waitMs: number): void {
    clearTimeout(this.#retry);
    if (this.#live) this.#retry = setTimeout(() => void this.#pump(), waitMs);
  }

  async #reload(): Promise<void> {
    const rows = await this.#options.store.entries<OutboxEntry>('outbox', '').catch(() => null);
    if (!rows) return; // nothing but what is here can be known now
    const stored = rows.map(([, entry]) => entry).filter((one) => !this.#gone.has(one.sendId));
    const sending = new Set(this.entries.filter((one) => one.status === 'sending').map((one) => one.sendId));
    const known = new Set(stored.map((one) => one.sendId));
    // What is being written is not in the table yet.
    const unwritten = this.entries.filter((one) => this.#writing.has(one.sendId) && !known.has(one.sendId));
    const merged = [...stored, ...unwritten].map((one) => (sending.has(one.sendId) ? { ...one, status: 'sending' as const } : one));
    this.#lastAt = Math.max(this.#lastAt, ...merged.map((one) => one.at));
    this.#show(merged);
  }

  async #hear(news: OutboxNews): Promise<void> {
    if (this.#closed) return;
    if (news.kind === 'sent') {
      this.#options.sent(news);
      this.#drop(news.sendId);
    } else {
      await this.#reload();
      void this.#pump();
    }
  }

  #drop(sendId: string): void {
    this.#gone.add(sendId);
    this.#show(this.entries.filter((one) => one.sendId !== sendId));
  }

  #replace(entry: OutboxEntry): void {
    this.#show(this.entries.map((one) => (one.sendId === entry.sendId ? entry : one)));
    this.#write(entry);
  }

  #write(entry: OutboxEntry): void {
    const writing = this.#options.store
      .put('outbox', key(entry), entry)
      .then(() => {
        if (this.#writing.get(entry.sendId) === writing) this.#writing.delete(entry.sendId);
        if (!this.#closed) this.#channel.post({ kind: 'changed' });
      });
    this.#writing.set(entry.sendId, writing);
  }

  async #erase(entry: OutboxEntry): Promise<void> {
    await this.#writing.get(entry.sendId);
    await this.#options.store.delete('outbox', [key(entry)]);
  }

  #show(entries: readonly OutboxEntry[]): void {
    this.entries = entries;
    this.#options.changed();
  }
}

function key(entry: OutboxEntry): string {
  return `${String(entry.at).padStart(16, '0')} ${entry.sendId}`;
}
