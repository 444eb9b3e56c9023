export { default as RoomPage } from './RoomPage.svelte';
