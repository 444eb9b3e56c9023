/** What a file shows of itself, without drawing it. Pure. */
import { bytesInWords, percent } from '../../lib/bytes';
import type { Item as Upload } from '../../transfer';
import type { Attachment, Version, Welcome } from '../../wire/generated';

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

function secondsInWords(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
