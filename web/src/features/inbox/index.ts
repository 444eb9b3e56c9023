export { default as Inbox } from './Inbox.svelte';
