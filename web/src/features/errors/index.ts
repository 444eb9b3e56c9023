export { default as ErrorState } from './ErrorState.svelte';
