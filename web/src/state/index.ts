/** The only entry to the state of the client. */
export { openHub, type HubOptions } from './hub.svelte';
export { isUnread } from './room-model';
export { keptInWords, type KeptWords, keptWordsOf } from './kept-words';
export * from './types';
export type { Erases } from '../lib/local-store';
