import { describe, expect, it } from 'vitest';

import type { Account, DocumentInfo, Member, PresenceEntry } from '../../wire/generated';
import { addable, hereOf, hereWords, inOrder, isLastOwner, roleName } from './model';

const at = (uid: string, state: 'active' | 'away', document: string | null = null): PresenceEntry => ({ session: `${uid}-${document}`, uid, state, document });
const member = (uid: string, role: Member['role'] = 'editor'): Member => ({ uid, display_name: uid, role, since: 1 });
const account = (uid: string, disabled = false): Account => ({ uid, display_name: `Name ${uid}`, addresses: [`${uid}@x.example`], is_owner: false, disabled });

describe('hereOf', () => {
  it('lets the active connection speak for a person', () => {
    expect(hereOf([at('a', 'away', 'd'), at('a', 'active')], 'a')).toEqual({ state: 'active', document: null });
    expect(hereOf([at('a', 'active'), at('a', 'active', 'd')], 'a')).toEqual({ state: 'active', document: 'd' });
    expect(hereOf([at('a', 'away')], 'a').state).toBe('away');
    expect(hereOf([], 'a').state).toBe('absent');
  });

  it('is said in words', () => {
    const documents = [{ document: 'd', title: 'Plan' }] as DocumentInfo[];
    expect(hereWords({ state: 'active', document: 'd' }, documents)).toBe('Here in “Plan”');
    expect(hereWords({ state: 'away', document: 'gone' }, documents)).toBe('Away');
    expect(hereWords({ state: 'absent', document: null }, documents)).toBe('Not here');
  });
});

describe('members', () => {
  it('stand with those who are here first', () => {
    const names = inOrder([member('c'), member('b'), member('a')], [at('c', 'active'), at('b', 'away')], (uid) => uid).map((one) => one.uid);
    expect(names).toEqual(['c', 'b', 'a']);
  });

  it('know their last owner', () => {
    expect(isLastOwner([member('a', 'owner'), member('b')], 'a')).toBe(true);
    expect(isLastOwner([member('a', 'owner'), member('b', 'owner')], 'a')).toBe(false);
    expect(isLastOwner([member('a', 'owner'), member('b')], 'b')).toBe(false);
    expect(roleName('reader')).toBe('Reader');
  });
});

describe('addable', () => {
  it('offers colleagues who are not inside', () => {
    const accounts = [account('b'), account('a'), account('c', true)];
    expect(addable(accounts, [member('b')], '').map((one) => one.uid)).toEqual(['a']);
    expect(addable(accounts, [], 'B@X').map((one) => one.uid)).toEqual(['b']);
    expect(addable(accounts, [], 'nobody')).toEqual([]);
  });
});
