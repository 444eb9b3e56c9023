/** What may be done with a message, in one place for the pointer, the keyboard and the menu. */
import type { RoomStore } from '../../state';
import { attempt } from '../../ui/attempt';
import { copy } from '../../ui/copy';
import { toasts } from '../../ui/toasts.svelte';
import type { Item } from '../../wire/generated';

export interface Abilities {
  readonly reply: boolean;
  readonly react: boolean;
  readonly edit: boolean;
  readonly remove: boolean;
}

export function abilities(room: RoomStore, me: string, item: Item): Abilities {
  const live = item.type === 'message' && !item.deleted && room.canWrite;
  const mine = item.sender === me;
  return { reply: live, react: live, edit: live && mine, remove: live && (mine || room.role === 'owner') };
}

export async function react(room: RoomStore, me: string, item: Item, emoji: string): Promise<void> {
  const on = !item.reactions.some((one) => one.emoji === emoji && one.uids.includes(me));
  await attempt(room.react(item.seq, emoji, on), 'The reaction was not sent');
}

/** The toasts that offer to bring a message back, by its seq. */
const offers = new Map<number, number>();

/** Delete, and offer to take it back while the hub still can. */
export async function remove(room: RoomStore, item: Item): Promise<void> {
  if (!(await attempt(room.remove(item.seq), 'The message was not deleted'))) return;
  const until = room.items.find((one) => one.seq === item.seq)?.undo_until ?? Date.now() + 60_000;
  offers.set(item.seq, toasts.show('Message deleted.', { ms: Math.max(3000, Math.min(until - Date.now(), 15_000)), action: { label: 'Undo', run: () => void undo(room, item) } }));
}

export async function undo(room: RoomStore, item: Item): Promise<void> {
  const offer = offers.get(item.seq);
  if (offer !== undefined) toasts.dismiss(offer);
  offers.delete(item.seq);
  await attempt(room.undoRemove(item.seq), 'The message could not be brought back');
}

export function copyText(item: Item): Promise<void> {
  return copy(item.text ?? '', 'Message copied');
}
