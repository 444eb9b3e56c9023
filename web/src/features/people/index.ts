export { default as PeoplePanel } from './PeoplePanel.svelte';
