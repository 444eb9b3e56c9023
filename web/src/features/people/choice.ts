export { default as PeopleChoice } from './PeopleChoice.svelte';
