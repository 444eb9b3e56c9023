export { default as EntryDialog } from './EntryDialog.svelte';
