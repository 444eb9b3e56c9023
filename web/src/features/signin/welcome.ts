/** The way in by a one-time link: seldom seen, so loaded when it is. */
export { default as Welcome } from './Welcome.svelte';
