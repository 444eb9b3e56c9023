export { default as FileChip } from './FileChip.svelte';
export { default as Attached } from './Attached.svelte';
