export { default as FileChip } from './FileChip.svelte';
