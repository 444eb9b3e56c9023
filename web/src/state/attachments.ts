/**
 * The files of a thread as this client knows them, and how an event changes them. Pure; every result is
 * a new map of frozen objects.
 *
 * Not all of a thread's files need be known: what an event says of one that is not changes nothing, but
 * that it has a new version, and so is to be shown: `missing` names those to be asked for.
 */
import type {
  Attachment,
  AttachmentAddData,
  AttachmentPropertyData,
  AttachmentRemoveData,
  AttachmentRenameData,
  AttachmentRestoreData,
  Property,
  TimelineEvent,
  Version,
  VersionAddData,
  VersionBlockedData,
  VersionFailedData,
  VersionReadyData,
  VersionUnblockedData,
} from '../wire/generated';

/** `asOf`: what it says of itself holds up to this seq, whatever events up to there come later. */
export type Known = Attachment & { readonly asOf?: number };
export type Files = ReadonlyMap<string, Known>;

export const NO_FILES: Files = new Map();

/**
 * With what the hub answered, in place of what was known; versions that it left out stay.
 *
 * @param meanwhile events since it was asked, some of which may be in the answer already.
 * @param asOf the seq up to which the answer is true; null: it does not say, but has all versions, so
 *   that events which are in it change nothing.
 */
export function learn(files: Files, found: readonly Attachment[], meanwhile: readonly TimelineEvent[] = [], asOf: number | null = null): Files {
  if (found.length === 0) return files;
  const next = new Map(files);
  for (const one of found) next.set(one.attachment, merged(one, files.get(one.attachment), asOf));
  const names = new Set(found.map((one) => one.attachment));
  const theirs = meanwhile.filter((event) => names.has((event.data as { attachment?: string } | null | undefined)?.attachment ?? ''));
  return theirs.reduce<Files>((all, event) => applyToFiles(all, event).files, next);
}

function merged(found: Attachment, known: Known | undefined, asOf: number | null): Known {
  // Of two answers the one that was asked for first may come last.
  if (asOf !== null && known?.asOf !== undefined && known.asOf > asOf) return Object.freeze({ ...known, versions: together(known.versions, found.versions) });
  const versions = together(found.versions, known?.versions);
  return Object.freeze(asOf === null ? { ...found, versions } : { ...found, versions, asOf });
}

/** Newest first. */
function together(found: readonly Version[], known: readonly Version[] = []): readonly Version[] {
  const others = new Map(known.map((one) => [one.key, one]));
  const versions = found.map((one) => withNotes(one, others.get(one.key)));
  for (const { key } of found) others.delete(key);
  return Object.freeze([...versions, ...others.values()].sort(newestFirst));
}

function newestFirst(one: Version, other: Version): number {
  return other.seq - one.seq;
}

/** What passed by while the answer was on its way is in no event. */
function withNotes(found: Version, known: Version | undefined): Version {
  if (!known) return found;
  const preview = found.preview ?? known.preview ?? null;
  const { verdict, finding } = found.verdict == null ? known : found;
  return { ...found, preview, verdict: verdict ?? null, finding: finding ?? null };
}

/**
 * Without those that were erased while nobody told: what is in none of the pages of a whole list.
 *
 * @param listed ids of all of its pages.
 * @param asOf the seq of its first page: what came later is in no page.
 */
export function withoutErased(files: Files, listed: ReadonlySet<string>, asOf: number): Files {
  // Pictures of a document may be seen where the list leaves them out.
  const left = [...files].filter(([id, one]) => listed.has(id) || one.document != null || one.seq > asOf);
  return left.length === files.size ? files : new Map(left);
}

/** Whether something of a file may have been told while nobody listened: its preview, what scanners said. */
export function lacksNotes(file: Attachment, scanned: boolean): boolean {
  if (file.removed_by != null) return false;
  return file.versions.some((one) => one.state !== 'failed' && (one.preview == null || (scanned && one.verdict == null)));
}

/** One event later. */
export function applyToFiles(files: Files, event: TimelineEvent): { files: Files; missing: string | null } {
  const unchanged = { files, missing: null };
  if (event.data == null || !(event.type.startsWith('attachment.') || event.type.startsWith('version.'))) return unchanged;
  if (event.type === 'attachment.add') {
    const data = event.data as AttachmentAddData;
    return files.has(data.attachment) ? unchanged : put(files, added(event, data));
  }
  const { attachment } = event.data as { attachment: string };
  const before = files.get(attachment);
  if (!before) return event.type === 'version.add' ? { files, missing: attachment } : unchanged;
  const after = changed(before, event);
  if (after === before) return unchanged;
  // The list leaves out versions, which messages speak of all the same.
  if (event.seq <= (before.asOf ?? 0)) return after.versions === before.versions ? unchanged : put(files, { ...before, versions: after.versions });
  return put(files, after);
}

/** What passes by of a version: what scanners said, its preview. */
export function noted(files: Files, key: string, about: Pick<Version, 'verdict' | 'finding'> | Pick<Version, 'preview'>): Files {
  for (const one of files.values()) {
    const at = one.versions.findIndex((version) => version.key === key);
    const version = one.versions[at];
    if (version) return put(files, { ...one, versions: one.versions.with(at, { ...version, ...about }) }).files;
  }
  return files;
}

/** How far an arriving version is. */
export function progressed(files: Files, key: string, received: number): Files {
  for (const one of files.values()) {
    const at = one.versions.findIndex((version) => version.key === key && version.state === 'arriving');
    const version = one.versions[at];
    if (!version || received <= (version.received ?? 0)) continue;
    return put(files, { ...one, versions: one.versions.with(at, { ...version, received }) }).files;
  }
  return files;
}

function put(files: Files, one: Known): { files: Files; missing: null } {
  return { files: new Map(files).set(one.attachment, Object.freeze(one)), missing: null };
}

function added(event: TimelineEvent, data: AttachmentAddData): Attachment {
  const ready = data.blob != null;
  return {
    attachment: data.attachment,
    thread: event.thread,
    name: data.name,
    seq: event.seq,
    added_by: event.sender,
    added_at: event.at,
    number: ready ? 1 : null,
    count: ready ? 1 : 0,
    versions: [versionOf(event, data, ready ? { state: 'ready', number: 1 } : { state: 'arriving' })],
    document: data.document ?? null,
    removed_by: null,
    undo_until: null,
  };
}

function changed(one: Known, event: TimelineEvent): Known {
  switch (event.type) {
    case 'version.add': {
      const data = event.data as VersionAddData;
      if (one.versions.some((version) => version.key === data.key)) return one;
      const here = data.blob != null && data.number != null;
      const state = here ? { state: data.same ? ('same' as const) : ('ready' as const), number: data.number ?? null } : { state: 'arriving' as const };
      const next = { ...one, versions: [versionOf(event, data, state), ...one.versions].sort(newestFirst) };
      return here ? { ...next, number: data.number ?? null, count: one.count + (data.same ? 0 : 1) } : next;
    }
    case 'version.ready': {
      const data = event.data as VersionReadyData;
      const at = one.versions.findIndex((version) => version.key === data.key);
      const version = one.versions[at];
      if (version && version.state !== 'arriving') return one;
      const ready: Partial<Version> = { state: data.same ? 'same' : 'ready', number: data.number, blob: data.blob, size: data.size, received: null };
      const versions = version ? one.versions.with(at, { ...version, ...ready }) : one.versions;
      return { ...one, versions, number: data.number, count: one.count + (data.same ? 0 : 1) };
    }
    case 'version.failed': {
      const data = event.data as VersionFailedData;
      const at = one.versions.findIndex((version) => version.key === data.key && version.state === 'arriving');
      const version = one.versions[at];
      if (!version) return one;
      return { ...one, versions: one.versions.with(at, { ...version, state: 'failed', reason: data.reason, received: null }) };
    }
    case 'version.blocked':
    case 'version.unblocked': {
      const data = event.data as VersionBlockedData | VersionUnblockedData;
      const at = one.versions.findIndex((version) => version.key === data.key);
      const version = one.versions[at];
      if (!version) return one;
      const said: Pick<Version, 'verdict' | 'finding'> = 'finding' in data ? { verdict: 'blocked', finding: data.finding } : { verdict: 'clean', finding: null };
      return { ...one, versions: one.versions.with(at, { ...version, ...said }) };
    }
    case 'attachment.rename':
      return { ...one, name: (event.data as AttachmentRenameData).name };
    case 'attachment.property':
      return { ...one, properties: withProperty(one.properties ?? [], event, event.data as AttachmentPropertyData) };
    case 'attachment.remove':
      if (one.removed_by != null) return one;
      return { ...one, removed_by: event.sender, undo_until: event.at + (event.data as AttachmentRemoveData).undo_s * 1000 };
    case 'attachment.unremove':
      return one.removed_by === event.sender ? { ...one, removed_by: null, undo_until: null } : one;
    case 'attachment.restore':
      return { ...one, number: (event.data as AttachmentRestoreData).number };
    default:
      return one;
  }
}

/** In the order of their keys, of which one says the same in any case. */
function withProperty(properties: readonly Property[], event: TimelineEvent, { key, property, source }: AttachmentPropertyData): Property[] {
  const others = properties.filter((one) => foldedKey(one.key) !== foldedKey(key));
  if (property === null) return others;
  const said: Property = { key, property, set_by: event.sender, set_at: event.at, source: source ?? { by: 'person' } };
  return [...others, said].sort((one, other) => (foldedKey(one.key) < foldedKey(other.key) ? -1 : 1));
}

function foldedKey(key: string): string {
  // As Python's casefold, which keeps the dotless i apart.
  return key.normalize('NFC').replace(/[^ı]+/gu, (part) => part.toLowerCase().toUpperCase().toLowerCase());
}

function versionOf(
  event: TimelineEvent,
  data: AttachmentAddData | VersionAddData,
  state: { state: Version['state']; number?: number | null },
): Version {
  return {
    key: data.key,
    seq: event.seq,
    author: event.sender,
    at: event.at,
    name: data.name,
    type: data.type,
    size: data.size,
    state: state.state,
    number: state.number ?? null,
    blob: data.blob ?? null,
    reason: null,
    verdict: null,
    finding: null,
    preview: null,
    received: state.state === 'arriving' ? 0 : null,
    document: data.made?.document ?? (event.type === 'version.add' && data.blob != null ? (data.document ?? null) : null),
    authors: data.made?.authors ?? ('authors' in data ? data.authors : null) ?? [],
  };
}

/**
 * The id that an attachment will have: a document can show its picture before the hub has heard of it.
 *
 * @param index of the file in its command.
 */
export async function attachmentId(thread: string, uid: string, sendId: string, index = 0): Promise<string> {
  const seed = new TextEncoder().encode(`attachment${JSON.stringify([thread, uid, sendId, index])}`);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', seed)).subarray(0, 16);
  return `a_${btoa(String.fromCharCode(...digest)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')}`;
}

/** Where the bytes of a version are. */
export function addressOf(attachment: string, number: number, download = false): string {
  return `/api/attachments/${attachment}/versions/${number}${download ? '?download' : ''}`;
}
