/** Who is in a thread, and what they may do. */
export { hereOf, hereWords } from './model';
export { default as PeopleDrawer } from './PeopleDrawer.svelte';
