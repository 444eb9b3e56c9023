/** What something owns, ended in one place: the last that came goes first. */
export class Lifetime {
  ended = false;
  readonly #ends: (() => unknown)[] = [];

  own<T extends { close(): unknown }>(one: T): T {
    this.onEnd(() => one.close());
    return one;
  }

  onEnd(end: () => unknown): void {
    this.#ends.push(end);
  }

  listen(target: EventTarget, name: string, handler: (event: Event) => void): void {
    target.addEventListener(name, handler);
    this.onEnd(() => target.removeEventListener(name, handler));
  }

  /** End everything, one after the other. What fails is reported and stops nothing. */
  async end(): Promise<void> {
    this.ended = true;
    for (let end = this.#ends.pop(); end; end = this.#ends.pop()) {
      try {
        await end();
      } catch (error) {
        reportError(error);
      }
    }
  }
}
