/** What the latest messages of a room name that is no reference yet. */
import type { RoomStore } from '../../state';
import type { ProposedReference } from '../../wire/generated';
import { offered, stampOf } from './model';
import { ofThread } from './requests';

const PAUSE_MS = 400;

/**
 * Followed for as long as the component is there that made it.
 *
 * @param isLive whether the hub can be asked.
 */
export class Proposals {
  #found: ReadonlyMap<number, readonly ProposedReference[]> = $state.raw(new Map());

  constructor(room: RoomStore, isLive: () => boolean) {
    const stamp = $derived(room.canWrite ? stampOf(room.items, room.state?.references ?? []) : '');
    $effect(() => {
      if (stamp === '') this.#found = new Map();
      if (stamp === '' || !isLive()) return;
      let over = false;
      const timer = setTimeout(() => {
        // Nobody asked for them: when they cannot be had they are not there.
        void ofThread(room.thread).then(({ proposed }) => { if (!over) this.#found = offered(proposed); }, () => undefined);
      }, PAUSE_MS);
      return () => {
        over = true;
        clearTimeout(timer);
      };
    });
  }

  of(seq: number): readonly ProposedReference[] {
    return this.#found.get(seq) ?? [];
  }
}
