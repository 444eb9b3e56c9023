export { default as ErrorState } from './ErrorState.svelte';
export { default as NotFound } from './NotFound.svelte';
