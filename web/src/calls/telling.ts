/**
 * Says by the hub how this person is in the call: whenever it changes, the latest last, and every few
 * seconds, since who is not heard of has left.
 */
import { asApiError } from '../wire/error';
import type { InCall } from '../wire/generated';

const EVERY_MS = 3_000;
/** The hub has not heard yet that one is in. */
const AGAIN_MS = 400;

export interface Mine {
  readonly muted: boolean;
  readonly camera: boolean;
  readonly screen: boolean;
  readonly hand: boolean;
}

export interface TellingOptions {
  isLive(): boolean;
  mine(): Mine;
  /** `mutes`: how often others have muted this person, as far as known. */
  say(mine: Mine & { mutes: number }): Promise<InCall>;
  /** The hub knows it, for the first time on this connection: from now on it passes signals on. */
  known(): void;
  /** Somebody muted this person, and the hub holds to it. */
  muted(): void;
}

export class Telling {
  readonly #options: TellingOptions;
  #mutes = 0;
  #known = false;
  #changed = false;
  #saying = false;
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: TellingOptions) {
    this.#options = options;
  }

  /** Something of it is another. */
  tell(): void {
    this.#changed = true;
    if (!this.#saying) void this.#say();
  }

  /** The hub may know nothing of it any more: a new connection. */
  forgotten(): void {
    this.#known = false;
  }

  muted(mutes: number): void {
    this.#mutes = Math.max(this.#mutes, mutes);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #say(): Promise<void> {
    clearTimeout(this.#timer);
    this.#saying = true;
    let waitMs = EVERY_MS;
    while (this.#changed && !this.#closed && this.#options.isLive()) {
      this.#changed = false;
      const mine = this.#options.mine();
      try {
        this.#said(mine, await this.#options.say({ ...mine, mutes: this.#mutes }));
      } catch (thrown) {
        const { code } = asApiError(thrown);
        this.#known = false;
        if (code === 'not_in_call' || code === 'not_subscribed') waitMs = AGAIN_MS;
        break;
      }
    }
    this.#saying = false;
    if (!this.#closed) this.#timer = setTimeout(() => this.tell(), waitMs);
  }

  #said(mine: Mine, told: InCall): void {
    if (this.#closed) return;
    this.muted(told.mutes ?? 0);
    if (!this.#known) this.#options.known();
    this.#known = true;
    if (told.muted && !mine.muted) this.#options.muted();
  }
}
