export { default as OpenedDialog } from './OpenedDialog.svelte';
export { default as CalendarFileCard } from './CalendarFileCard.svelte';
export { default as BringDialog } from './BringDialog.svelte';
