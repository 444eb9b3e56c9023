export { default as Inbox } from './Inbox.svelte';
export { default as NewThread } from './NewThread.svelte';
