export { default as DayPage } from './DayPage.svelte';
