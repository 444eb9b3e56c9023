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
  #media = -1;
  #any = -1;
  #mediaAt = -Infinity;
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
  }

  isStalled(now: number): boolean {
    const hadMedia = this.#anyAt - this.#mediaAt < STALL_MS;
    return now - this.#anyAt >= (hadMedia ? STALL_MS : QUIET_STALL_MS);
  }
}
