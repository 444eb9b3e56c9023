/** The files of a thread as a list: which, and in what order. Pure. */
import type { Attachment, Version, Welcome } from '../../wire/generated';
import { shownVersion } from './model';
import { propertyText } from './properties';

export type Sort = 'latest' | 'name' | 'size' | 'sender';

export const SORTS: readonly { value: Sort; label: string }[] = [
  { value: 'latest', label: 'Latest first' },
  { value: 'name', label: 'Name' },
  { value: 'size', label: 'Largest first' },
  { value: 'sender', label: 'Sender' },
];

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** The version that stands for a file: the shown one, else the latest. */
export function shownOf(file: Attachment): Version | undefined {
  return file.versions.find((one) => one.state === 'ready' && one.number === file.number) ?? file.versions[0];
}

/** When a file last changed: Unix ms. */
export function changedAt(file: Attachment): number {
  return shownOf(file)?.at ?? file.added_at;
}

/** Without accents and case, as the hub searches. */
export function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/**
 * Files that are there, are no pictures of a document, and hold every word of the question in their
 * name, their sender's or their properties.
 */
export function listed(files: Iterable<Attachment>, question: string, sort: Sort, nameOf: (uid: string) => string): Attachment[] {
  const words = folded(question).split(/\s+/u).filter(Boolean);
  const found: Attachment[] = [];
  for (const file of files) {
    if (file.removed_by != null || file.document != null) continue;
    if (words.length > 0) {
      const text = folded(`${file.name} ${nameOf(file.added_by)} ${propertyText(file.properties)}`);
      if (!words.every((word) => text.includes(word))) continue;
    }
    found.push(file);
  }
  // What is compared is looked up once for each.
  const keyed = found.map((file): Keyed => {
    const version = shownOf(file);
    return { file, at: version?.at ?? file.added_at, size: version?.size ?? 0, sender: sort === 'sender' ? nameOf(file.added_by) : '' };
  });
  return keyed.sort(ORDER[sort]).map(({ file }) => file);
}

interface Keyed {
  readonly file: Attachment;
  readonly at: number;
  readonly size: number;
  readonly sender: string;
}

type Compare = (one: Keyed, other: Keyed) => number;
const byTime: Compare = (one, other) => other.at - one.at || other.file.seq - one.file.seq;
const byName: Compare = (one, other) => collator.compare(one.file.name, other.file.name) || byTime(one, other);

const ORDER: Record<Sort, Compare> = {
  latest: byTime,
  name: byName,
  size: (one, other) => other.size - one.size || byName(one, other),
  sender: (one, other) => collator.compare(one.sender, other.sender) || byTime(one, other),
};

/** More of them, and the address of the ZIP is longer than what lies between takes. */
const MOST_NAMED = 150;

/** Of chosen files those that a ZIP of them names; how many it has to leave out, and how many are too many. */
export function archivable(files: readonly Attachment[], scanning: Welcome['scanning']): { named: string[]; left: number; over: number } {
  // The hub refuses the whole when one of them is not to be had.
  const there = files.filter((file) => isThere(file, scanning)).map((one) => one.attachment);
  return { named: there.slice(0, MOST_NAMED), left: files.length - there.length, over: Math.max(0, there.length - MOST_NAMED) };
}

function isThere(file: Attachment, scanning: Welcome['scanning']): boolean {
  const version = shownOf(file);
  return version?.state === 'ready' && shownVersion(version, file.count, scanning).number !== null;
}

/** What is chosen, and what of that a ZIP leaves out, in words. */
export function chosenWords(count: number, { left, over }: { left: number; over: number }): string {
  if (count === 0) return 'Choose files';
  const more = [...(left > 0 ? [`${left} cannot be downloaded`] : []), ...(over > 0 ? [`the first ${MOST_NAMED} go into one ZIP`] : [])];
  return [`${count} selected`, ...more].join(', ');
}

/** Where several files are as one ZIP; null: all of the thread. */
export function archiveOf(thread: string, attachments: readonly string[] | null): string {
  const query = new URLSearchParams((attachments ?? []).map((one) => ['attachment', one])).toString();
  return `/api/threads/${thread}/files.zip${query ? `?${query}` : ''}`;
}
