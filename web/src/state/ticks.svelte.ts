/**
 * Tasks that this person ticked off or opened again: shown at once, kept in this browser until the
 * hub knows them (also over a reload), told in their order.
 *
 * Each tab tells what is in the table, one after the other. What was told or taken back in another
 * tab is not there any more.
 */
import type { LocalStore } from '../lib/local-store';
import { type ApiError, asApiError } from '../wire/error';
import type { Accepted, Entry, FinishEntryCommand } from '../wire/generated';
import { newSendId } from '../wire/ids';
import type { Tick, TicksStore } from './types';

const RETRY_MS = 3_000;
/** Somebody else changes the entry at this moment. */
const BUSY_MS = 300;
/** Told within this, a tick is of now. */
const AT_ONCE_MS = 10_000;

export interface TicksOptions {
  store: LocalStore;
  isLive(): boolean;
  /** Rejects with ApiError; a `temporary` one leaves the tick waiting. */
  finish(command: Omit<FinishEntryCommand, 'id'>): Promise<Accepted>;
  /** One tab at a time. */
  lock<T>(task: () => Promise<T>): Promise<T>;
  /** How many are to be told. */
  waiting(count: number): void;
  /** The hub does not take one, and never will. */
  refused(what: string, error: ApiError): void;
  now?: () => number;
}

interface Shown {
  readonly tick: Tick;
  readonly waits: boolean;
  /** The hub was asked, and cannot now. */
  readonly stuck: boolean;
  /** From this seq of its thread on, the entry says so itself. */
  readonly until: number;
}

export class Ticks implements TicksStore {
  /** By entry, the newest. */
  #shown: ReadonlyMap<string, Shown> = $state.raw(new Map());
  /** In the order of telling. */
  #queue: Tick[] = [];
  /** Which the hub may know, though it did not answer. */
  readonly #tried = new Set<string>();
  /** By send_id: the moments that were told. */
  readonly #told = new Map<string, string | null>();
  readonly #refused = new Set<string>();
  readonly #options: TicksOptions;
  #telling = false;
  #closed = false;
  #lastAt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(options: TicksOptions) {
    this.#options = options;
    void this.connected(); // shown before it can be told
  }

  /** What earlier visits, and tabs that are closed, left; then all of it is told. */
  async connected(): Promise<void> {
    const rows = await this.#options.store.entries<Tick>('ticks', '').catch(() => []);
    const known = new Set(this.#queue.map((one) => one.sendId));
    const left = rows.map(([, tick]) => tick).filter((tick) => !known.has(tick.sendId) && !this.#told.has(tick.sendId));
    this.#queue = [...this.#queue, ...left].sort((a, b) => a.at - b.at);
    this.#lastAt = Math.max(this.#lastAt, ...left.map((tick) => tick.at));
    for (const tick of this.#queue) if (this.#shown.get(tick.entry)?.tick !== tick) this.#show(tick);
    this.#counted();
    void this.#tell();
  }

  of({ entry, seq }: Pick<Entry, 'entry' | 'seq'>): { readonly done: boolean; readonly waits: boolean; readonly stuck: boolean } | null {
    const shown = this.#shown.get(entry);
    return shown && (shown.waits || seq < shown.until) ? { done: shown.tick.done, waits: shown.waits, stuck: shown.stuck } : null;
  }

  set(entry: Entry, done: boolean): Tick | null {
    const waits = this.#queue.findLast((one) => one.entry === entry.entry);
    if (waits && waits.done !== done && waits.seq === entry.seq && !this.#tried.has(waits.sendId)) {
      this.#takeBack(waits);
      return null;
    }
    const { entry: id, thread, title, seq } = entry;
    return this.#add({ entry: id, thread, title, seq, done, occurrence: null, seen: done ? (entry.current?.id ?? null) : null });
  }

  undo(tick: Tick): void {
    const { sendId } = tick;
    if (this.#queue.includes(tick) && !this.#tried.has(sendId)) this.#takeBack(tick);
    else if (!this.#refused.has(sendId)) this.#add({ ...tick, done: !tick.done, seen: null, occurrence: this.#told.get(sendId) ?? null });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
  }

  #add(about: Omit<Tick, 'sendId' | 'at'>): Tick {
    this.#lastAt = Math.max(this.#lastAt + 1, (this.#options.now ?? Date.now)());
    const tick: Tick = { ...about, sendId: newSendId(), at: this.#lastAt };
    this.#queue.push(tick);
    this.#show(tick);
    this.#counted();
    void this.#options.store.put('ticks', tick.sendId, tick);
    void this.#tell();
    return tick;
  }

  #takeBack(tick: Tick): void {
    void this.#over(tick);
    const before = this.#queue.findLast((one) => one.entry === tick.entry);
    if (before) this.#show(before);
    else this.#hide(tick);
  }

  async #tell(): Promise<void> {
    if (this.#telling) return;
    this.#telling = true;
    clearTimeout(this.#retry);
    try {
      // What cannot be told now holds back only what comes after it of the same entry.
      const stuck = new Set<string>();
      for (;;) {
        const tick = this.#queue.find((one) => !stuck.has(one.entry));
        if (!tick || !this.#canTell) break;
        if (!(await this.#options.lock(() => this.#tellOne(tick)))) stuck.add(tick.entry);
      }
    } finally {
      this.#telling = false;
    }
  }

  get #canTell(): boolean {
    return !this.#closed && this.#options.isLive();
  }

  /** Whether it is settled. */
  async #tellOne(tick: Tick): Promise<boolean> {
    const { sendId, thread, entry, title, done, occurrence, seen, at } = tick;
    const kept = await this.#options.store.get('ticks', sendId).catch(() => tick);
    if (!this.#queue.includes(tick)) return true;
    if (kept === undefined) {
      this.#takeBack(tick); // told or taken back in another tab
      return true;
    }
    if (!this.#canTell) return false;
    this.#tried.add(sendId);
    try {
      await this.#knows(tick, await this.#options.finish({ cmd: 'finish_entry', thread, send_id: sendId, entry, done, occurrence, seen, ...this.#age(at) }));
      return true;
    } catch (thrown) {
      const error = asApiError(thrown);
      if (error.code === 'entry_busy' || error.code === 'offline' || error.code === 'timeout' || error.temporary) {
        this.#tryLater(tick, error);
        return false;
      }
      this.#refused.add(sendId);
      this.#hide(tick);
      this.#options.refused(`“${title}” was not ${done ? 'ticked off' : 'opened again'}`, error);
      await this.#over(tick);
      return true;
    }
  }

  /** What was ticked off yesterday is not what is due today. */
  #age(at: number): { ago_ms?: number } {
    const ago = (this.#options.now ?? Date.now)() - at;
    return ago > AT_ONCE_MS ? { ago_ms: ago } : {};
  }

  #tryLater(tick: Tick, { code, retryAfter }: ApiError): void {
    const waitMs = code === 'entry_busy' ? BUSY_MS : retryAfter === null ? RETRY_MS : retryAfter * 1000;
    clearTimeout(this.#retry);
    if (!this.#closed) this.#retry = setTimeout(() => void this.#tell(), waitMs);
    if (this.#shown.get(tick.entry)?.tick === tick) this.#show(tick, { stuck: code !== 'entry_busy' });
  }

  async #knows(tick: Tick, { seq, occurrence, changed }: Accepted): Promise<void> {
    const shown = this.#shown.get(tick.entry)?.tick === tick;
    if (changed === false) {
      this.#refused.add(tick.sendId); // there is nothing to undo
      this.#hide(tick);
    } else {
      this.#told.set(tick.sendId, occurrence ?? null);
      if (shown) this.#show(tick, { waits: false, until: seq });
    }
    await this.#over(tick);
  }

  async #over(tick: Tick): Promise<void> {
    this.#queue = this.#queue.filter((one) => one !== tick);
    this.#tried.delete(tick.sendId);
    this.#counted();
    await this.#options.store.delete('ticks', [tick.sendId]);
  }

  #show(tick: Tick, how: Partial<Omit<Shown, 'tick'>> = {}): void {
    this.#shown = new Map(this.#shown).set(tick.entry, { tick, waits: true, stuck: false, until: 0, ...how });
  }

  #hide(tick: Tick): void {
    if (this.#shown.get(tick.entry)?.tick !== tick) return;
    const left = new Map(this.#shown);
    left.delete(tick.entry);
    this.#shown = left;
  }

  #counted(): void {
    this.#options.waiting(this.#queue.length);
  }
}
