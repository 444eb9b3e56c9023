/**
 * Lets `hub.document()` work: whoever shows documents imports this for its side effect, so that Yjs
 * is loaded with the first document and not with the first page.
 */
import { withLock } from '../lib/tabs';
import { AuthorIds } from './author-ids';
import { Session } from './document-session.svelte';
import { provideSessions } from './session-factory';

provideSessions((info, environment) => {
  const lease = async (document: string, count: number): Promise<readonly number[]> => (await environment.command({ cmd: 'lease_client_ids', document, count })).ids;
  return new Session(info, { ...environment, ids: new AuthorIds(environment.store, lease, withLock) });
});

export { FRAGMENT_NAME, TEXT_NAME } from './document-text';
export { REPLACED } from './replaced';
export { SCHEMA_VERSION } from './document-session.svelte';
