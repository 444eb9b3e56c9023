/** An upload of this tab, and how it looks from outside. */
import type { ApiError } from '../wire/error';
import type { Item, ItemError } from './item';
import type { Kept, KeptState } from './kept';
import { Rate } from './rate';
import { Sending } from './sending';
import { ENDED } from './verdict';

/** What this tab has to do with an upload. */
export interface Entry {
  kept: Kept;
  file: File | null;
  handle: FileSystemFileHandle | null;
  /** Looking for the file, proving it, or sending. */
  work: Sending | 'preparing' | null;
  /** Only to get its id. */
  naming: boolean;
  sent: number;
  readonly rate: Rate;
  attempts: number;
  retryAt: number;
  /** Why it is tried again. */
  problem: ItemError | null;
  settle: Settle | null;
  item: Item;
}

export interface Settle {
  readonly promise: Promise<string>;
  resolve(upload: string): void;
  reject(error: ApiError): void;
}

export function entryOf(kept: Kept): Entry {
  const entry: Entry = {
    kept, file: null, handle: null, work: null, naming: false, sent: kept.acknowledged, rate: new Rate(), attempts: 0, retryAt: 0,
    problem: null, settle: null, item: fromKept(kept),
  };
  entry.item = snapshot(entry);
  return entry;
}

export function snapshot({ kept, handle, work, naming, sent, rate, problem }: Entry): Item {
  const moving = work instanceof Sending && !naming && kept.state === 'waiting';
  return Object.freeze({
    ...fromKept(kept),
    state: moving ? 'sending' : shown(kept.state),
    sent: kept.state === 'done' ? kept.size : Math.max(sent, kept.acknowledged),
    speed: moving ? rate.speed : null,
    remaining: moving ? rate.remaining(kept.size - sent) : null,
    error: kept.error ?? (kept.state === 'waiting' ? problem : null),
    here: true,
    reopens: kept.state === 'needs-file' && handle !== null,
  });
}

export function fromKept({ id, name, path, size, type, thread, purpose, addedAt, state, acknowledged, error, upload, released }: Kept): Item {
  return {
    id, name, path, size, type, thread, purpose, addedAt, state: shown(state), acknowledged, sent: acknowledged, speed: null, remaining: null,
    error, upload, here: false, reopens: false,
    // What has the old upload would have nothing of a new one.
    retriable: state === 'failed' && !(released && ENDED.has(error?.code ?? '')),
  };
}

/** What is cancelled is not shown. */
export function shown(state: KeptState): Item['state'] {
  return state === 'cancelled' ? 'done' : state;
}

export function settle(): Settle {
  let resolve: (upload: string) => void = () => undefined;
  let reject: (error: ApiError) => void = () => undefined;
  const promise = new Promise<string>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => undefined); // nobody has to ask
  return { promise, resolve, reject };
}
