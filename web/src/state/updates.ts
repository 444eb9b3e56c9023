/** What updates of a document hold. Pure; with Yjs, so not for the first page. */
import * as Y from 'yjs';

/** Whether every word and mark of `update` is in one of the others. */
export function covers(others: readonly Uint8Array[], update: Uint8Array): boolean {
  const here = new Map<number, [number, number][]>();
  for (const other of others) {
    for (const { id, length } of Y.decodeUpdate(other).structs) {
      here.set(id.client, [...(here.get(id.client) ?? []), [id.clock, id.clock + length]]);
    }
  }
  for (const ranges of here.values()) ranges.sort(([a], [b]) => a - b);
  return Y.decodeUpdate(update).structs.every(({ id, length }) => {
    let at = id.clock;
    for (const [from, to] of here.get(id.client) ?? []) if (from <= at && at < to) at = to;
    return at >= id.clock + length;
  });
}
