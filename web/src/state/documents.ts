/**
 * Lets `hub.document()` work: whoever shows documents imports this for its side effect, so that Yjs
 * is loaded with the first document and not with the first page.
 */
import { Session } from './document-session.svelte';
import { provideSessions } from './session-factory';

provideSessions((info, environment) => new Session(info, environment));

export { FRAGMENT_NAME, TEXT_NAME } from './document-text';
export { REPLACED } from './replaced';
export { SCHEMA_VERSION } from './document-session.svelte';
