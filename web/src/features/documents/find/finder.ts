/** What the panel asks of an editor, whichever it is. */
import type { Match, Run } from './places';

export interface Query {
  readonly words: string;
  readonly caseSensitive: boolean;
  readonly wholeWords: boolean;
  readonly regularExpression: boolean;
}

/** `at`: which of all is selected, from 0 on; -1: none. */
export interface Found {
  readonly total: number;
  readonly at: number;
}

export interface Finder {
  /** Show all places; null shows none. Returns why they cannot be looked for, in words. */
  find(query: Query | null): string | null;
  found(): Found;
  /** Select the next place, from the caret on, or the one before it. */
  go(direction: 1 | -1): void;
  /** The words that are selected, of one line. */
  selected(): string;
  /** The document's words. */
  runs(): Run[];
  /** The place that is selected, or all, and what they become. */
  matches(which: 'selected' | 'all', replacement: string): Match[];
  focus(): void;
}

export const MAX_FOUND = 20_000;

/** Why a regular expression is none, in words; null for one. */
export function wrongIn(query: Query): string | null {
  if (!query.regularExpression) return null;
  try {
    new RegExp(query.words, 'u');
    return null;
  } catch {
    return 'This is no regular expression.';
  }
}

/** The words that a selection begins a search with. */
export function searchable(selected: string): string {
  return selected.length <= 200 && !/[\n\ufffc]/.test(selected) ? selected : '';
}
