/** The documents of a thread. The editors are chunks of their own. */
export { documentToShow } from './model';
export { default as WorkPane } from './WorkPane.svelte';
