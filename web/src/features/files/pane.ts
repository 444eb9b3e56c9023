/** What shows files: loaded when the first is looked at. */
export { default as FilePane } from './FilePane.svelte';
export { default as FilesPanel } from './FilesPanel.svelte';
