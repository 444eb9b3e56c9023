/**
 * Who makes document sessions. Yjs is loaded with the first document, not with the first page, so
 * the hub knows only this; `state/documents` provides it.
 */
import type { DocumentInfo } from '../wire/generated';
import type { Session, SessionEnvironment } from './document-session.svelte';

/** The rest it makes itself. */
type Environment = Omit<SessionEnvironment, 'ids'>;
type SessionFactory = (info: DocumentInfo, environment: Environment) => Session;
let factory: SessionFactory | null = null;

export function provideSessions(make: SessionFactory): void {
  factory = make;
}

/** @throws Error when `state/documents` was not imported before. */
export function makeSession(info: DocumentInfo, environment: Environment): Session {
  if (!factory) throw new Error('Import state/documents before opening a document.');
  return factory(info, environment);
}
