/** A task from one line: what is to be done, when, and how it comes back. */
import { api } from '../../api/client';
import type { HubState } from '../../state';
import * as planning from './planning';
import type { EntryWish } from './planning';
import type { PersonalThread } from '../../wire/generated';
import { here } from './when';
import type { Understood } from './words';

/** Loads what understands days and times; once. */
export function understanding(): Promise<typeof import('./words')> {
  return import('./words');
}

export function wishOf({ title, due, rule }: Understood): EntryWish {
  const ends = due && (due.time === '' ? { local: due.day } : { local: `${due.day}T${due.time}:00`, zone: here() });
  return { kind: 'task', title, ends, rule };
}

/** @param thread null: one's own. */
export async function quickly(hub: HubState, thread: string | null, text: string): Promise<void> {
  const { understood } = await understanding();
  const place = thread ?? (await ownThread());
  await planning.add(hub, place, wishOf(understood(text, new Date())));
}

export async function ownThread(): Promise<string> {
  return (await api.post<PersonalThread>('/api/me/thread', {})).thread;
}
