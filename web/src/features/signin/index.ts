export { default as SignOut } from './SignOut.svelte';
