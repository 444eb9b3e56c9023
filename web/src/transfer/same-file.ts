/** Whether a file that is chosen or opened again is the one whose bytes were sent. */
import type { ItemError } from './item';
import type { Kept } from './kept';
import { proves } from './proof';

export type WithPermission = FileSystemFileHandle & {
  queryPermission?(wants: { mode: 'read' }): Promise<PermissionState>;
  requestPermission?(wants: { mode: 'read' }): Promise<PermissionState>;
};

/** Why it is not the file; null: it is. */
export async function refusal(kept: Kept, file: File): Promise<ItemError | null> {
  const { name, size, modified, proof } = kept;
  if (modified === null) return null;
  if (file.size !== size) {
    return { code: 'other_file', detail: `This ${name} has ${file.size} bytes, the one that is being sent ${size}.` };
  }
  if (file.lastModified !== modified) {
    return { code: 'other_file', detail: `This ${name} was changed at another time than the one that is being sent.` };
  }
  const same = await proves(proof, file).catch(() => false);
  return same ? null : { code: 'other_file', detail: `This ${name} has other content than the one that is being sent.` };
}

/** Its file, if this page may read it without asking. */
export async function readable(handle: FileSystemFileHandle): Promise<File | null> {
  try {
    const allowed = (await (handle as WithPermission).queryPermission?.({ mode: 'read' })) ?? 'granted';
    return allowed === 'granted' ? await handle.getFile() : null;
  } catch {
    return null;
  }
}

/** Whether the file on disk is not the one that was chosen any more. */
export async function differs(handle: FileSystemFileHandle, kept: Kept): Promise<boolean> {
  const file = await readable(handle);
  return file !== null && kept.modified !== null && (file.size !== kept.size || file.lastModified !== kept.modified);
}
