import { describe, expect, it } from 'vitest';

import type { PendingMessage } from '../../state';
import type { Member, PresenceEntry } from '../../wire/generated';
import { chatWidth, faces, syncOf } from './model';

const message = (status: PendingMessage['status']): PendingMessage => ({ sendId: status, text: '', replyTo: null, mentions: [], files: [], status, error: null, at: 0 });

describe('syncOf', () => {
  it.each([
    ['live', [], null, 'Saved'],
    ['live', [], { sync: 'saved', unsent: 0 }, 'Saved'],
    ['live', [message('sending')], { sync: 'sending', unsent: 2 }, 'Sending 3'],
    ['live', [], { sync: 'loading', unsent: 0 }, 'Syncing'],
    ['live', [], { sync: 'sending', unsent: 0 }, 'Syncing'],
    ['offline', [message('queued')], { sync: 'offline', unsent: 2 }, 'Offline, 3 kept here'],
    ['offline', [], null, 'Offline'],
    ['reconnecting', [message('queued')], null, 'Reconnecting, 1 kept here'],
    ['connecting', [], null, 'Connecting'],
    ['live', [message('failed')], null, '1 message not sent'],
    ['live', [], { sync: 'error', unsent: 1 }, 'A document is not in step'],
  ] as const)('%s %j %j', (status, pending, document, words) => {
    expect(syncOf(status, pending, document).words).toBe(words);
  });

  it('never says saved while something waits', () => {
    for (const status of ['connecting', 'reconnecting', 'offline', 'busy', 'stopped', 'signed_out'] as const) {
      expect(syncOf(status, [], null).kind).not.toBe('saved');
    }
  });
});

describe('faces', () => {
  const member = (uid: string, since: number): Member => ({ uid, display_name: uid, role: 'editor', since });
  const here = (uid: string, state: 'active' | 'away'): PresenceEntry => ({ session: uid, uid, state, document: null });

  it('shows those who are here first', () => {
    const { shown, more } = faces([member('a', 1), member('b', 2), member('c', 3)], [here('c', 'active'), here('b', 'away')], 2);
    expect(shown.map((one) => one.uid)).toEqual(['c', 'b']);
    expect(more).toBe(1);
  });
});

describe('chatWidth', () => {
  it('stays within its bounds', () => {
    expect(chatWidth(null)).toBe(420);
    expect(chatWidth('10')).toBe(340);
    expect(chatWidth('9999')).toBe(560);
    expect(chatWidth('x')).toBe(420);
  });
});
