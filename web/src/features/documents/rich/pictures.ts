/** Pictures that are pasted, dropped or chosen: each becomes an attachment of the thread that the document shows. */
import type { Editor } from '@tiptap/core';
import { GapCursor } from '@tiptap/pm/gapcursor';
import type { Node } from '@tiptap/pm/model';
import { Selection, type Transaction } from '@tiptap/pm/state';
import { absolutePositionToRelativePosition, relativePositionToAbsolutePosition, ySyncPluginKey } from '@tiptap/y-tiptap';

import { withoutPlace } from '../../../lib/exif';

const TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

export class ImageRefused extends Error {}

/** Send a picture, without the place where it was taken; resolves with its address in the document. */
export async function keepPicture(file: File, send: (file: File) => Promise<string>): Promise<string> {
  if (!TYPES.has(file.type)) throw new ImageRefused('Pictures are PNG, JPEG, GIF or WebP.');
  return `attachment:${await send(await withoutPlace(file))}`;
}

/** The pictures among what was pasted or dropped; HTML beside them wins, it has the text too. */
export function picturesOf(data: DataTransfer | null): File[] {
  if (!data || data.types.includes('text/html')) return [];
  return [...data.files].filter((file) => file.type.startsWith('image/'));
}

/**
 * Put pictures in, one after the other, where the document is at `from` now: others may write while
 * the files are read, and the person may go on elsewhere.
 *
 * @param refused told of each file that is no picture for a document.
 */
export async function insertPictures(
  editor: Editor,
  from: number,
  files: readonly File[],
  send: (file: File) => Promise<string>,
  refused: (error: unknown) => void,
): Promise<void> {
  let place = placeAt(editor, from);
  for (const file of files) {
    try {
      const src = await keepPicture(file, send);
      if (editor.isDestroyed) return;
      const end = insertPicture(editor, place() ?? editor.state.selection.from, { src, alt: file.name });
      place = placeAt(editor, end);
    } catch (thrown) {
      refused(thrown);
    }
  }
}

/** Pictures that came within pasted HTML become attachments, too; until then, and where they cannot, they stay as they are. */
export async function keepEmbedded(editor: Editor, send: (file: File) => Promise<string>): Promise<void> {
  const found = new Set<string>();
  for (const { src } of imagesOf(editor)) if (src.startsWith('data:')) found.add(src);
  for (const src of found) {
    const file = fileOf(src);
    const kept = file && (await keepPicture(file, send).catch(() => null));
    if (editor.isDestroyed) return;
    if (!kept) continue;
    const { tr } = editor.state;
    for (const { position, node } of imagesOf(editor)) {
      if (node.attrs['src'] === src) tr.setNodeMarkup(position, undefined, { ...node.attrs, src: kept });
    }
    if (tr.docChanged) editor.view.dispatch(tr);
  }
}

function imagesOf(editor: Editor): { position: number; node: Node; src: string }[] {
  const found: { position: number; node: Node; src: string }[] = [];
  editor.state.doc.descendants((node, position) => {
    if (node.type.name === 'image') found.push({ position, node, src: String(node.attrs['src'] ?? '') });
    return true;
  });
  return found;
}

/** What a data address holds. */
function fileOf(address: string): File | null {
  const match = /^data:(image\/(\w+));base64,(.+)$/s.exec(address);
  if (!match) return null;
  const [, type = '', suffix = '', base64 = ''] = match;
  try {
    return new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], `picture.${suffix === 'jpeg' ? 'jpg' : suffix}`, { type });
  } catch {
    return null;
  }
}

/**
 * Put a picture in. A caret that stands there goes behind it; one elsewhere stays.
 *
 * @returns the position behind the picture.
 */
export function insertPicture(editor: Editor, at: number, attributes: { src: string; alt: string }): number {
  const { state, view } = editor;
  const node = state.schema.nodes['image']?.create(attributes);
  if (!node) return at;
  const stands = state.selection.empty && state.selection.from === at;
  const { tr } = state;
  const place = tr.doc.resolve(at);
  // A paragraph with nothing in it is the place itself.
  if (place.parent.type.name === 'paragraph' && place.parent.content.size === 0) tr.replaceWith(place.before(), place.after(), node);
  else tr.replaceRangeWith(at, at, node);
  const end = endOf(tr, node);
  if (stands) tr.setSelection(behind(tr, end)).scrollIntoView();
  view.dispatch(tr);
  return end;
}

function placeAt(editor: Editor, position: number): () => number | null {
  const { type, binding, doc } = ySyncPluginKey.getState(editor.state);
  const relative = absolutePositionToRelativePosition(position, type, binding.mapping);
  return () => relativePositionToAbsolutePosition(doc, type, relative, binding.mapping);
}

/** Where a node that a transaction put in ends. */
function endOf(tr: Transaction, node: Node): number {
  let end = tr.selection.to;
  tr.doc.descendants((one, position) => {
    if (one === node) end = position + one.nodeSize;
    return true;
  });
  return end;
}

function behind(tr: Transaction, position: number): Selection {
  const place = tr.doc.resolve(position);
  return place.nodeAfter?.isTextblock ? Selection.near(place, 1) : new GapCursor(place);
}
