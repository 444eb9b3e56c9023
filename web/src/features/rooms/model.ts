/** What the head of a room says, and how it is laid out. Pure. */
import type { ConnectionStatus, PendingMessage, SyncState } from '../../state';
import type { Member, PresenceEntry } from '../../wire/generated';

export interface Sync {
  readonly kind: 'saved' | 'sending' | 'offline' | 'trouble';
  readonly words: string;
}

/**
 * Whether everything the person did here is on the hub's disk.
 *
 * @param document state of the open document; null without one.
 * @param keeps whether the browser keeps what waits.
 */
export function syncOf(
  status: ConnectionStatus,
  pending: readonly PendingMessage[],
  document: { sync: SyncState; unsent: number } | null,
  keeps = true,
): Sync {
  const failed = pending.filter((one) => one.status === 'failed').length;
  const waiting = pending.length - failed + (document?.unsent ?? 0);
  const kept = waiting === 0 ? '' : keeps ? `, ${waiting} kept here` : `, ${waiting} not kept on this device`;
  if (status === 'connecting') return { kind: 'sending', words: `Connecting${kept}` };
  if (status === 'reconnecting') return { kind: 'offline', words: `Reconnecting${kept}` };
  if (status === 'busy') return { kind: 'offline', words: `The hub is busy${kept}` };
  if (status !== 'live') return { kind: 'offline', words: `Offline${kept}` };
  if (failed > 0) return { kind: 'trouble', words: failed === 1 ? '1 message not sent' : `${failed} messages not sent` };
  if (document?.sync === 'error') return { kind: 'trouble', words: 'A document is not in step' };
  if (waiting > 0) return { kind: 'sending', words: `Sending ${waiting}${keeps ? '' : ', not kept on this device'}` };
  if (document && document.sync !== 'saved') return { kind: 'sending', words: 'Syncing' };
  return { kind: 'saved', words: 'Saved' };
}

/** Members for the head: those who are here first, then in the order they came. */
export function faces(members: readonly Member[], presence: readonly PresenceEntry[], limit: number): { shown: Member[]; more: number } {
  const rank = (uid: string): number => {
    const mine = presence.filter((one) => one.uid === uid);
    if (mine.some((one) => one.state === 'active')) return 0;
    return mine.length > 0 ? 1 : 2;
  };
  const sorted = [...members].sort((a, b) => rank(a.uid) - rank(b.uid) || a.since - b.since);
  return { shown: sorted.slice(0, limit), more: Math.max(0, sorted.length - limit) };
}

export type Layout = 'wide' | 'middle' | 'narrow';
export type Pane = 'chat' | 'work' | 'people' | 'files';
/** What the drawer at the side shows. */
export type Drawer = 'people' | 'files';

export function drawerOf(remembered: string | null): Drawer | null {
  return remembered === 'people' || remembered === 'files' ? remembered : null;
}

export const CHAT_MIN = 340;
export const CHAT_MAX = 560;

export function chatWidth(stored: string | null): number {
  const width = Number(stored);
  return Number.isFinite(width) && width > 0 ? Math.min(CHAT_MAX, Math.max(CHAT_MIN, width)) : 420;
}
