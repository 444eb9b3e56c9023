/** What a room always shows of calls; the rest is `stage.ts`, loaded with the first call. */
export { default as CallButton } from './CallButton.svelte';
export { default as CallLine } from './CallLine.svelte';
