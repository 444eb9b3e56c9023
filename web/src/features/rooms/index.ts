/** The page of a thread. */
export { default as RoomPage } from './RoomPage.svelte';
