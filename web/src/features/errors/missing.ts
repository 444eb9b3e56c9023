export { default as NotFound } from './NotFound.svelte';
