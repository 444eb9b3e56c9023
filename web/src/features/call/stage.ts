/** What is shown while a call rings, is entered or lasts. */
export { default as CallLayer } from './CallLayer.svelte';
export { default as CallStage } from './CallStage.svelte';
export { default as CallStrip } from './CallStrip.svelte';
