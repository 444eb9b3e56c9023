/** Pictures that are pasted, dropped or chosen become part of the document, so they are small. */
import type { Editor } from '@tiptap/core';
import { GapCursor } from '@tiptap/pm/gapcursor';
import type { Node } from '@tiptap/pm/model';
import { Selection, type Transaction } from '@tiptap/pm/state';
import { absolutePositionToRelativePosition, relativePositionToAbsolutePosition, ySyncPluginKey } from '@tiptap/y-tiptap';

export const MAX_IMAGE_BYTES = 1024 * 1024;
const TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

export class ImageRefused extends Error {}

/** A picture as a data address. */
export async function readImage(file: File): Promise<string> {
  if (!TYPES.has(file.type)) throw new ImageRefused('Pictures are PNG, JPEG, GIF or WebP.');
  if (file.size > MAX_IMAGE_BYTES) throw new ImageRefused('A picture in a document holds at most 1 MB. Link to a larger one instead.');
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(new ImageRefused('The picture could not be read.'));
    reader.readAsDataURL(file);
  });
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
export async function insertPictures(editor: Editor, from: number, files: readonly File[], refused: (error: unknown) => void): Promise<void> {
  let place = placeAt(editor, from);
  for (const file of files) {
    try {
      const src = await readImage(file);
      if (editor.isDestroyed) return;
      const end = insertPicture(editor, place() ?? editor.state.selection.from, { src, alt: file.name });
      place = placeAt(editor, end);
    } catch (thrown) {
      refused(thrown);
    }
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
