/**
 * Files out of what was dropped or pasted: folders all the way down, names for pictures that have none.
 */
import type { Picked } from './item';
import { SMALL_BYTES } from './order';

/** More at once is a mistake more often than a wish. */
export const MOST_FILES = 10_000;
/** Deeper is a loop of links, or nothing a person made. */
const MOST_DEPTH = 64;
const LEFT_OUT: ReadonlySet<string> = new Set(['.ds_store', 'thumbs.db', 'desktop.ini']);

export interface Dropped {
  readonly files: readonly Picked[];
  /** There were more than `MOST_FILES`: the rest is not in `files`. */
  readonly more: boolean;
  /** Names of what could not be read. */
  readonly unreadable: readonly string[];
}

interface DropItem extends DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

interface Root {
  readonly entry: FileSystemEntry | null;
  readonly file: File | null;
  readonly handle: Promise<FileSystemHandle | null> | null;
}

/**
 * What was dropped. Call it in the handler of the event: afterwards the browser gives nothing more.
 */
export function droppedFiles(transfer: DataTransfer): Promise<Dropped> {
  // All of it before the first await.
  const roots = Array.from(transfer.items)
    .filter((item) => item.kind === 'file')
    .map(rootOf);
  const plain = roots.length === 0 ? Array.from(transfer.files) : [];
  return read([...roots, ...plain.map((file) => ({ entry: null, file, handle: null }))]);
}

function rootOf(item: DropItem): Root {
  return {
    entry: item.webkitGetAsEntry?.() ?? null,
    file: item.getAsFile(),
    handle: item.getAsFileSystemHandle?.().catch(() => null) ?? null,
  };
}

async function read(roots: readonly Root[]): Promise<Dropped> {
  const found = new Found();
  for (const { entry, file, handle } of roots) {
    const opened = await handle;
    if (entry?.isDirectory) {
      await walk(entry as FileSystemDirectoryEntry, opened?.kind === 'directory' ? (opened as FileSystemDirectoryHandle) : null, 0, found);
    } else if (file && !isLeftOut(file.name)) {
      found.add({ file, path: null, handle: opened?.kind === 'file' ? (opened as FileSystemFileHandle) : null });
    } else if (entry?.isFile) {
      await addFile(entry as FileSystemFileEntry, null, null, found);
    }
    if (found.more) break;
  }
  return found;
}

class Found implements Dropped {
  readonly files: Picked[] = [];
  readonly unreadable: string[] = [];
  more = false;

  add(picked: Picked): void {
    if (this.files.length >= MOST_FILES) this.more = true;
    else this.files.push(picked);
  }
}

async function walk(folder: FileSystemDirectoryEntry, handle: FileSystemDirectoryHandle | null, depth: number, found: Found): Promise<void> {
  if (depth >= MOST_DEPTH) {
    found.unreadable.push(folder.name);
    return;
  }
  const reader = folder.createReader();
  for (;;) {
    // A batch is what the browser likes to give (100 in Chromium); an empty one is the end.
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject)).catch(() => null);
    if (!batch) found.unreadable.push(folder.name);
    if (!batch || batch.length === 0) return;
    for (const entry of batch) {
      if (found.more) return;
      if (entry.isFile) await addFile(entry as FileSystemFileEntry, relative(entry), handle, found);
      else if (entry.isDirectory) {
        const inner = (await handle?.getDirectoryHandle(entry.name).catch(() => null)) ?? null;
        await walk(entry as FileSystemDirectoryEntry, inner, depth + 1, found);
      }
    }
  }
}

async function addFile(entry: FileSystemFileEntry, path: string | null, folder: FileSystemDirectoryHandle | null, found: Found): Promise<void> {
  if (isLeftOut(entry.name)) return;
  if (found.files.length >= MOST_FILES) {
    found.more = true;
    return;
  }
  try {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    // Small ones are kept whole.
    const handle = file.size > SMALL_BYTES ? ((await folder?.getFileHandle(entry.name).catch(() => null)) ?? null) : null;
    found.add({ file, path, handle });
  } catch {
    found.unreadable.push(entry.name);
  }
}

function relative(entry: FileSystemEntry): string {
  return entry.fullPath.replace(/^\/+/, '');
}

function isLeftOut(name: string): boolean {
  return LEFT_OUT.has(name.toLowerCase());
}

/** What every browser calls a picture that comes from the clipboard. */
const CLIPBOARD_NAME = /^image\.\w+$/i;
const EXTENSIONS: Readonly<Record<string, string>> = { 'image/jpeg': 'jpg', 'image/svg+xml': 'svg', 'image/tiff': 'tif' };

/** What was pasted: files as they are, pictures with a name that says when. */
export function pastedFiles(transfer: DataTransfer, now: Date = new Date()): Picked[] {
  const files = Array.from(transfer.items).flatMap((item) => (item.kind === 'file' ? (item.getAsFile() ?? []) : []));
  const taken = new Set<string>();
  return files.map((file) => ({ file: isNameless(file) ? named(file, now, taken) : file }));
}

function isNameless(file: File): boolean {
  return file.type.startsWith('image/') && (file.name === '' || CLIPBOARD_NAME.test(file.name));
}

function named(file: File, now: Date, taken: Set<string>): File {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  const stem = `Picture ${day} ${two(now.getHours())}.${two(now.getMinutes())}`;
  const extension = EXTENSIONS[file.type] ?? /^image\/(?:x-)?([a-z0-9]+)/.exec(file.type)?.[1] ?? 'png';
  let name = `${stem}.${extension}`;
  for (let count = 2; taken.has(name); count++) name = `${stem} ${count}.${extension}`;
  taken.add(name);
  return new File([file], name, { type: file.type, lastModified: file.lastModified });
}
