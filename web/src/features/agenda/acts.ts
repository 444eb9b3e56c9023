/** What is done with a task or a meeting, told, and taken back. */
import type { HubState } from '../../state';
import { attempt } from '../../ui/attempt';
import { toasts } from '../../ui/toasts.svelte';
import type { Entry } from '../../wire/generated';
import * as planning from './planning';

const UNDO_MS = 10_000;

/** Done, with a way back; or not done any more. Holds also where the hub cannot be reached now. */
export function tick(hub: HubState, entry: Entry, done: boolean): void {
  const made = hub.ticks.set(entry, done);
  if (made && done) toasts.show(`Done: ${entry.title}`, { ms: UNDO_MS, action: { label: 'Undo', run: () => hub.ticks.undo(made) } });
}

/** Rejects when it could not be: whoever asked says so where it can be seen. */
export async function remove(hub: HubState, entry: Entry): Promise<void> {
  await planning.remove(hub, entry);
  toasts.show(`Removed: ${entry.title}`, {
    ms: UNDO_MS,
    action: { label: 'Undo', run: () => void attempt(planning.bringBack(hub, entry), 'It could not be brought back') },
  });
}

/** Whether this person may tick it off: who writes in the thread, and whom it is for. */
export function mayFinish(hub: HubState, entry: Entry): boolean {
  const role = hub.inbox.get(entry.thread)?.role;
  return role === 'owner' || role === 'editor' || (role === 'reader' && entry.people?.some((one) => one.uid === hub.me.uid) === true);
}

export function mayChange(hub: HubState, thread: string): boolean {
  const role = hub.inbox.get(thread)?.role;
  return role === 'owner' || role === 'editor';
}
