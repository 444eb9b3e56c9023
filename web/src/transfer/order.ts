/**
 * Whose turn it is. Pure.
 *
 * Small files overtake large ones, but neither starves: one place is never taken by a large file, so
 * that a picture does not wait for hours behind films, and one is left to a large file that waits, so
 * that a thousand pictures do not stop a film. Within its kind, who came first goes first; of what came
 * together, the smaller.
 */

/** Up to here a file is small. */
export const SMALL_BYTES = 4 * 2 ** 20;

export interface Waiting {
  readonly size: number;
  /** The call of `add` it came with. */
  readonly batch: number;
  readonly order: number;
}

/**
 * @param waiting what could begin now.
 * @param running sizes of what is being sent.
 * @param places how many may be sent at once.
 */
export function next<T extends Waiting>(waiting: readonly T[], running: readonly number[], places: number): T | null {
  if (running.length >= places) return null;
  const large = running.filter((size) => size > SMALL_BYTES).length;
  const firstSmall = first(waiting, (one) => one.size <= SMALL_BYTES);
  const firstLarge = first(waiting, (one) => one.size > SMALL_BYTES);
  const mostLarge = Math.max(1, places - 1);
  if (firstLarge && large < mostLarge) {
    const lastPlace = running.length === places - 1;
    if (!firstSmall || (large === 0 && lastPlace)) return firstLarge;
  }
  return firstSmall;
}

function first<T extends Waiting>(waiting: readonly T[], fits: (one: T) => boolean): T | null {
  let best: T | null = null;
  for (const one of waiting) if (fits(one) && (!best || before(one, best))) best = one;
  return best;
}

function before(one: Waiting, other: Waiting): boolean {
  return one.batch - other.batch < 0 || (one.batch === other.batch && (one.size - other.size || one.order - other.order) < 0);
}
