/** What passes by in a call: reactions, and where people point on a screen. */
import type { Pointer } from './signals';

const SHOWN_MS = 4_000;
const MOST_REACTIONS = 9;

export interface Reaction {
  readonly id: number;
  readonly uid: string;
  readonly emoji: string;
}

export class Gestures {
  reactions: readonly Reaction[] = $state.raw([]);
  /** Who points where on a screen that is shared; by uid. */
  pointers: ReadonlyMap<string, Pointer> = $state.raw(new Map());
  #last = 0;
  #closed = false;

  react(uid: string, emoji: string): void {
    const reaction = { id: ++this.#last, uid, emoji };
    this.reactions = [...this.reactions.slice(1 - MOST_REACTIONS), reaction];
    this.#later(() => (this.reactions = this.reactions.filter((one) => one !== reaction)));
  }

  point(uid: string, pointer: Pointer | null): void {
    const pointers = new Map(this.pointers);
    if (pointer) pointers.set(uid, pointer);
    else pointers.delete(uid);
    this.pointers = pointers;
    if (pointer) this.#later(() => this.pointers.get(uid) === pointer && this.point(uid, null));
  }

  close(): void {
    this.#closed = true;
  }

  #later(work: () => unknown): void {
    setTimeout(() => !this.#closed && work(), SHOWN_MS);
  }
}
