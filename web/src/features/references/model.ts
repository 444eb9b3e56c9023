/** Numbers in words. Pure. */
import type { Channel, Item, ProposedReference, Reference, ReferencedThread, ReferenceKind } from '../../wire/generated';

export const KIND_WORDS: Record<ReferenceKind, string> = {
  order: 'Order',
  invoice: 'Invoice',
  case: 'Case',
  contract: 'Contract',
  variable_symbol: 'Variable symbol',
  free: 'Number',
};

export const KINDS = (Object.keys(KIND_WORDS) as ReferenceKind[]).map((value) => ({ value, label: KIND_WORDS[value] }));

interface Named {
  readonly kind: ReferenceKind;
  readonly number: string;
  readonly whose?: string;
}

/** "Order PO-2026-0042 of North" */
export function numberWords({ kind, number, whose = '' }: Named): string {
  return `${KIND_WORDS[kind]} ${number}${whose ? ` of ${whose}` : ''}`;
}

/** Numbers that different parties have for one thing stand together, in the order of the first. */
export function matters(references: readonly Reference[]): (readonly [Reference, ...Reference[]])[] {
  const found = new Map<string, [Reference, ...Reference[]]>();
  for (const one of references) {
    const there = found.get(one.matter);
    if (there) there.push(one);
    else found.set(one.matter, [one]);
  }
  return [...found.values()];
}

/** Why a thread is named, beside a number. */
export function matchWords({ match, kind, number, whose, seq }: ReferencedThread): string {
  const where = seq == null ? '' : ', on a message';
  switch (match) {
    case 'same':
      return `${numberWords({ kind: kind ?? 'free', number, whose: whose ?? '' })}${where}`;
    case 'alias':
      return `known there as ${numberWords({ kind: kind ?? 'free', number, whose: whose ?? '' })}${where}`;
    case 'alike':
      return `another number that looks like it: ${number}${where}`;
    case 'said':
      return 'a message speaks of it';
  }
}

/** "Two threads speak of PO-2026-0042" */
export function countWords(number: string, count: number, more: boolean): string {
  const names = ['No thread speaks', 'One thread speaks', 'Two threads speak', 'Three threads speak', 'Four threads speak', 'Five threads speak'];
  const words = more ? `More than ${count} threads speak` : (names[count] ?? `${count} threads speak`);
  return `${words} of ${number}`;
}

export type Offers = ReadonlyMap<number, readonly ProposedReference[]>;

/** What may be offered under each message, no number twice: of the messages looked at as it was found now, of others as before. */
export function offered(before: Offers, looked: readonly number[], proposed: readonly ProposedReference[]): Offers {
  const found = new Map<number, readonly ProposedReference[]>(before);
  for (const seq of looked) found.delete(seq);
  for (const one of proposed) {
    const there = found.get(one.seq) ?? [];
    if (!there.some((other) => other.kind === one.kind && other.number === one.number)) found.set(one.seq, [...there, one]);
  }
  return found;
}

/** The last seq that touched a message with a digit in it; 0: there is none. */
export function latestOf(items: readonly Item[]): number {
  let latest = 0;
  for (const item of items) if (item.type === 'message' && item.text !== null && /\d/.test(item.text) && item.version > latest) latest = item.version;
  return latest;
}

/** "PO-…" for a beginning. */
export function channelNumber({ number, prefix }: Channel): string {
  return prefix ? `${number}…` : number;
}
