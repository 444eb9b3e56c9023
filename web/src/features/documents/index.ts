import '../../state/documents';

export { default as DocumentPane } from './DocumentPane.svelte';
