/** The only entry to the state of the client. */
export { openHub, type HubOptions } from './hub.svelte';
export * from './types';
