/** What the hub replaced for somebody comes like what others wrote, and is theirs to undo. */
import * as Y from 'yjs';

/** The origin of such a change: an editor's undo follows it. */
export const REPLACED: unique symbol = Symbol('replaced by the hub');

/** Whether an update is written under these client ids alone. */
export function isBy(update: Uint8Array, ids: ReadonlySet<number>): boolean {
  if (ids.size === 0) return false;
  const { structs } = Y.decodeUpdate(update);
  return structs.length > 0 && structs.every((one) => ids.has(one.id.client));
}
