/**
 * Words that were written while apart and are gone when both sides meet, because somebody deleted
 * the place where they stood. Yjs is right to delete them, and nobody would know.
 */
import * as Y from 'yjs';

/** A piece of text as it was written, by Yjs id. */
export interface Piece {
  readonly client: number;
  readonly clock: number;
  readonly text: string;
  /** Was typed right behind the character before it. */
  readonly joins: boolean;
}

/** The text that `updates` wrote and `doc` shows. */
export function shown(doc: Y.Doc, updates: readonly Uint8Array[]): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const update of updates) {
    for (const struct of Y.decodeUpdate(update).structs) {
      if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentString)) continue;
      const { client, clock } = struct.id;
      const joins = struct.origin?.client === client && struct.origin.clock === clock - 1;
      pieces.push(...runs({ client, clock, text: struct.content.str, joins }, (at) => isShown(doc, client, at)));
    }
  }
  return pieces.sort((a, b) => a.client - b.client || a.clock - b.clock);
}

/** Of what was shown before, the words that are not any more; one line for each run. */
export function lost(doc: Y.Doc, before: readonly Piece[]): string {
  const gone = before.flatMap((piece) => runs(piece, (at) => !isShown(doc, piece.client, at)));
  let text = '';
  let next: Piece | null = null;
  for (const piece of gone) {
    const goesOn: boolean = next !== null && piece.joins && next.client === piece.client && next.clock === piece.clock;
    if (text !== '' && !goesOn) text += '\n';
    text += piece.text;
    next = { ...piece, clock: piece.clock + piece.text.length };
  }
  return text.trim();
}

/** The parts of a piece in which every character passes. */
function runs(piece: Piece, passes: (clock: number) => boolean): Piece[] {
  const found: Piece[] = [];
  let from: number | null = null;
  for (let index = 0; index <= piece.text.length; index++) {
    const good = index < piece.text.length && passes(piece.clock + index);
    if (good) from ??= index;
    else if (from !== null) {
      found.push({ client: piece.client, clock: piece.clock + from, text: piece.text.slice(from, index), joins: from > 0 || piece.joins });
      from = null;
    }
  }
  return found;
}

function isShown(doc: Y.Doc, client: number, clock: number): boolean {
  const structs = doc.store.clients.get(client);
  const last = structs?.at(-1);
  if (!structs || !last || clock >= last.id.clock + last.length) return false;
  const struct = structs[Y.findIndexSS(structs, clock)];
  return struct instanceof Y.Item && !struct.deleted;
}
