export { default as MessageNumbers } from './MessageNumbers.svelte';
export { Proposals } from './proposals.svelte';
