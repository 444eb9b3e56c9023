export { default as DayPage } from './DayPage.svelte';
export { default as CalendarPage } from './CalendarPage.svelte';
