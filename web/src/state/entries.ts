/**
 * Tasks and meetings of a thread as this client knows them, and how an event changes them. Pure; every
 * result is a new map of frozen objects.
 *
 * An event says all of one, so that nothing has to be known before it. Known are those that are open,
 * and of the others those that were spoken of.
 */
import type { Entry, EntryLine, EntryRemoveData, EntrySetData, TimelineEvent } from '../wire/generated';

export type Entries = ReadonlyMap<string, Entry>;

export const NO_ENTRIES: Entries = new Map();

/** One event later. */
export function applyToEntries(entries: Entries, event: TimelineEvent): Entries {
  if (event.data == null) return entries;
  if (event.type === 'entry.remove') {
    const { entry } = event.data as EntryRemoveData;
    if ((entries.get(entry)?.seq ?? event.seq) >= event.seq) return entries;
    const left = new Map(entries);
    left.delete(entry);
    return left;
  }
  if (event.type !== 'entry.set') return entries;
  const after = entryOf(event, event.data as EntrySetData);
  const before = entries.get(after.entry);
  return before && before.seq >= after.seq ? entries : new Map(entries).set(after.entry, after);
}

/** A task or meeting as an event says that it is. */
export function entryOf({ thread, seq, sender, at }: TimelineEvent, data: EntrySetData): Entry {
  const { did: _did, shown: _shown, occurrence: _occurrence, answer: _answer, target, created_by, created_at, ...facts } = data;
  return Object.freeze({
    ...facts,
    thread,
    seq,
    target: target ?? seq,
    created_by: created_by ?? sender,
    created_at: created_at ?? at,
    set_by: sender,
    set_at: at,
  });
}

/** What the history says of an event. */
export function lineOf({ entry, kind, did, title, target, shown, occurrence, answer, starts }: EntrySetData): EntryLine {
  const line: Record<string, unknown> = { entry, kind, did, title, target, shown, occurrence, answer, starts };
  for (const [name, value] of Object.entries(line)) if (value === undefined) delete line[name];
  return line as unknown as EntryLine;
}

/**
 * With what the hub answered.
 *
 * @param meanwhile events since it was asked, some of which may be in the answer already.
 */
export function learnEntries(entries: Entries, found: readonly Entry[], meanwhile: readonly TimelineEvent[] = []): Entries {
  if (found.length === 0) return entries;
  const next = new Map(entries);
  for (const one of found) if ((next.get(one.entry)?.seq ?? 0) <= one.seq) next.set(one.entry, Object.freeze(one));
  return meanwhile.reduce(applyToEntries, next);
}

/** With what is open of a thread, as of a seq, and nothing else that is: what may be seen has changed. */
export function relearnEntries(entries: Entries, open: readonly Entry[], asOf: number): Entries {
  const ids = new Set(open.map((one) => one.entry));
  const kept = [...entries].filter(([id, one]) => ids.has(id) || !isOpen(one) || one.seq > asOf);
  return learnEntries(new Map(kept), open);
}

/** To be done, or not cancelled. */
export function isOpen({ state }: Pick<Entry, 'state'>): boolean {
  return state !== 'done' && state !== 'cancelled';
}
