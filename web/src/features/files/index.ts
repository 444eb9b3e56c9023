export { default as Attached } from './Attached.svelte';
export { default as DropArea } from './DropArea.svelte';
export { default as Sending } from './Sending.svelte';
export { default as MessageFiles } from './MessageFiles.svelte';
