/** How fast bytes go, smoothed: a number a person can read while it changes. */

/** After so long, an old speed counts for a third. */
const MEMORY_MS = 4_000;
/** Shorter intervals say more about buffers than about the network. */
const LEAST_MS = 200;

export class Rate {
  /** Bytes a second; null before anything can be said. */
  speed: number | null = null;
  #bytes = 0;
  #at = 0;
  #begun = false;

  /** Begin at so many bytes: what was sent earlier is no speed. */
  begin(bytes: number, nowMs: number): void {
    this.#bytes = bytes;
    this.#at = nowMs;
    this.#begun = true;
  }

  note(bytes: number, nowMs: number): void {
    if (!this.#begun || bytes < this.#bytes) {
      this.begin(bytes, nowMs);
      return;
    }
    const passed = nowMs - this.#at;
    if (passed < LEAST_MS) return;
    const measured = ((bytes - this.#bytes) / passed) * 1000;
    const weight = this.speed === null ? 1 : 1 - Math.exp(-passed / MEMORY_MS);
    this.speed = (this.speed ?? 0) * (1 - weight) + measured * weight;
    this.begin(bytes, nowMs);
  }

  stop(): void {
    this.speed = null;
    this.#begun = false;
  }

  /** Seconds for so many bytes. */
  remaining(bytes: number): number | null {
    return this.speed !== null && this.speed > 0 ? bytes / this.speed : null;
  }
}
