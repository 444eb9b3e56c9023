/** What the latest messages of a room name that is no reference yet. */
import { untrack } from 'svelte';
import type { RoomStore } from '../../state';
import type { ProposedReference } from '../../wire/generated';
import { latestOf, offered, type Offers } from './model';
import { ofThread } from './requests';

const PAUSE_MS = 400;
/** Everybody hears of a message at once; they need not all ask at once. */
const SPREAD_MS = 600;
const NONE: Offers = new Map();

/**
 * Followed for as long as the component is there that made it.
 *
 * @param mayAsk whether the hub can be asked, and somebody looks.
 */
export class Proposals {
  #found: Offers = $state.raw(NONE);
  /** Up to this seq it is known what messages name. */
  #asked = 0;

  constructor(room: RoomStore, mayAsk: () => boolean) {
    const latest = $derived(room.canWrite ? latestOf(room.items) : 0);
    // Any number of the thread may be one that is offered: then all is asked anew.
    const settled = $derived((room.state?.references ?? []).map((one) => one.id).join());
    $effect(() => {
      void settled;
      this.#asked = 0;
    });
    $effect(() => {
      void settled;
      if (latest === 0) this.#found = NONE;
      if (latest <= this.#asked || !mayAsk()) return;
      let over = false;
      const timer = setTimeout(() => void this.#ask(room.thread, () => over), PAUSE_MS + Math.random() * SPREAD_MS);
      return () => {
        over = true;
        clearTimeout(timer);
      };
    });
  }

  async #ask(thread: string, isOver: () => boolean): Promise<void> {
    const after = this.#asked;
    try {
      const { proposed, looked, head } = await ofThread(thread, after);
      if (isOver()) return;
      this.#found = offered(after === 0 ? NONE : untrack(() => this.#found), looked, proposed);
      this.#asked = head;
    } catch {
      // Nobody asked for them: when they cannot be had they are not there.
    }
  }

  of(seq: number): readonly ProposedReference[] {
    return this.#found.get(seq) ?? [];
  }
}
