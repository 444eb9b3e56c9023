export { default as NumbersDialog } from './NumbersDialog.svelte';
