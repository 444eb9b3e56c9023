export { default as ChannelsPage } from './ChannelsPage.svelte';
