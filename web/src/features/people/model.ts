/** Who is here and what they do, in words. Pure. */
import type { Account, DocumentInfo, Member, PresenceEntry, Role } from '../../wire/generated';

export interface Here {
  /** Active when one of their connections is. */
  readonly state: 'active' | 'away' | 'absent';
  readonly document: string | null;
}

const ABSENT: Here = { state: 'absent', document: null };

/** What the connections of a person say together; the active one speaks first. */
export function hereOf(presence: readonly PresenceEntry[], uid: string): Here {
  const mine = presence.filter((one) => one.uid === uid);
  const best = mine.find((one) => one.state === 'active' && one.document) ?? mine.find((one) => one.state === 'active') ?? mine[0];
  return best ? { state: best.state ?? 'active', document: best.document ?? null } : ABSENT;
}

export function hereWords(here: Here, documents: readonly DocumentInfo[]): string {
  if (here.state === 'absent') return 'Not here';
  const title = documents.find((one) => one.document === here.document)?.title;
  const where = title === undefined ? '' : ` in “${title}”`;
  return here.state === 'active' ? `Here${where}` : `Away${where}`;
}

/** Those who are here first, then by name. */
export function inOrder(members: readonly Member[], presence: readonly PresenceEntry[], nameOf: (uid: string) => string): Member[] {
  const rank = (uid: string): number => ['active', 'away', 'absent'].indexOf(hereOf(presence, uid).state);
  return [...members].sort((a, b) => rank(a.uid) - rank(b.uid) || nameOf(a.uid).localeCompare(nameOf(b.uid)));
}

/** Accounts that can be added, by name or address. */
export function addable(accounts: readonly Account[], members: readonly Member[], query: string): Account[] {
  const inside = new Set(members.map((one) => one.uid));
  const wanted = query.trim().toLocaleLowerCase();
  return accounts
    .filter((one) => !one.disabled && !inside.has(one.uid))
    .filter((one) => wanted === '' || [one.display_name, ...one.addresses].some((word) => word.toLocaleLowerCase().includes(wanted)))
    .sort((a, b) => a.display_name.localeCompare(b.display_name));
}

/** The last owner cannot go. */
export function isLastOwner(members: readonly Member[], uid: string): boolean {
  const owners = members.filter((one) => one.role === 'owner');
  return owners.length === 1 && owners[0]?.uid === uid;
}

export const ROLES: readonly { value: Role; label: string }[] = [
  { value: 'owner', label: 'Owner' },
  { value: 'editor', label: 'Editor' },
  { value: 'reader', label: 'Reader' },
];

export function roleName(role: Role): string {
  return ROLES.find((one) => one.value === role)?.label ?? role;
}
