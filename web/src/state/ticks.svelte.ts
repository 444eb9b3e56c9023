/**
 * Tasks that this person ticked off or opened again: shown at once, kept in this browser until the
 * hub knows them (also over a reload), told in their order.
 *
 * Each tab tells all of the table: the hub takes a send_id once, whoever says it. What was taken back
 * in another tab is not in the table any more.
 */
import type { LocalStore } from '../lib/local-store';
import { type ApiError, asApiError } from '../wire/error';
import type { Accepted, Entry, FinishEntryCommand } from '../wire/generated';
import { newSendId } from '../wire/ids';
import type { Tick, TicksStore } from './types';

const RETRY_MS = 3_000;
/** Somebody else changes the entry at this moment. */
const BUSY_MS = 300;
/** So many that were told are still shown until their entry says so itself. */
const MAX_TOLD = 50;

export interface TicksOptions {
  store: LocalStore;
  isLive(): boolean;
  /** Rejects with ApiError; a `temporary` one leaves the tick waiting. */
  finish(command: Omit<FinishEntryCommand, 'id'>): Promise<Accepted>;
  /** How many are to be told. */
  waiting(count: number): void;
  /** The hub does not take one, and never will. */
  refused(what: string, error: ApiError): void;
  now?: () => number;
}

type Shown = ReadonlyMap<string, { readonly tick: Tick; readonly waits: boolean }>;

export class Ticks implements TicksStore {
  /** By entry, the newest. */
  #shown: Shown = $state.raw(new Map());
  /** In the order of telling. */
  #queue: Tick[] = [];
  /** Which the hub may know, though it did not answer. */
  readonly #tried = new Set<string>();
  /** By send_id: the moments that were told, and are still shown. */
  readonly #told = new Map<string, string | null>();
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
    for (const tick of left) this.#show(tick, true);
    this.#counted();
    void this.#tell();
  }

  of({ entry, seq }: Pick<Entry, 'entry' | 'seq'>): { readonly done: boolean; readonly waits: boolean } | null {
    const shown = this.#shown.get(entry);
    return shown && shown.tick.seq >= seq ? { done: shown.tick.done, waits: shown.waits } : null;
  }

  set(entry: Entry, done: boolean): Tick | null {
    const waits = this.#queue.findLast((one) => one.entry === entry.entry);
    if (waits && waits.done !== done && !this.#tried.has(waits.sendId)) {
      this.#takeBack(waits);
      return null;
    }
    const { entry: id, thread, title, seq } = entry;
    return this.#add({ entry: id, thread, title, seq, done, occurrence: null, seen: done ? (entry.current?.id ?? null) : null });
  }

  undo(tick: Tick): void {
    const { sendId } = tick;
    if (this.#queue.includes(tick) && !this.#tried.has(sendId)) this.#takeBack(tick);
    else if (this.#queue.includes(tick) || this.#told.has(sendId)) {
      this.#add({ ...tick, done: !tick.done, seen: null, occurrence: this.#told.get(sendId) ?? null });
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
  }

  #add(about: Omit<Tick, 'sendId' | 'at'>): Tick {
    this.#lastAt = Math.max(this.#lastAt + 1, (this.#options.now ?? Date.now)());
    const tick: Tick = { ...about, sendId: newSendId(), at: this.#lastAt };
    this.#queue.push(tick);
    this.#show(tick, true);
    this.#counted();
    void this.#options.store.put('ticks', tick.sendId, tick);
    void this.#tell();
    return tick;
  }

  #takeBack(tick: Tick): void {
    this.#over(tick);
    const before = this.#queue.findLast((one) => one.entry === tick.entry);
    if (before) this.#show(before, true);
    else this.#hide(tick);
  }

  async #tell(): Promise<void> {
    if (this.#telling) return;
    this.#telling = true;
    clearTimeout(this.#retry);
    try {
      for (let tick = this.#queue[0]; tick && !this.#closed && this.#options.isLive(); tick = this.#queue[0]) {
        if (!(await this.#tellOne(tick))) break;
      }
    } finally {
      this.#telling = false;
    }
  }

  /** Whether the next one may be told. */
  async #tellOne(tick: Tick): Promise<boolean> {
    const { sendId, thread, entry, title, done, occurrence, seen } = tick;
    const kept = await this.#options.store.get('ticks', sendId).catch(() => tick);
    if (kept === undefined) {
      this.#takeBack(tick); // in another tab
      return true;
    }
    this.#tried.add(sendId);
    try {
      const told = await this.#options.finish({ cmd: 'finish_entry', thread, send_id: sendId, entry, done, occurrence, seen });
      this.#knows(tick, told.occurrence ?? null);
    } catch (thrown) {
      const error = asApiError(thrown);
      if (error.code === 'entry_busy' || error.code === 'offline' || error.code === 'timeout' || error.temporary) {
        const waitMs = error.code === 'entry_busy' ? BUSY_MS : error.retryAfter === null ? RETRY_MS : error.retryAfter * 1000;
        if (!this.#closed) this.#retry = setTimeout(() => void this.#tell(), waitMs);
        return false;
      }
      this.#over(tick);
      this.#hide(tick);
      this.#options.refused(`“${title}” was not ${done ? 'ticked off' : 'opened again'}`, error);
    }
    return true;
  }

  #knows(tick: Tick, occurrence: string | null): void {
    this.#told.set(tick.sendId, occurrence);
    this.#over(tick);
    if (this.#shown.get(tick.entry)?.tick === tick) this.#show(tick, false);
    for (const old of [...this.#told.keys()].slice(0, -MAX_TOLD)) this.#told.delete(old);
    const fresh = [...this.#shown].filter(([, one]) => one.waits || this.#told.has(one.tick.sendId));
    if (fresh.length < this.#shown.size) this.#shown = new Map(fresh);
  }

  #over(tick: Tick): void {
    this.#queue = this.#queue.filter((one) => one !== tick);
    this.#tried.delete(tick.sendId);
    this.#counted();
    void this.#options.store.delete('ticks', [tick.sendId]);
  }

  #show(tick: Tick, waits: boolean): void {
    this.#shown = new Map(this.#shown).set(tick.entry, { tick, waits });
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
