export { default as EntryRow } from './EntryRow.svelte';
export { default as MessageEntries } from './MessageEntries.svelte';
export { opened } from './opened.svelte';
export { default as ThreadPlan } from './ThreadPlan.svelte';
