export { default as InSubject } from './InSubject.svelte';
