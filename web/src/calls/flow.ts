/**
 * Whether a connection still brings something, judged by what arrives: ICE says "connected" long
 * after nothing comes any more. Pure; times are Unix ms.
 */

/** Counters of a connection, which only grow while it lives. */
export interface Arrived {
  /** RTP packets. */
  readonly media: number;
  /** Bytes of any kind, and answers to checks of the way. */
  readonly any: number;
}

/** Media that came until now and come no more, and nothing else does. */
export const STALL_MS = 900;
/** Who sends nothing is still heard of by reports and checks, which come this seldom. */
const QUIET_STALL_MS = 7_000;

export class Flow {
  #media = 0;
  #any = 0;
  #mediaAt: number | null = null;
  #anyAt: number;

  /** @param now when the connection began. */
  constructor(now: number) {
    this.#anyAt = now;
  }

  see(arrived: Arrived, now: number): void {
    if (arrived.media > this.#media) this.#mediaAt = now;
    if (arrived.any > this.#any || arrived.media > this.#media) this.#anyAt = now;
    this.#media = arrived.media;
    this.#any = arrived.any;
  }

  /** Nothing can have come while one could not look (a page that sleeps). */
  forgive(now: number): void {
    this.#anyAt = now;
    if (this.#mediaAt !== null) this.#mediaAt = now;
  }

  /** @param sends whether the other side says that it sends something. */
  isStalled(now: number, sends: boolean): boolean {
    const silentMs = now - this.#anyAt;
    const missed = sends && this.#mediaAt !== null && now - this.#mediaAt >= STALL_MS;
    return silentMs >= (missed ? STALL_MS : QUIET_STALL_MS);
  }
}
