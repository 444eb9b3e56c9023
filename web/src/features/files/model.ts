/** What a file shows of itself, without drawing it. Pure. */
import { bytesInWords, percent } from '../../lib/bytes';
import type { Item as Upload } from '../../transfer';
import type { Attachment, MessageFile, Version, Welcome } from '../../wire/generated';
import { MOST_FILES_OF_A_MESSAGE } from '../../wire/limits';

/** Why nothing came of an upload, in words. */
const REASONS: Record<string, string> = {
  cancelled: 'The upload was cancelled',
  expired: 'The upload was not finished in time',
  no_space: 'The hub had no space for it',
  blob_missing: 'The hub lost the bytes of it',
};

export interface Shown {
  /** A second line: size, progress, what went wrong. */
  readonly words: string;
  /** 0 to 100 while it arrives. */
  readonly progress: number | null;
  /** The version that a click gets; null while there is none. */
  readonly number: number | null;
  readonly tone: 'calm' | 'arriving' | 'bad' | 'gone' | 'blocked';
}

type Scanning = Welcome['scanning'];

/** A version as a message shows it; `key` names the one that came with the message. */
export function shown(file: Attachment | undefined, key: string, scanning: Scanning): Shown {
  if (!file) return { words: 'No longer here', progress: null, number: null, tone: 'gone' };
  if (file.removed_by != null) return { words: 'Removed', progress: null, number: null, tone: 'gone' };
  const version = file.versions.find((one) => one.key === key);
  if (!version) return { words: '', progress: null, number: file.number, tone: 'calm' };
  return shownVersion(version, file.count, scanning);
}

export function shownVersion(version: Version, count: number, scanning: Scanning): Shown {
  const size = bytesInWords(version.size);
  const number = version.number ?? null;
  if (version.verdict === 'blocked') return { words: `Malware: ${version.finding ?? 'unknown'}`, progress: null, number: null, tone: 'blocked' };
  switch (version.state) {
    case 'arriving': {
      const received = version.received ?? 0;
      return { words: `Arriving: ${bytesInWords(received)} of ${size}`, progress: percent(received, version.size), number: null, tone: 'arriving' };
    }
    case 'failed':
      return { words: REASONS[version.reason ?? ''] ?? 'The upload failed', progress: null, number: null, tone: 'bad' };
    default: {
      const which = version.state === 'same' ? [`same bytes as version ${number}`] : count > 1 ? [`version ${number}`] : [];
      const held = version.verdict == null && scanning === 'hold';
      return { words: [size, ...which, ...scannedWords(version, scanning)].join(', '), progress: null, number: held ? null : number, tone: 'calm' };
    }
  }
}

export interface ShownVersion {
  readonly attachment: string;
  readonly number: number;
}

/** The calendars among the files of a message, as far as they are here; the first few. */
export function calendarsOf(files: Pick<ReadonlyMap<string, Attachment>, 'get'>, named: readonly MessageFile[], scanning: Scanning): ShownVersion[] {
  const found: ShownVersion[] = [];
  for (const { attachment, key } of named) {
    const file = files.get(attachment);
    const version = file?.versions.find((one) => one.key === key);
    const { number } = shown(file, key, scanning);
    if (version && number !== null && (/^text\/calendar\b/i.test(version.type) || /\.ics$/i.test(version.name))) found.push({ attachment, number });
  }
  return found.slice(0, 3);
}

/** Whether people can edit a version together. */
export function isEditable(version: Version, file: Attachment): boolean {
  if (version.state !== 'ready' || version.verdict === 'blocked' || file.document != null) return false;
  if (/\.(doc[xm]?|o[dt]t)$/i.test(version.name)) return true; // what cannot be is told in words
  return ['text', 'code', 'markdown'].includes(version.preview?.kind ?? '');
}

/** Nothing that no scanner looked at reads as if one had. */
function scannedWords(version: Version, scanning: Scanning): string[] {
  if (version.verdict === 'unscannable') return ['could not be scanned'];
  return version.verdict == null && scanning !== 'off' ? ['not scanned yet'] : [];
}

/** The part of a name behind its last dot, for its sign: at most four letters. */
export function suffix(name: string): string {
  return /\.([\p{L}\p{N}]{1,4})$/u.exec(name)?.[1]?.toUpperCase() ?? '';
}

/** An upload of one's own in words. */
export function sendingWords(item: Pick<Upload, 'state' | 'size' | 'acknowledged' | 'remaining' | 'error'>): string {
  const size = bytesInWords(item.size);
  switch (item.state) {
    case 'done':
      return size;
    case 'failed':
    case 'needs-file':
      return item.error?.detail ?? 'Not sent';
    case 'paused':
      return `Paused at ${bytesInWords(item.acknowledged)} of ${size}`;
    case 'waiting':
      return item.error ? `Waiting: ${item.error.detail}` : `${size}, waiting`;
    default:
      return `${bytesInWords(item.acknowledged)} of ${size}${item.remaining === null ? '' : `, ${secondsInWords(item.remaining)} left`}`;
  }
}

/** The first `most` of them in their order, but none before those that only a person can help. */
export function pressing<T extends Pick<Upload, 'state'>>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  const stuck = items.filter(isStuck);
  const others = items.filter((one) => !isStuck(one) && one.state !== 'done');
  return [...stuck, ...others, ...items.filter((one) => one.state === 'done')].slice(0, most);
}

/** It moves no more without a person. */
export function isStuck({ state }: Pick<Upload, 'state'>): boolean {
  return state === 'failed' || state === 'needs-file' || state === 'paused';
}

/** What is on its way in words: "Sending 3 files: 1.2 GB of 4 GB, 3 min left". */
export function wholeWords(items: readonly Pick<Upload, 'name' | 'size' | 'acknowledged' | 'speed'>[]): string {
  let [size, sent, speed] = [0, 0, 0];
  for (const one of items) {
    size += one.size;
    sent += one.acknowledged;
    speed += one.speed ?? 0;
  }
  const what = items.length === 1 ? (items[0]?.name ?? '') : `${items.length.toLocaleString()} files`;
  const left = speed > 0 ? `, ${secondsInWords((size - sent) / speed)} left` : '';
  return `Sending ${what}: ${bytesInWords(sent)} of ${bytesInWords(size)}${left}`;
}

/** The uploads of a draft in words: "12 of 1,000 files sent, 48 kB of 4.1 MB, in 10 messages". */
export function allWords(items: readonly Pick<Upload, 'state' | 'size' | 'acknowledged'>[]): string {
  let [done, size, sent] = [0, 0, 0];
  for (const one of items) {
    if (one.state === 'done') done++;
    size += one.size;
    sent += one.acknowledged;
  }
  const messages = Math.ceil(items.length / MOST_FILES_OF_A_MESSAGE);
  const more = messages > 1 ? [`in ${messages} messages`] : [];
  const count = items.length.toLocaleString();
  const how = done === items.length ? [`${count} files`, bytesInWords(size)] : [`${done.toLocaleString()} of ${count} files sent`, `${bytesInWords(sent)} of ${bytesInWords(size)}`];
  return [...how, ...more].join(', ');
}

function secondsInWords(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
