/** What may be done with a file, in one place for the list, the pane and the keyboard. */
import { router, threadPath } from '../../app/router.svelte';
import { addressOf } from '../../state/attachments';
import type { RoomStore } from '../../state';
import { attempt } from '../../ui/attempt';
import { copy } from '../../ui/copy';
import { toasts } from '../../ui/toasts.svelte';
import type { Attachment, Welcome } from '../../wire/generated';
import { shownOf } from './listing';
import { shownVersion } from './model';

/** Remove, and offer to take it back while the hub still can. */
export async function removeFile(room: RoomStore, file: Attachment): Promise<void> {
  if (!(await attempt(room.fileStore.remove(file.attachment), 'The file was not removed'))) return;
  const until = room.files.get(file.attachment)?.undo_until ?? Date.now() + 60_000;
  const undo = (): void => void attempt(room.fileStore.undoRemove(file.attachment), 'The file could not be brought back');
  toasts.show(`${file.name} is removed.`, { ms: Math.max(3000, Math.min(until - Date.now(), 15_000)), action: { label: 'Undo', run: undo } });
}

export async function restoreVersion(room: RoomStore, file: Attachment, number: number): Promise<void> {
  await attempt(room.fileStore.restore(file.attachment, number), 'The version was not restored');
}

/** Have the person choose the next version of a file, and send it. */
export function chooseVersion(room: RoomStore, file: Attachment): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.onchange = () => {
    const chosen = input.files?.[0];
    if (chosen) void attempt(room.fileStore.addVersion(file.attachment, chosen), 'The version was not sent');
  };
  input.click();
}

/** Open a version as a live document, and go there. */
export async function openTogether(room: RoomStore, attachment: string, number: number | null = null): Promise<void> {
  const info = await room.openFile(attachment, number);
  router.go(threadPath(room.thread, { document: info.document }));
}

export function copyLink(file: Attachment): Promise<void> {
  return copy(new URL(threadPath(file.thread, { file: file.attachment }), location.href).href, 'Link copied');
}

/** Where the shown version is to be had; null while there is none, or nobody gets it. */
export function downloadOf(file: Attachment, scanning: Welcome['scanning']): string | null {
  const version = shownOf(file);
  const number = version?.state === 'ready' ? shownVersion(version, file.count, scanning).number : null;
  return number === null ? null : addressOf(file.attachment, number, true);
}
