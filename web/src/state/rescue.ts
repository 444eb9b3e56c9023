/**
 * Words that are gone when two sides meet, because one deleted the place where the other wrote
 * without seeing it. Yjs is right to delete them, and nobody would know.
 *
 * Whoever comes second to the hub is told. Either their words are not on the hub yet when the deletion
 * arrives, or their deletion is not when the words do: in both cases there is something unsent.
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

/** Words that nobody deleted knowingly. */
export interface Casualties {
  /** One's own, in what somebody else deleted. */
  readonly mine: string;
  /** Somebody else's, in what one deleted oneself. */
  readonly theirs: string;
}

/** Apply what the hub sends to a document of which it may lack the updates `unsent`. */
export function meet(doc: Y.Doc, update: Uint8Array, origin: unknown, unsent: readonly Uint8Array[]): Casualties {
  if (unsent.length === 0) {
    Y.applyUpdate(doc, update, origin);
    return { mine: '', theirs: '' };
  }
  const incoming = Y.decodeUpdate(update);
  const mine = incoming.ds.clients.size > 0 ? shown(doc, unsent) : [];
  const brought = unseen(doc, incoming);
  Y.applyUpdate(doc, update, origin);
  const theirs = lost(doc, brought);
  // Else it was deleted by somebody before.
  const isOurs = theirs !== '' && unsent.some((one) => Y.decodeUpdate(one).ds.clients.size > 0);
  return { mine: lost(doc, mine), theirs: isOurs ? theirs : '' };
}

type Decoded = ReturnType<typeof Y.decodeUpdate>;

/** The text that an update brings and does not delete itself. */
function unseen(doc: Y.Doc, update: Decoded): readonly Piece[] {
  const pieces = piecesOf(update).flatMap((piece) =>
    runs(piece, (at) => at >= Y.getState(doc.store, piece.client) && !Y.isDeleted(update.ds, Y.createID(piece.client, at))),
  );
  return inOrder(pieces);
}

/** The text that `updates` wrote and `doc` shows. */
export function shown(doc: Y.Doc, updates: readonly Uint8Array[]): readonly Piece[] {
  const pieces = updates.flatMap((update) => piecesOf(Y.decodeUpdate(update)));
  return inOrder(pieces.flatMap((piece) => runs(piece, (at) => fateOf(doc, piece.client, at) === 'shown')));
}

function piecesOf(update: Decoded): Piece[] {
  return update.structs.flatMap((struct) => {
    if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentString)) return [];
    const { client, clock } = struct.id;
    const joins = struct.origin?.client === client && struct.origin.clock === clock - 1;
    return { client, clock, text: struct.content.str, joins };
  });
}

function inOrder(pieces: Piece[]): Piece[] {
  return pieces.sort((a, b) => a.client - b.client || a.clock - b.clock);
}

/** Of these, the words that are deleted now; one line for each run. */
export function lost(doc: Y.Doc, before: readonly Piece[]): string {
  const gone = before.flatMap((piece) => runs(piece, (at) => fateOf(doc, piece.client, at) === 'deleted'));
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

function fateOf(doc: Y.Doc, client: number, clock: number): 'shown' | 'deleted' | 'to come' {
  const structs = doc.store.clients.get(client);
  if (!structs || clock >= Y.getState(doc.store, client)) return 'to come';
  const struct = structs[Y.findIndexSS(structs, clock)];
  return struct instanceof Y.Item && !struct.deleted ? 'shown' : 'deleted';
}
