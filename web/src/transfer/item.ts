/** What the interface sees of an upload, and the words for what can become of it. */

export type ItemState = 'waiting' | 'sending' | 'paused' | 'needs-file' | 'failed' | 'done';

/** Why an item stands still: a stable code and a sentence for a person. */
export interface ItemError {
  readonly code: string;
  readonly detail: string;
}

/** A file on its way to the hub. Frozen: a change is a new object. */
export interface Item {
  readonly id: string;
  readonly name: string;
  /** Within the folder that was dropped, with the name; null for a file on its own. */
  readonly path: string | null;
  readonly size: number;
  readonly type: string;
  readonly thread: string;
  /** Whatever `add` was told, for example the draft it belongs to; it survives a reload. */
  readonly purpose: string | null;
  readonly addedAt: number;
  readonly state: ItemState;
  /** Bytes the hub said are on its disk. */
  readonly acknowledged: number;
  /** Bytes given to the network: what was acknowledged, and what is on its way. */
  readonly sent: number;
  /** Bytes a second, smoothed; null while nothing moves. */
  readonly speed: number | null;
  /** Seconds until the last byte; null while nothing moves. */
  readonly remaining: number | null;
  /** Of `failed` and `needs-file`; of `waiting`: why it is tried again. */
  readonly error: ItemError | null;
  /** `f_…`, as soon as the hub gave it. */
  readonly upload: string | null;
  /** This tab sends it; else another one does. */
  readonly here: boolean;
  /** Of `needs-file`: `resume`, in the handler of a click, may open its file again. */
  readonly reopens: boolean;
  /** Of `failed`: it can be sent again, to where it belongs. */
  readonly retriable: boolean;
}

/** What was chosen, dropped or pasted. */
export interface Picked {
  readonly file: File;
  readonly path?: string | null;
  /** Where the browser gives one: the file can be opened again after a reload. */
  readonly handle?: FileSystemFileHandle | null;
}

export const FILE_CHANGED = 'file_changed';

export function changedError(name: string): ItemError {
  return { code: FILE_CHANGED, detail: `${name} was changed, moved or deleted while it was being sent.` };
}

/** "Choose film.mov again to go on at 61 %." */
export function neededError(name: string, acknowledged: number, size: number): ItemError {
  const percent = size > 0 ? Math.floor((acknowledged / size) * 100) : 0;
  const how = percent > 0 ? `to go on at ${percent} %` : 'to send it';
  return { code: 'file_needed', detail: `Choose ${name} again ${how}.` };
}
