/** What is said in a thread: the history and the box to write in. */
export { announcer } from './announce.svelte';
export { attention } from './attention.svelte';
export { default as ChatPane } from './ChatPane.svelte';
