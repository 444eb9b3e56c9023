export { default as OpenedDialog } from './OpenedDialog.svelte';
