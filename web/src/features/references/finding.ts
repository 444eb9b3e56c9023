export { findNumbers } from './requests';
export { default as ThreadsOf } from './ThreadsOf.svelte';
