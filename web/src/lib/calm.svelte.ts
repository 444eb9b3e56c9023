/**
 * A value that follows another at most every so often: at once after a pause, and always to its last.
 * Create it where a component begins.
 */
export class Calm<T> {
  #value = $state.raw() as T;

  /** @param source read reactively. @param ms between two changes. */
  constructor(source: () => T, ms: number) {
    this.#value = source();
    let changedAt = -Infinity;
    $effect.pre(() => {
      const next = source();
      const waitMs = changedAt + ms - performance.now();
      const take = (): void => {
        changedAt = performance.now();
        this.#value = next;
      };
      if (waitMs <= 0) return take();
      const timer = setTimeout(take, waitMs);
      return () => clearTimeout(timer);
    });
  }

  get current(): T {
    return this.#value;
  }
}
