/**
 * Who a caret belongs to: from the hub's word on client ids, never from what a peer claims.
 */
import { hueOf } from '../../ui/Avatar.svelte';
import { caretColour } from './model';

export interface Caret {
  readonly name: string;
  /** #rrggbb */
  readonly colour: string;
}

export type CaretOf = (clientId: number) => Caret;

/** Names and colours for client ids; an id the hub has not spoken of is somebody. */
export function caretsBy(ownerOf: (clientId: number) => string | undefined, nameOf: (uid: string) => string): CaretOf {
  return (clientId) => {
    const uid = ownerOf(clientId);
    return uid === undefined ? { name: 'Somebody', colour: '#5f6368' } : { name: nameOf(uid), colour: caretColour(hueOf(uid)) };
  };
}
