export { default as NewThread } from './NewThread.svelte';
