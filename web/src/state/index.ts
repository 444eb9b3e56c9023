/** The only entry to the state of the client. */
export { openHub, type HubOptions } from './hub.svelte';
export { UNDO_MS } from './room-model';
export * from './types';
