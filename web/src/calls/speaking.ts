/** Who speaks, from how loud they are. Pure. */

const LOUD = 0.03;
/** A pause between two words. */
const HOLD_MS = 500;

export class Speaking {
  readonly #until = new Map<string, number>();

  /** @param levels 0 to 1, by uid. @returns whoever speaks at `now` (ms). */
  hear(levels: ReadonlyMap<string, number>, now: number): ReadonlySet<string> {
    for (const [uid, level] of levels) if (level > LOUD) this.#until.set(uid, now + HOLD_MS);
    for (const [uid, until] of this.#until) if (until < now || !levels.has(uid)) this.#until.delete(uid);
    return new Set(this.#until.keys());
  }
}
